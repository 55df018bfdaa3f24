// What came while we were away; and every new comment, for screen readers.
import { allIsSeen, lastSaid, news } from "./news";
import { useStore } from "./store";

export function News() {
  const count = useStore(news).size;
  const said = useStore(lastSaid);

  function show() {
    const first = document.querySelector<HTMLElement>("[data-fresh]");
    first?.scrollIntoView({ block: "center" });
    first?.focus({ preventScroll: true });
  }

  return (
    <>
      <div className="unseen" role="log" aria-live="polite">
        {said}
      </div>
      <div role="status" className={count ? "news" : "unseen"}>
        {count > 0 && (
          <>
            {count === 1 ? "1 new comment" : `${count} new comments`} while you were away
            <button type="button" className="primary" onClick={show}>
              Show
            </button>
            <button type="button" onClick={allIsSeen}>
              Seen
            </button>
          </>
        )}
      </div>
    </>
  );
}

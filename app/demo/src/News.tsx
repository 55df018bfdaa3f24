// What came while we were away, or that it cannot be told any more; and every new comment, for screen readers.
import { allIsSeen, isMissing, lastSaid, news } from "./news";
import { useStore } from "./store";

export function News() {
  const count = useStore(news).size;
  const isMore = useStore(isMissing);
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
      <div role="status" className={count || isMore ? "news" : "unseen"}>
        {isMore && (
          <p>You were away for longer than events are kept: this is how it stands now. What you typed is still here.</p>
        )}
        {count > 0 && (
          <>
            <p>
              {count === 1 ? "1 new comment" : `${count} new comments`} {!isMore && "while you were away"}
            </p>
            <button type="button" className="primary" onClick={show}>
              Show
            </button>
          </>
        )}
        {(count > 0 || isMore) && (
          <button type="button" onClick={allIsSeen}>
            Seen
          </button>
        )}
      </div>
    </>
  );
}

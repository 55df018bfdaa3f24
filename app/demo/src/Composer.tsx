// A place to write. What is sent leaves at once and is shown where it will stand; what is refused comes back, with why.
import { useMutation } from "@apollo/client/react";
import { type KeyboardEvent, useId, useRef, useState } from "react";
import { useDraft } from "./drafts";
import { SignalTypingDocument } from "./graphql/graphql";
import { useSession } from "./session";

const BETWEEN_SIGNALS = 1_500;

interface Props {
  label: string;
  /** The name of the draft. */
  draft: string;
  documentId: string;
  /** Sends the text, and says why it was refused. */
  onSend(text: string): Promise<string | undefined>;
  onCancel?(): void;
}

export function Composer({ label, draft, documentId, onSend, onCancel }: Props) {
  const { me } = useSession();
  const [text, write, giveBack] = useDraft(`${me.as}:${draft}`);
  const [refusal, setRefusal] = useState<string>();
  const signal = useTyping(documentId);
  const id = useId();

  async function send() {
    const sent = text.trim();
    if (!sent) return;
    write("");
    setRefusal(undefined);
    const why = await onSend(sent);
    if (why) {
      giveBack(sent);
      setRefusal(why);
    }
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>) {
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      void send();
    }
    if (event.key === "Escape") onCancel ? onCancel() : event.currentTarget.blur();
  }

  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <textarea
        aria-label={label}
        aria-describedby={refusal ? id : undefined}
        placeholder={label}
        rows={Math.min(6, text.split("\n").length)}
        autoFocus={!!onCancel}
        value={text}
        onChange={(event) => {
          write(event.target.value);
          signal();
        }}
        onKeyDown={onKeyDown}
      />
      {(text || onCancel) && (
        <div className="actions">
          <span className="hint">Enter sends, Shift+Enter begins a line</span>
          {onCancel && (
            <button type="button" onClick={onCancel}>
              Cancel
            </button>
          )}
          <button type="submit" className="primary" disabled={!text.trim()}>
            Send
          </button>
        </div>
      )}
      {refusal && (
        <p className="refusal" role="alert" id={id}>
          {refusal}
        </p>
      )}
    </form>
  );
}

/** Shows the others that we type: not more often than they need, and not when nobody hears it. */
function useTyping(documentId: string) {
  const { connection } = useSession();
  const [signal] = useMutation(SignalTypingDocument, { context: { isFleeting: true } });
  const last = useRef(0);
  return () => {
    if (connection.state.get() !== "live" || Date.now() - last.current < BETWEEN_SIGNALS) return;
    last.current = Date.now();
    signal({ variables: { input: { documentId } } }).catch(() => undefined);
  };
}

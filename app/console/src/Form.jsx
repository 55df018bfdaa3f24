// Forms that tell what is wrong where it is wrong, and lose nothing that was typed.
import { createContext, useContext, useEffect, useId, useRef, useState } from "react";

const Errors = createContext([]);

/** `send(values)` answers `{ payload, errors }`; `onDone(payload, values)` is called when there are none. */
export function Form({ send, onDone, action, children }) {
  const form = useRef(null);
  const [isBusy, setBusy] = useState(false);
  const [errors, setErrors] = useState([]);

  useEffect(() => form.current?.querySelector("[aria-invalid=true]")?.focus(), [errors]);

  async function submit(event) {
    event.preventDefault();
    if (isBusy) return;
    const values = Object.fromEntries(new FormData(form.current));
    setBusy(true);
    const { payload, errors } = await send(values);
    setBusy(false);
    setErrors(errors);
    if (!errors.length) onDone(payload, values);
  }

  return (
    <Errors.Provider value={errors}>
      {/* Should the script fail, nothing of it stands in an address. */}
      <form ref={form} method="post" onSubmit={submit} aria-busy={isBusy}>
        <Refusals errors={errors.filter((error) => !form.current?.elements.namedItem(fieldOf(error)))} />
        {children}
        <button className="primary" aria-disabled={isBusy}>
          {isBusy ? "One moment …" : action}
        </button>
      </form>
    </Errors.Provider>
  );
}

/** What went wrong as a whole; it is read out when it appears. */
export function Refusals({ errors }) {
  return (
    <div role="alert">
      {errors.map(({ message }) => (
        <p key={message} className="refusal">
          {message}
        </p>
      ))}
    </div>
  );
}

/** A text with its label, and below it what is wrong with it. */
export function Field({ name, label, hint, ...input }) {
  const id = useId();
  const said = useContext(Errors).filter((error) => fieldOf(error) === name);
  const described = [hint && `${id}-hint`, said.length && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        name={name}
        required
        aria-invalid={said.length > 0}
        aria-describedby={described || undefined}
        spellCheck={false}
        autoCapitalize="none"
        {...input}
      />
      {hint && (
        <p id={`${id}-hint`} className="hint">
          {hint}
        </p>
      )}
      {said.length > 0 && (
        <p id={`${id}-error`} className="refusal">
          {said.map(({ message }) => message).join(" ")}
        </p>
      )}
    </div>
  );
}

/** A password, which its owner may look at. */
export function Secret(props) {
  const [isShown, setShown] = useState(false);
  return (
    <div className="secret">
      <Field type={isShown ? "text" : "password"} maxLength={1000} {...props} />
      <button type="button" aria-pressed={isShown} onClick={() => setShown(!isShown)}>
        {isShown ? "Hide" : "Show"}
        <span className="unseen"> the password</span>
      </button>
    </div>
  );
}

let isFirst = true;

/** The heading of what is shown now. Where it takes the place of something else it gets the focus, or nobody had it. */
export function Heading({ children }) {
  const heading = useRef(null);
  useEffect(() => {
    if (!isFirst) heading.current.focus();
    isFirst = false;
  }, []);
  return (
    <h2 ref={heading} tabIndex={-1}>
      {children}
    </h2>
  );
}

function fieldOf({ path }) {
  return path?.at(-1) ?? "";
}

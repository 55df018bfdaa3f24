// Who asks, and the way to be somebody else: to sign in, or to paste a token.
import { useEffect, useRef, useState } from "react";
import { WaysIn } from "./WaysIn.jsx";
import { begin, end, keptToken, whoIs } from "./session.js";

/** `token` is one that was pasted; `onChange` is called when somebody else asks from now on. */
export function SignIn({ token, onToken, onChange }) {
  const dialog = useRef(null);
  const [isOpen, setOpen] = useState(false);
  const [sentence, isSignedIn, look] = useWhoIsAsking(token);

  useEffect(() => {
    if (!isOpen) return;
    dialog.current.showModal();
    dialog.current.querySelector("input").focus();
  }, [isOpen]);

  async function goOn(issued) {
    await begin(issued);
    change();
    setOpen(false);
  }

  async function signOut() {
    if (token) return onToken("");
    if (!(await end()).length) change();
  }

  function change() {
    look();
    onChange();
  }

  return (
    <div className="who">
      <output>{sentence}</output>
      {isSignedIn || token ? (
        <button type="button" onClick={signOut}>
          {token ? "Forget the token" : "Sign out"}
        </button>
      ) : (
        <button type="button" onClick={() => setOpen(true)}>
          Sign in
        </button>
      )}
      {isOpen && (
        <dialog ref={dialog} onClose={() => setOpen(false)} aria-label="Sign in">
          <button type="button" className="close" onClick={() => dialog.current.close()}>
            Close
          </button>
          <WaysIn onToken={goOn} target={location.pathname} />
          <PasteToken onToken={(pasted) => (onToken(pasted), setOpen(false))} />
        </dialog>
      )}
    </div>
  );
}

function PasteToken({ onToken }) {
  return (
    <details>
      <summary>Paste a token, such as that of a program</summary>
      <div className="field">
        <label htmlFor="token">Token</label>
        <input
          id="token"
          type="password"
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => event.target.value.trim() && onToken(event.target.value.trim())}
        />
      </div>
    </details>
  );
}

function useWhoIsAsking(token) {
  const [answer, setAnswer] = useState({ sentence: "", isSignedIn: false });
  const [round, setRound] = useState(0);
  useEffect(() => {
    let current = true;
    whoIsAsking(token).then((answer) => current && setAnswer(answer));
    return () => {
      current = false;
    };
  }, [token, round]);
  return [answer.sentence, answer.isSignedIn, () => setRound((round) => round + 1)];
}

async function whoIsAsking(token) {
  const { viewer, errors } = await whoIs("viewer", token || keptToken());
  if (viewer) return { sentence: `You are ${viewer.name}`, isSignedIn: true };
  if (errors.length) return { sentence: "The server does not answer", isSignedIn: false };
  return { sentence: token ? "This token is not accepted" : "Nobody is signed in", isSignedIn: false };
}

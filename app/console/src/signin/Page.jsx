// What the page shows: what somebody came for, the ways in, or who is signed in.
import { useEffect, useState } from "react";
import { Form, Heading, Refusals, Secret } from "../Form.jsx";
import { WaysIn } from "../WaysIn.jsx";
import { ask, begin, whoIs } from "../session.js";
import logo from "../trellis.svg";
import { Account } from "./Account.jsx";
import { answered } from "./arrival.js";

const REFUSED = {
  access_denied: "You were not signed in, as you have not allowed it there.",
  unverified: "Your address is not confirmed there. Sign in another way, and add that account then.",
};
const CONFIRMED = { verify: "verifyEmail", email: "verifyEmail" };

export function Page({ arrival }) {
  const [{ kind, token, invitation, error, target }, setArrived] = useState(arrival);
  const [account, setAccount] = useState(null);
  const look = () => whoIs("account").then(setAccount);
  useEffect(() => void look(), []);

  /** Go on as whoever this token is of, or as before. */
  async function goOn(token) {
    if (token) await begin(token);
    if (token && target && !invitation) location.assign(target);
    await look();
    setArrived((arrived) => ({ ...arrived, kind: undefined, token: undefined, error: null }));
  }

  function accepted() {
    answered();
    setArrived((arrived) => ({ ...arrived, invitation: null }));
  }

  let shown = null;
  if (kind === "reset") shown = <Reset token={token} onDone={goOn} />;
  else if (kind === "link") shown = <OpenLink token={token} onDone={goOn} />;
  else if (kind) shown = <Confirm name={CONFIRMED[kind]} token={token} onDone={goOn} />;
  else if (account?.viewer && invitation) shown = <Invitation token={invitation} viewer={account.viewer} onDone={accepted} />;
  else if (account?.viewer) shown = <Account viewer={account.viewer} target={target} onChange={look} />;
  else if (account) shown = <WaysIn onToken={goOn} target={target && !invitation ? target : location.pathname} />;

  return (
    <main>
      <header>
        <img src={logo} alt="" />
        <h1>Trellis</h1>
      </header>
      <section className="card">
        {error && <Refusals errors={[{ message: REFUSED[error] ?? "That did not work. Try again, or another way." }]} />}
        {!account?.viewer && invitation && !kind && <p role="status">You have an invitation. Sign in to accept it.</p>}
        <Refusals errors={account?.errors ?? []} />
        {shown ?? <p role="status">One moment …</p>}
      </section>
    </main>
  );
}

function Reset({ token, onDone }) {
  return (
    <>
      <Heading>Choose another password</Heading>
      <p>You are signed out everywhere else.</p>
      <Form
        send={({ password }) => ask("resetPassword", { token, password }, "")}
        onDone={({ token }) => onDone(token)}
        action="Save and sign in"
      >
        <Secret name="password" label="New password" autoComplete="new-password" />
      </Form>
      <Leave onDone={onDone} />
    </>
  );
}

// It takes a click: some programs open the links of a mail before its reader does, and each opens once.
function OpenLink({ token, onDone }) {
  return (
    <>
      <Heading>Sign in with this link</Heading>
      <Form send={() => ask("signInWithLink", { token }, "")} onDone={({ token }) => onDone(token)} action="Sign in" />
      <Leave onDone={onDone} />
    </>
  );
}

function Confirm({ name, token, onDone }) {
  const [isDone, setDone] = useState(false);
  return (
    <>
      <Heading>{isDone ? "Your address is confirmed" : "Confirm your address"}</Heading>
      {isDone ? (
        <button type="button" className="primary" onClick={() => onDone()}>
          Continue
        </button>
      ) : (
        <Form send={() => ask(name, { token })} onDone={() => setDone(true)} action="This address is mine" />
      )}
      {!isDone && <Leave onDone={onDone} />}
    </>
  );
}

function Invitation({ token, viewer, onDone }) {
  return (
    <>
      <Heading>You have an invitation</Heading>
      <p>
        You accept it as {viewer.name} ({viewer.email}).
      </p>
      <Form send={() => ask("acceptInvitation", { token })} onDone={onDone} action="Accept" />
      <p>
        <button type="button" className="link" onClick={onDone}>
          Not now
        </button>
      </p>
    </>
  );
}

function Leave({ onDone }) {
  return (
    <p>
      <button type="button" className="link" onClick={() => onDone()}>
        Not now
      </button>
    </p>
  );
}

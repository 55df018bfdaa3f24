// What the page shows: what somebody came for, the ways in, or who is signed in.
import { useEffect, useState } from "react";
import { Form, Heading, Refusals, Secret } from "../Form.jsx";
import { WaysIn } from "../WaysIn.jsx";
import { DEVICE } from "../device.js";
import { ask, begin, whoIs } from "../session.js";
import logo from "../trellis.svg";
import { Account, Unverified } from "./Account.jsx";
import { answered } from "./arrival.js";

const AGAIN = "That did not work. Try again, or another way.";
const REFUSED = {
  ACCESS_DENIED: "You were not signed in, as you have not allowed it there.",
  ACCOUNT_TAKEN: "This account signs in somebody else here.",
  ADDRESS_NOT_VERIFIED: "Somebody here has the address of this account, and it is not confirmed on both sides. Sign in another way, and add the account then.",
  PROVIDER_UNAVAILABLE: "The other side does not answer. Try again later, or another way.",
  SERVICE_UNAVAILABLE: "The server does not answer. Try again.",
  SIGN_IN_EXPIRED: "This took too long. Try again.",
  USER_DEACTIVATED: "This account does not let you in any more.",
};

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
  else if (kind === "verify") shown = <Verify token={token} onDone={goOn} />;
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
        {error && <Refusals errors={[{ message: REFUSED[error] ?? AGAIN }]} />}
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
        send={({ password }) => ask("resetPassword", { token, password, device: DEVICE }, "")}
        onDone={({ token }) => onDone(token)}
        action="Save and sign in"
      >
        <Secret name="password" label="New password" hint="At least eight characters, whichever you like." autoComplete="new-password" />
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
      <Form send={() => ask("signInWithLink", { token, device: DEVICE }, "")} onDone={({ token }) => onDone(token)} action="Sign in" />
      <Leave onDone={onDone} />
    </>
  );
}

function Verify({ token, onDone }) {
  const [isDone, setDone] = useState(false);
  if (isDone)
    return (
      <>
        <Heading key="done">Your address is confirmed</Heading>
        <button type="button" className="primary" onClick={() => onDone()}>
          Continue
        </button>
      </>
    );
  return (
    <>
      <Heading key="open">Confirm your address</Heading>
      <Form send={() => ask("verifyEmail", { token })} onDone={() => setDone(true)} action="This address is mine" />
      <Leave onDone={onDone} />
    </>
  );
}

function Invitation({ token, viewer, onDone }) {
  const [joined, setJoined] = useState(null);
  if (joined)
    return (
      <>
        <Heading key="joined">You belong to {joined} now</Heading>
        <button type="button" className="primary" onClick={onDone}>
          Continue
        </button>
      </>
    );
  return (
    <>
      <Heading key="invited">You have an invitation</Heading>
      <p>
        You accept it as {viewer.name} ({viewer.email}).
      </p>
      <Form
        send={() => ask("acceptInvitation", { token })}
        onDone={({ invitation }) => setJoined(invitation?.targetName ?? "it")}
        action="Accept"
      />
      {!viewer.emailVerifiedAt && <Unverified viewer={viewer} />}
      <Leave onDone={onDone} />
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

// All ways to sign in: with a password, a link, a passkey or another account, and to register.
import { useEffect, useState } from "react";
import { Field, Form, Heading, Refusals, Secret } from "./Form.jsx";
import { DEVICE } from "./device.js";
import { ARE_POSSIBLE, offerPasskeys, signInWithPasskey } from "./passkey.js";
import { leadingTo, useProviders } from "./providers.js";
import { ask } from "./session.js";

const LONGEST = { email: 254, name: 200 };

/** `onToken(token)` is called once somebody has signed in; a provider leads to `target`, a path of ours. */
export function WaysIn({ onToken, target }) {
  const [view, setView] = useState("signIn");
  // What was typed as an address is there on all sides.
  const [email, setEmail] = useState("");
  const View = VIEWS[view];
  const address = <Address value={email} onInput={(event) => setEmail(event.target.value)} view={view} />;
  return <View key={view} address={address} email={email} onToken={onToken} target={target} go={setView} />;
}

function Address({ view, ...input }) {
  return (
    <Field
      name="email"
      label="E-mail address"
      type="email"
      inputMode="email"
      autoComplete={view === "signIn" ? "username webauthn" : "username"}
      maxLength={LONGEST.email}
      autoFocus={view === "signIn"}
      {...input}
    />
  );
}

function SignIn({ address, onToken, target, go }) {
  const send = ({ email, password }) => ask("signIn", { email, password, device: DEVICE }, "");
  return (
    <>
      <Heading>Sign in</Heading>
      <Form send={send} onDone={({ token }) => onToken(token)} action="Sign in">
        {address}
        <Secret name="password" label="Password" autoComplete="current-password" />
      </Form>
      <p className="others">
        <Go to="forgot" go={go}>
          Forgot the password?
        </Go>
        <Go to="link" go={go}>
          Send me a link
        </Go>
      </p>
      <OtherWays onToken={onToken} target={target} />
      <p>
        New here?{" "}
        <Go to="register" go={go}>
          Create an account
        </Go>
      </p>
    </>
  );
}

function Register({ address, onToken, go }) {
  const send = ({ name, email, password }) => ask("register", { name, email, password, device: DEVICE }, "");
  return (
    <>
      <Heading>Create an account</Heading>
      <Form send={send} onDone={({ token }) => onToken(token)} action="Create the account">
        <Field name="name" label="Name" autoComplete="name" autoCapitalize="words" maxLength={LONGEST.name} />
        {address}
        <Secret name="password" label="Password" hint="At least eight characters, whichever you like." autoComplete="new-password" />
      </Form>
      <Back go={go} />
    </>
  );
}

function Forgot({ address, email, go }) {
  const [isSent, setSent] = useState(false);
  if (isSent) return <Sent to={email} what="choose another password" go={go} />;
  return (
    <>
      <Heading>Forgot the password?</Heading>
      <p>We send you a link with which you choose another one. It holds for an hour.</p>
      <Form send={({ email }) => ask("requestPasswordReset", { email }, "")} onDone={() => setSent(true)} action="Send the link">
        {address}
      </Form>
      <Back go={go} />
    </>
  );
}

function Link({ address, email, go }) {
  const [isSent, setSent] = useState(false);
  if (isSent) return <Sent to={email} what="sign in" go={go} />;
  return (
    <>
      <Heading>Sign in with a link</Heading>
      <p>We send you a link that signs you in. It holds for a quarter of an hour.</p>
      <Form send={({ email }) => ask("requestSignInLink", { email }, "")} onDone={() => setSent(true)} action="Send the link">
        {address}
      </Form>
      <Back go={go} />
    </>
  );
}

const VIEWS = { signIn: SignIn, register: Register, forgot: Forgot, link: Link };

function OtherWays({ onToken, target }) {
  const [errors, setErrors] = useState([]);
  const providers = useProviders();

  function done({ payload, errors }) {
    setErrors(errors);
    if (!errors.length) onToken(payload.token);
  }
  // With a button the browser gives up what it offers in the address; afterwards it offers that again.
  const [round, setRound] = useState(0);
  useEffect(() => offerPasskeys(done), [round]);

  async function choose() {
    done(await signInWithPasskey());
    setRound(round + 1);
  }

  if (!ARE_POSSIBLE && !providers.length) return null;
  return (
    <div className="ways">
      <p className="or">or</p>
      <Refusals errors={errors} />
      {ARE_POSSIBLE && (
        <button type="button" onClick={choose}>
          Sign in with a passkey
        </button>
      )}
      {providers.map(({ name, title }) => (
        <a key={name} className="button" href={leadingTo(name, target)}>
          Continue with {title}
        </a>
      ))}
    </div>
  );
}

function Sent({ to, what, go }) {
  return (
    <>
      <Heading>Look into your mailbox</Heading>
      <p role="status">
        If there is an account with the address <strong>{to}</strong>, a link is on its way with which you can {what}.
      </p>
      <Back go={go} />
    </>
  );
}

function Back({ go }) {
  return (
    <p>
      <Go to="signIn" go={go}>
        Back to signing in
      </Go>
    </p>
  );
}

function Go({ to, go, children }) {
  return (
    <button type="button" className="link" onClick={() => go(to)}>
      {children}
    </button>
  );
}

// Who is signed in, and the ways in that they have.
import { useState } from "react";
import { Field, Form, Heading, Refusals } from "../Form.jsx";
import { DEVICE } from "../device.js";
import { addPasskey, ARE_POSSIBLE } from "../passkey.js";
import { ask, end } from "../session.js";

export function Account({ viewer, target, onChange }) {
  const [errors, setErrors] = useState([]);

  async function signOut() {
    const failed = await end();
    setErrors(failed);
    if (!failed.length) onChange();
  }

  return (
    <>
      <Heading>You are {viewer.name}</Heading>
      <Address viewer={viewer} />
      <Passkeys passkeys={viewer.passkeys.nodes} onChange={onChange} />
      <Refusals errors={errors} />
      <a className="button primary" href={target ?? "graphiql"}>
        {target ? "Continue" : "Open the console"}
      </a>
      <button type="button" onClick={signOut}>
        Sign out
      </button>
    </>
  );
}

function Address({ viewer }) {
  const [isSent, setSent] = useState(false);
  const [errors, setErrors] = useState([]);

  async function send() {
    const { errors } = await ask("requestEmailVerification");
    setErrors(errors);
    setSent(!errors.length);
  }

  if (viewer.emailVerifiedAt) return <p>{viewer.email}</p>;
  return (
    <>
      <p>
        {viewer.email} is not confirmed yet.{" "}
        {!isSent && (
          <button type="button" className="link" onClick={send}>
            Send the link again
          </button>
        )}
      </p>
      <p role="status">{isSent && "A link is on its way."}</p>
      <Refusals errors={errors} />
    </>
  );
}

function Passkeys({ passkeys, onChange }) {
  const [errors, setErrors] = useState([]);
  const [isAdding, setAdding] = useState(false);

  async function remove(passkeyId) {
    const { errors } = await ask("removePasskey", { passkeyId });
    setErrors(errors);
    if (!errors.length) onChange();
  }

  function added() {
    setAdding(false);
    onChange();
  }

  return (
    <section className="passkeys" aria-labelledby="passkeys">
      <h3 id="passkeys">Passkeys</h3>
      {passkeys.length === 0 && <p>With a passkey you sign in without a password: your device knows you.</p>}
      <ul>
        {passkeys.map((passkey) => (
          <li key={passkey.id}>
            <div>
              <strong>{passkey.name}</strong>
              <small>{passkey.lastUsedAt ? `used on ${day(passkey.lastUsedAt)}` : `added on ${day(passkey.createdAt)}`}</small>
            </div>
            <button type="button" onClick={() => remove(passkey.id)} aria-label={`Remove the passkey ${passkey.name}`}>
              Remove
            </button>
          </li>
        ))}
      </ul>
      <Refusals errors={errors} />
      {isAdding ? (
        <Form send={({ name }) => addPasskey(name)} onDone={added} action="Add it">
          <Field name="name" label="Name of the passkey" defaultValue={DEVICE} maxLength={100} autoComplete="off" autoFocus />
        </Form>
      ) : (
        ARE_POSSIBLE && (
          <button type="button" onClick={() => setAdding(true)}>
            Add a passkey
          </button>
        )
      )}
    </section>
  );
}

function day(moment) {
  return new Date(moment).toLocaleDateString(undefined, { dateStyle: "medium" });
}

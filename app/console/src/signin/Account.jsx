// Who is signed in, and the ways in that they have.
import { useEffect, useState } from "react";
import { Field, Form, Heading, Refusals } from "../Form.jsx";
import { DEVICE } from "../device.js";
import { addPasskey, ARE_POSSIBLE } from "../passkey.js";
import { leadingTo, useProviders } from "../providers.js";
import { ask, end } from "../session.js";

const IS_HERE = /^(127(\.\d+){3}|\[::1\])$/;

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
      {viewer.emailVerifiedAt ? <p>{viewer.email}</p> : <Unverified viewer={viewer} />}
      <Passkeys viewer={viewer} onChange={onChange} />
      <Accounts />
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

/** That the address is yet to be confirmed, and the way to another mail with the link for that. */
export function Unverified({ viewer }) {
  const [isSent, setSent] = useState(false);
  const [errors, setErrors] = useState([]);

  async function send() {
    const { errors } = await ask("requestEmailVerification");
    setErrors(errors);
    setSent(!errors.length);
  }

  return (
    <>
      <p>
        {viewer.email} is not confirmed yet: open the link that was sent there.{" "}
        {!isSent && (
          <button type="button" className="link" onClick={send}>
            Send it again
          </button>
        )}
      </p>
      <p role="status">{isSent && "A link is on its way."}</p>
      <Refusals errors={errors} />
    </>
  );
}

function Passkeys({ viewer, onChange }) {
  const passkeys = viewer.passkeys.nodes;
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
    <section className="own" aria-labelledby="passkeys">
      <h3 id="passkeys">Passkeys</h3>
      {passkeys.length === 0 && (
        <p>
          With a passkey you sign in without a password: your device knows you.
          {!viewer.emailVerifiedAt && " You can add one once your address is confirmed."}
        </p>
      )}
      <ul>
        {passkeys.map(({ id, name, createdAt, lastUsedAt }) => (
          <li key={id}>
            <div>
              <strong>{name}</strong>
              <small>{lastUsedAt ? `used on ${day(lastUsedAt)}` : `added on ${day(createdAt)}`}</small>
            </div>
            <button type="button" onClick={() => remove(id)} aria-label={`Remove the passkey ${name}`}>
              Remove
            </button>
          </li>
        ))}
      </ul>
      <Refusals errors={errors} />
      {isAdding && (
        <>
          <Form send={({ name }) => addPasskey(name)} onDone={added} action="Add it">
            <Field name="name" label="Name of the passkey" defaultValue={DEVICE} maxLength={100} autoComplete="off" autoFocus />
          </Form>
          <button type="button" className="link" onClick={() => setAdding(false)}>
            Not now
          </button>
        </>
      )}
      {!isAdding && ARE_POSSIBLE && viewer.emailVerifiedAt && (
        <button type="button" onClick={() => setAdding(true)}>
          Add a passkey
        </button>
      )}
      {!ARE_POSSIBLE && IS_HERE.test(location.hostname) && (
        <p>
          Passkeys need a name: <a href={location.href.replace(location.hostname, "localhost")}>open this page at localhost</a>.
        </p>
      )}
    </section>
  );
}

function Accounts() {
  const [accounts, setAccounts] = useState([]);
  const [errors, setErrors] = useState([]);
  const providers = useProviders();
  const look = () => ask("accounts").then(({ payload }) => setAccounts(payload?.accounts?.nodes ?? []));
  useEffect(() => void look(), []);

  async function unlink(accountId) {
    const { errors } = await ask("unlinkAccount", { accountId });
    setErrors(errors);
    if (!errors.length) look();
  }

  const titles = Object.fromEntries(providers.map(({ name, title }) => [name, title]));
  const others = providers.filter(({ name }) => !accounts.some(({ provider }) => provider === name));
  if (!accounts.length && !others.length) return null;
  return (
    <section className="own" aria-labelledby="accounts">
      <h3 id="accounts">Accounts elsewhere</h3>
      <ul>
        {accounts.map(({ id, provider, name }) => (
          <li key={id}>
            <div>
              <strong>{titles[provider] ?? provider}</strong>
              {name && <small>{name}</small>}
            </div>
            <button type="button" onClick={() => unlink(id)} aria-label={`Remove the account at ${titles[provider] ?? provider}`}>
              Remove
            </button>
          </li>
        ))}
      </ul>
      <Refusals errors={errors} />
      {others.map(({ name, title }) => (
        <a key={name} className="button" href={leadingTo(name, location.pathname)}>
          Add {title}
        </a>
      ))}
    </section>
  );
}

function day(moment) {
  return new Date(moment).toLocaleDateString(undefined, { dateStyle: "medium" });
}

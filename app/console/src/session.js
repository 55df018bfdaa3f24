// The session of a person. Its token is exchanged for a cookie, which no script can read, and forgotten; where the
// browser keeps no such cookie, as without HTTPS, this tab keeps the token. A token that was pasted is another matter:
// it is that of the tab, and counts before the session.
const ENDPOINT = new URL("graphql", location.href);
const SESSION = new URL("auth/session", location.href);
const KEPT = "trellis:session";
const UNREACHABLE = { code: "SERVICE_UNAVAILABLE", message: "The server does not answer. Try again.", path: [] };

/** Where this tab keeps the token of a session that is in no cookie; the empty string without one. */
export const keptToken = () => sessionStorage.getItem(KEPT) ?? "";

/**
 * The answer to an operation of `operations.json`: `{ payload, errors }`, where `payload` is its only field. All that
 * went wrong is among the errors, each `{ code, message, path }`.
 */
export async function ask(name, input, token = keptToken()) {
  try {
    const response = await fetch(ENDPOINT, {
      method: "POST",
      headers: { "content-type": "application/json", ...bearer(token) },
      body: JSON.stringify({ documentId: `trellis.${name}`, variables: input && { input } }),
    });
    const { data, errors = [] } = await response.json();
    const payload = data ? Object.values(data)[0] : null;
    const refused = errors.map(({ message, extensions }) => ({ code: extensions?.code, message, path: [] }));
    return { payload, errors: [...refused, ...(payload?.errors ?? [])] };
  } catch {
    return { payload: null, errors: [UNREACHABLE] };
  }
}

/** The viewer by an operation that asks for it; null for a guest. A session that has ended is forgotten. */
export async function whoIs(name = "viewer", token = keptToken()) {
  const { payload, errors } = await ask(name, undefined, token);
  if (!errors.some(({ code }) => code === "UNAUTHENTICATED")) return { viewer: payload, errors };
  await forget();
  return { viewer: null, errors: [] };
}

/** Begin a session with the token that a sign-in has answered. */
export async function begin(token) {
  sessionStorage.removeItem(KEPT);
  if (await exchanged(token)) return;
  sessionStorage.setItem(KEPT, token);
}

/** End the session, here and on the server; returns what went wrong. */
export async function end() {
  const { errors } = keptToken() ? await ask("signOut") : { errors: [] };
  if (errors.some(({ code }) => code === UNREACHABLE.code)) return errors;
  await forget();
  return [];
}

async function forget() {
  sessionStorage.removeItem(KEPT);
  await fetch(SESSION, { method: "DELETE" }).catch(() => undefined);
}

// The cookie may be set and not kept: it is only there if the server knows by it who asks.
async function exchanged(token) {
  try {
    const response = await fetch(SESSION, { method: "POST", headers: bearer(token) });
    return response.ok && (await ask("viewer", undefined, "")).payload !== null;
  } catch {
    return false;
  }
}

function bearer(token) {
  return token ? { authorization: `Bearer ${token}` } : {};
}

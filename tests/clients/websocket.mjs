// graphql-ws: every kind of operation on one WebSocket (graphql-transport-ws).
import { createClient } from "graphql-ws";
import { assert, check, hear, socketOf, unheard, world } from "./checks.mjs";
import { NO_TEXT, ask, converse, hashed } from "./conversation.mjs";
import { DOCUMENT_EVENTS, SIGN_IN, SIGN_OUT, UNKNOWN_FIELD, VIEWER } from "./operations.mjs";

const client = createClient(socketOf("ada"));

/** The code of the error that an operation is refused with. */
async function code(request) {
  const [error] = await ask(client, request).catch((errors) => errors);
  return error.extensions.code;
}

await converse(client);

await check("an error has a code and leaves the socket open", async () => {
  assert.equal(await code({ query: UNKNOWN_FIELD }), "GRAPHQL_VALIDATION_FAILED");
  assert.equal((await ask(client, { query: VIEWER })).data.viewer.name, "Ada");
});

await check("a query by a hash that nobody has sent before", async () => {
  assert.equal(await code({ query: NO_TEXT, extensions: hashed(unheard()) }), "PERSISTED_QUERY_NOT_FOUND");
});

await check("a new token renews an open socket, and what is heard on it goes on", async () => {
  const input = { email: "ada@example.com", password: "correct horse battery staple" };
  const { token } = (await ask(client, { query: SIGN_IN, variables: { input } })).data.signIn;
  const payload = { authorization: `Bearer ${token}` };
  let tell, next, fail;
  const told = new Promise((resolve) => (tell = resolve));
  const renewing = createClient({
    ...socketOf("ada"),
    on: {
      connected: (socket) => socket.send(JSON.stringify({ type: "ping", payload })),
      pong: (received, payload) => received && tell(payload),
    },
  });
  const request = { query: DOCUMENT_EVENTS, variables: { document: world.ids.requirements } };
  const stop = renewing.subscribe(request, {
    next: (event) => next?.(event),
    error: (error) => fail?.(error),
    complete() {},
  });
  assert.ok((await told).credentialExpiresIn > 60);
  await ask(client, { query: SIGN_OUT }); // on a socket of the token before
  const { data } = await hear((onNext, onError) => {
    [next, fail] = [onNext, onError];
    return stop;
  });
  assert.equal(data.documentEvents.kind, "COMMENT_ADDED");
});

process.exit();

// graphql-ws: every kind of operation on one WebSocket (graphql-transport-ws).
import { createClient } from "graphql-ws";
import { assert, check, socketOf, unheard } from "./checks.mjs";
import { NO_TEXT, ask, converse, hashed } from "./conversation.mjs";
import { UNKNOWN_FIELD, VIEWER } from "./operations.mjs";

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

process.exit();

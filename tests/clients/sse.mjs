// graphql-sse, with a connection for each operation ("distinct connections").
import { createClient } from "graphql-sse";
import { assert, check, signedIn, world } from "./checks.mjs";
import { ask, converse } from "./conversation.mjs";

const client = createClient({ url: world.url, headers: signedIn("ada"), retryAttempts: 0 });

await converse(client);

await check("what cannot be parsed is refused before the stream begins", async () => {
  const { response } = await ask(client, { query: "{" }).catch((error) => error);
  const { errors } = await response.json();
  assert.deepEqual([response.status, errors[0].extensions.code], [400, "GRAPHQL_PARSE_FAILED"]);
});

await check("what is not valid is an answer with errors", async () => {
  const { errors, data } = await ask(client, { query: "{ nothing }" });
  assert.deepEqual([errors[0].extensions.code, data], ["GRAPHQL_VALIDATION_FAILED", undefined]);
});

process.exit();

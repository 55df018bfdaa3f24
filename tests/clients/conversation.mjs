// What the clients of both streaming protocols do alike: they have the same face.
import { createHash } from "node:crypto";
import { all, assert, check, hear, unheard, world } from "./checks.mjs";
import * as operations from "./operations.mjs";

const repository = world.ids.engine;

/** The answer to an operation that has one only. */
export async function ask(client, request) {
  const [answer, ...more] = await all(client.iterate(request));
  assert.deepEqual(more, []);
  return answer;
}

/** The extensions that stand for a query. */
export function hashed(query) {
  const sha256Hash = createHash("sha256").update(query).digest("hex");
  return { persistedQuery: { version: 1, sha256Hash } };
}

/** The client of graphql-ws insists on a text, and the recipes of others send this with a hash. */
export const NO_TEXT = "";

/** Runs the checks with a client that speaks for Ada. */
export async function converse(client) {
  await check("a query", async () => {
    const { data } = await ask(client, { query: operations.VIEWER });
    assert.equal(data.viewer.name, "Ada");
  });

  await check("a mutation", async () => {
    const input = { threadId: world.ids.thread_0, content: "Said on a stream" };
    const { data } = await ask(client, { query: operations.ADD_COMMENT, variables: { input } });
    assert.deepEqual(data.addComment.errors, []);
    assert.equal(data.addComment.comment.content, "Said on a stream");
  });

  await check("the pages of a list", async () => {
    const page = async (after) => {
      const { data } = await ask(client, { query: operations.COMMITS, variables: { repository, after } });
      return data.repository.commits;
    };
    const first = await page(null);
    const second = await page(first.pageInfo.endCursor);
    assert.deepEqual([first.edges.length, second.edges.length], [2, 1]);
    assert.deepEqual([first.pageInfo.hasNextPage, second.pageInfo.hasNextPage], [true, false]);
  });

  await check("a subscription", async () => {
    const request = { query: operations.DOCUMENT_EVENTS, variables: { document: world.ids.requirements } };
    const { data } = await hear((next, error) => client.subscribe(request, { next, error, complete() {} }));
    assert.equal(data.documentEvents.kind, "COMMENT_ADDED");
    assert.equal(data.documentEvents.comment.author.name, "Ben");
  });

  await check("a persisted query", async () => {
    const query = unheard();
    for (const text of [query, NO_TEXT]) {
      const { data } = await ask(client, { query: text, extensions: hashed(query) });
      assert.ok(Object.values(data.viewer).includes("Ada"), text);
    }
  });

  await check("what is deferred comes with the rest", async () => {
    const { data } = await ask(client, { query: operations.DEFERRED, variables: { repository } });
    assert.deepEqual(data.repository, { id: repository, name: "engine", commits: { totalCount: 3 } });
  });

  await check("a list that would be streamed comes at once", async () => {
    const { data } = await ask(client, { query: operations.STREAMED, variables: { repository } });
    assert.equal(data.repository.commits.nodes.length, 3);
  });
}

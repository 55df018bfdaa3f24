// urql's core: its exchanges for everything that is served.
import { Client, cacheExchange, fetchExchange, subscriptionExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { createClient } from "graphql-ws";
import { assert, check, hear, naming, noted, signedIn, socketOf, unheard, world } from "./checks.mjs";
import * as operations from "./operations.mjs";

const repository = world.ids.engine;

const connected = (exchanges, options) =>
  new Client({ url: world.url, fetchOptions: { headers: signedIn("ada") }, exchanges, ...options });

const client = connected([cacheExchange, fetchExchange]);

const listen = (listener) =>
  hear((next, fail) => {
    const events = listener.subscription(operations.DOCUMENT_EVENTS, { document: world.ids.requirements });
    return events.subscribe((event) => (event.error ? fail(event.error) : next(event))).unsubscribe;
  });

/** The data of the results of an operation, one after another, until nothing more is to come. */
const results = (query) =>
  new Promise((resolve, reject) => {
    const found = [];
    connected([fetchExchange]).query(query, { repository }).subscribe(({ data, error, hasNext }) => {
      if (error) reject(error);
      found.push(structuredClone(data));
      if (!hasNext) resolve(found);
    });
  });

await check("a query", async () => {
  const { data } = await client.query(operations.VIEWER);
  assert.equal(data.viewer.name, "Ada");
});

await check("an error has a code", async () => {
  const { error } = await client.query(operations.UNKNOWN_FIELD);
  assert.equal(error.graphQLErrors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
});

await check("a mutation makes the cache ask again", async () => {
  const variables = { thread: world.ids.thread_1 };
  const before = await client.query(operations.THREAD, variables);
  const input = { commentId: before.data.node.comments.nodes[0].id, content: "Said better" };
  const { data } = await client.mutation(operations.EDIT_COMMENT, { input });
  assert.deepEqual(data.editComment.errors, []);
  const after = await client.query(operations.THREAD, variables);
  assert.equal(after.data.node.comments.nodes[0].content, "Said better");
});

await check("the pages of a list", async () => {
  const page = async (after) => (await client.query(operations.COMMITS, { repository, after })).data.repository.commits;
  const first = await page(null);
  const second = await page(first.pageInfo.endCursor);
  assert.deepEqual([first.edges.length, second.edges.length], [2, 1]);
  assert.deepEqual([first.pageInfo.hasNextPage, second.pageInfo.hasNextPage], [true, false]);
});

await check("an automatic persisted query by GET", async () => {
  const { sent, fetch } = noted();
  const query = unheard();
  for (const visitor of ["the first", "the second"]) {
    const { data } = await connected([persistedExchange(), fetchExchange], { fetch }).query(query, {});
    assert.ok(Object.values(data.viewer).includes("Ada"), visitor);
  }
  assert.deepEqual(naming(sent), ["hash", "both", "hash"]);
  assert.deepEqual(sent.map(({ method }) => method), ["GET", "GET", "GET"]);
});

await check("a subscription over a WebSocket", async () => {
  const socket = createClient(socketOf("ada"));
  const forwardSubscription = (request) => ({
    subscribe: (sink) => ({ unsubscribe: socket.subscribe(request, sink) }),
  });
  const { data } = await listen(connected([subscriptionExchange({ forwardSubscription })]));
  assert.equal(data.documentEvents.comment.author.name, "Ben");
});

await check("a subscription over HTTP", async () => {
  const { data } = await listen(connected([fetchExchange], { fetchSubscriptions: true }));
  assert.equal(data.documentEvents.comment.author.name, "Ben");
});

await check("a deferred part", async () => {
  const [first, ...later] = await results(operations.DEFERRED);
  assert.deepEqual(first, { repository: { id: repository, name: "engine" } });
  assert.equal(later.at(-1).repository.commits.totalCount, 3);
});

await check("a streamed list", async () => {
  const lengths = (await results(operations.STREAMED)).map(({ repository }) => repository.commits.nodes.length);
  assert.deepEqual([lengths[0], lengths.at(-1)], [1, 3]);
});

process.exit();

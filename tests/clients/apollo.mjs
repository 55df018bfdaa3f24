// Apollo Client: its cache, its pagination, and its links for everything that is served.
import { createHash } from "node:crypto";
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { Defer20220824Handler, GraphQL17Alpha9Handler } from "@apollo/client/incremental";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { relayStylePagination } from "@apollo/client/utilities";
import { createClient } from "graphql-ws";
import { filter, firstValueFrom } from "rxjs";
import { assert, check, hear, naming, noted, signedIn, socketOf, unheard, world } from "./checks.mjs";
import * as operations from "./operations.mjs";

const http = new HttpLink({ uri: world.url, headers: signedIn("ada") });
const variables = { repository: world.ids.engine };

const connected = (link, incrementalHandler = new GraphQL17Alpha9Handler()) =>
  new ApolloClient({
    link,
    incrementalHandler,
    cache: new InMemoryCache({ typePolicies: { Repository: { fields: { commits: relayStylePagination() } } } }),
  });

const client = connected(http);

/** The results of an operation, one after another, until nothing more is to come. */
const results = (query, handler) =>
  new Promise((resolve, reject) => {
    const found = [];
    const next = ({ data, dataState, error, loading }) => {
      if (error) reject(error);
      if (data) found.push(structuredClone(data));
      if (!loading && dataState === "complete") resolve(found);
    };
    connected(http, handler).watchQuery({ query: gql(query), variables }).subscribe(next);
  });

const listen = (link) =>
  hear((next, error) => {
    const query = gql(operations.DOCUMENT_EVENTS);
    const events = connected(link).subscribe({ query, variables: { document: world.ids.requirements } });
    const subscription = events.subscribe((event) => (event.error ? error(event.error) : next(event)));
    return () => subscription.unsubscribe();
  });

await check("a query", async () => {
  const { data } = await client.query({ query: gql(operations.VIEWER) });
  assert.equal(data.viewer.name, "Ada");
});

await check("a guest sends an empty header, as its documentation has it", async () => {
  const authorization = "";
  const links = [
    new HttpLink({ uri: world.url, headers: { authorization } }),
    new GraphQLWsLink(createClient({ ...socketOf("ada"), connectionParams: { authorization } })),
  ];
  for (const link of links) {
    const { data } = await connected(link).query({ query: gql(operations.VIEWER) });
    assert.equal(data.viewer, null);
  }
});

await check("an error has a code", async () => {
  const error = await client.query({ query: gql(operations.UNKNOWN_FIELD) }).catch((error) => error);
  assert.ok(CombinedGraphQLErrors.is(error), error);
  assert.equal(error.errors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
});

await check("a mutation changes what the cache holds", async () => {
  const question = { query: gql(operations.THREAD), variables: { thread: world.ids.thread_0 } };
  const { data } = await client.query(question);
  const input = { commentId: data.node.comments.nodes[0].id, content: "Said better" };
  await client.mutate({ mutation: gql(operations.EDIT_COMMENT), variables: { input } });
  assert.equal(client.readQuery(question).node.comments.nodes[0].content, "Said better");
});

await check("a refused mutation says which member of the input was wrong", async () => {
  const input = { threadId: world.ids.thread_0, content: "" };
  const { data } = await client.mutate({ mutation: gql(operations.ADD_COMMENT), variables: { input } });
  const [{ code, path }] = data.addComment.errors;
  assert.deepEqual([code, path], ["BAD_USER_INPUT", ["input", "content"]]);
});

await check("fetchMore with relayStylePagination", async () => {
  const question = { query: gql(operations.COMMITS), variables };
  const { data } = await client.query(question);
  const watched = client.watchQuery(question);
  await watched.fetchMore({ variables: { after: data.repository.commits.pageInfo.endCursor } });
  const isLonger = ({ data }) => data.repository.commits.edges.length > 2;
  const { commits } = (await firstValueFrom(watched.pipe(filter(isLonger)))).data.repository;
  assert.equal(new Set(commits.edges.map(({ node }) => node.sha)).size, 3);
  assert.equal(commits.pageInfo.hasNextPage, false);
});

await check("an automatic persisted query", async () => {
  const { sent, fetch } = noted();
  const sha256 = (text) => createHash("sha256").update(text).digest("hex");
  const terminal = new HttpLink({ uri: world.url, headers: signedIn("ada"), fetch });
  const query = gql(unheard());
  for (const visitor of ["the first", "the second"]) {
    const hashing = new PersistedQueryLink({ sha256 });
    const { data } = await connected(ApolloLink.from([hashing, terminal])).query({ query });
    assert.ok(Object.values(data.viewer).includes("Ada"), visitor);
  }
  assert.deepEqual(naming(sent), ["hash", "both", "hash"]);
});

await check("a subscription over a WebSocket", async () => {
  const { data } = await listen(new GraphQLWsLink(createClient(socketOf("ada"))));
  assert.equal(data.documentEvents.comment.author.name, "Ben");
});

await check("a subscription over HTTP, in parts", async () => {
  const { data } = await listen(http);
  assert.equal(data.documentEvents.comment.author.name, "Ben");
});

await check("a deferred part", async () => {
  const [first, ...later] = await results(operations.DEFERRED);
  assert.equal(first.repository.name, "engine");
  assert.equal(first.repository.commits, undefined);
  assert.equal(later.at(-1).repository.commits.totalCount, 3);
});

await check("a streamed list", async () => {
  const lengths = (await results(operations.STREAMED)).map(({ repository }) => repository.commits.nodes.length);
  assert.deepEqual([lengths[0], lengths.at(-1)], [1, 3]);
});

await check("a deferred part in a streamed list", async () => {
  const seen = (await results(operations.STREAMED_AND_DEFERRED)).map(({ repository }) => repository.commits.nodes);
  assert.equal(seen[0].length, 1);
  assert.equal(new Set(seen.at(-1).map(({ sha }) => sha)).size, 3);
});

await check("a deferred part for a client of the older generation", async () => {
  const [first, ...later] = await results(operations.DEFERRED, new Defer20220824Handler());
  assert.equal(first.repository.commits, undefined);
  assert.equal(later.at(-1).repository.commits.totalCount, 3);
});

await check("a streamed list for a client of the older generation", async () => {
  const answers = await results(operations.STREAMED, new Defer20220824Handler());
  const lengths = answers.map(({ repository }) => repository.commits.nodes.length);
  assert.deepEqual([lengths[0], lengths.at(-1)], [1, 3]);
});

process.exit();

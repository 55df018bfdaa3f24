// Relay: its compiler takes the schema, and its runtime is used as its hooks for React use it.
import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { createClient } from "graphql-ws";
import { meros } from "meros/browser";
import relay from "relay-runtime";
import { assert, check, hear, naming, noted, signedIn, socketOf, world } from "./checks.mjs";

const { Environment, Network, Observable, RecordSource, Store } = relay;
const { commitMutation, fetchQuery, requestSubscription } = relay;
const { createOperationDescriptor, getPaginationVariables, getRefetchMetadata, getSelector } = relay;

const ARTIFACTS = "node_modules/.relay";
const require = createRequire(import.meta.url);
const socket = createClient(socketOf("ada"));

/** The compiled operations of a folder: a function that gives an artifact by its name, and the texts by their hash. */
async function compiled(folder) {
  const artifacts = `${ARTIFACTS}/${folder}`;
  const config = {
    src: `../../../relay/${folder}`,
    schema: "../../../../../graphql_schema/schema.graphql",
    language: "javascript",
    artifactDirectory: ".",
    eagerEsModules: false,
    persistConfig: { file: "persisted.json", algorithm: "SHA256" },
  };
  await rm(artifacts, { recursive: true, force: true });
  await mkdir(artifacts, { recursive: true });
  await writeFile(`${artifacts}/persisted.json`, "{}");
  await writeFile(`${artifacts}/relay.config.json`, JSON.stringify(config));
  const compiler = require.resolve("relay-compiler/cli.js");
  await promisify(execFile)(process.execPath, [compiler, "relay.config.json"], { cwd: artifacts });
  const texts = JSON.parse(await readFile(`${artifacts}/persisted.json`));
  return { artifact: (name) => require(`./${artifacts}/${name}.graphql.js`), texts };
}

/** An environment whose network sends the texts of the compiled operations. */
function environment(texts, ask = askOnce) {
  const request = ({ id, name }, variables) => ({ query: texts[id], operationName: name, variables });
  const fetch = (params, variables) => ask(request(params, variables));
  const subscribe = (params, variables) =>
    Observable.create((sink) => socket.subscribe(request(params, variables), sink));
  return new Environment({ network: Network.create(fetch, subscribe), store: new Store(new RecordSource()) });
}

const post = (body, headers = {}, send = fetch) =>
  send(world.url, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...signedIn("ada"), ...headers },
    body: JSON.stringify(body),
  });

const askOnce = async (body) => (await post(body)).json();

/** The parts of an incremental answer as Relay wants them: each with its path and label, and the last marked. */
const askInParts = (body) =>
  Observable.create((sink) => {
    translate(body, sink).then(sink.complete, sink.error);
  });

async function translate(body, sink) {
  for await (const { body: part } of await meros(await post(body, { Accept: "multipart/mixed" }))) {
    const extensions = { is_final: !part.hasNext };
    if (part.data) sink.next({ data: part.data, extensions });
    for (const { data, path, label } of part.incremental ?? []) sink.next({ data, path, label, extensions });
  }
}

/** What a component with this fragment would be given. */
function read(relayed, fragment, reference) {
  return relayed.lookup(getSelector(fragment, reference)).data;
}

const application = compiled("application");
application.catch(() => {}); // every check below says it

await check("the compiler takes the schema", async () => {
  assert.ok(Object.keys((await application).texts).length);
});

await check("a query", async () => {
  const { artifact, texts } = await application;
  const relayed = environment(texts);
  const { viewer } = await fetchQuery(relayed, artifact("trellisViewerQuery"), {}).toPromise();
  assert.equal(viewer.name, "Ada");
});

await check("the next page of a connection, as usePaginationFragment loads it", async () => {
  const { artifact, texts } = await application;
  const relayed = environment(texts);
  const fragment = artifact("trellisCommits_repository");
  const query = artifact("trellisCommitsQuery");
  const { repository } = await fetchQuery(relayed, query, { repository: world.ids.engine }).toPromise();
  const first = read(relayed, fragment, repository);
  const { refetch } = fragment.metadata;
  const { endCursor } = first.commits.pageInfo;
  const page = getPaginationVariables("forward", 2, endCursor, { id: first.id }, {}, refetch.connection);
  await fetchQuery(relayed, getRefetchMetadata(fragment, "test").refetchableRequest, page).toPromise();
  const { commits } = read(relayed, fragment, repository);
  assert.deepEqual([first.commits.edges.length, commits.edges.length], [2, 3]);
  assert.deepEqual([first.commits.pageInfo.hasNextPage, commits.pageInfo.hasNextPage], [true, false]);
});

await check("a mutation appends to a connection in the store", async () => {
  const { artifact, texts } = await application;
  const relayed = environment(texts);
  const fragment = artifact("trellisThread_thread");
  const query = artifact("trellisThreadQuery");
  const { node } = await fetchQuery(relayed, query, { thread: world.ids.thread_0 }).toPromise();
  const { comments } = read(relayed, fragment, node.thread);
  const input = { threadId: world.ids.thread_0, content: "Appended" };
  const mutation = artifact("trellisAddCommentMutation");
  const variables = { input, connections: [comments.__id] };
  await new Promise((onCompleted, onError) => commitMutation(relayed, { mutation, variables, onCompleted, onError }));
  assert.equal(read(relayed, fragment, node.thread).comments.edges.at(-1).node.content, "Appended");
});

await check("a subscription", async () => {
  const { artifact, texts } = await application;
  const relayed = environment(texts);
  const subscription = artifact("trellisDocumentEventsSubscription");
  const variables = { document: world.ids.requirements };
  const { documentEvents } = await hear((onNext, onError) => {
    return requestSubscription(relayed, { subscription, variables, onNext, onError }).dispose;
  });
  assert.equal(documentEvents.comment.author.name, "Ben");
});

await check("an operation by the hash that the compiler gave it", async () => {
  const { sent, fetch } = noted();
  const { artifact, texts } = await application;
  const { id, name } = artifact("trellisViewerQuery").params;
  const hashed = { operationName: name, extensions: { persistedQuery: { version: 1, sha256Hash: id } } };
  const ask = async (body) => (await post(body, {}, fetch)).json();
  assert.equal((await ask(hashed)).errors[0].extensions.code, "PERSISTED_QUERY_NOT_FOUND");
  for (const body of [{ ...hashed, query: texts[id] }, hashed]) {
    assert.equal((await ask(body)).data.viewer.name, "Ada");
  }
  assert.deepEqual(naming(sent), ["hash", "both", "hash"]);
});

await check("a deferred fragment", async () => {
  const { artifact, texts } = await compiled("deferred");
  const relayed = environment(texts, askInParts);
  const operation = createOperationDescriptor(artifact("deferredQuery"), { repository: world.ids.engine });
  const seen = [];
  await new Promise((complete, error) => {
    const next = () => {
      const { repository } = relayed.lookup(operation.fragment).data;
      const { commits } = read(relayed, artifact("deferredMore_repository"), repository);
      seen.push([repository.name, commits?.totalCount]);
    };
    relayed.execute({ operation }).subscribe({ next, complete, error });
  });
  assert.deepEqual([seen[0], seen.at(-1)], [["engine", undefined], ["engine", 3]]);
});

process.exit();

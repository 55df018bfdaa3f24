// What the programs of all clients share: the server's world, and the report to the test that started them.
import { strict as assert } from "node:assert";
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";
import WebSocket from "ws";
import { ADD_COMMENT } from "./operations.mjs";

export { assert };

/** `{url, socket, tokens, ids}`: two addresses, a token for each person, the global id of each object by its name. */
export const world = JSON.parse(process.argv[2]);

const DEADLINE = 20_000; // milliseconds, for a machine that is busy
const PATIENCE = 5_000;
const BETWEEN_TWO_WORDS = 50;

/** Runs a check and reports it in one line of JSON: its name, and the reason why it failed or null. */
export async function check(name, run) {
  const late = delay(DEADLINE, "There was nothing more to hear in time.");
  const reason = await Promise.race([run().then(() => null), late]).catch((error) => error.stack ?? inspect(error));
  console.log(JSON.stringify({ check: name, reason }));
}

/** The headers of a person. With the second, a request by GET cannot come from a page of another site. */
export const signedIn = (person) => ({
  Authorization: `Bearer ${world.tokens[person]}`,
  "GraphQL-Require-Preflight": "1",
});

/** The options of a graphql-ws client that speaks for a person. */
export const socketOf = (person) => ({
  url: world.socket,
  webSocketImpl: WebSocket,
  retryAttempts: 0,
  connectionParams: signedIn(person),
});

/** A `fetch`, and the list of all requests that it has sent, each as `{method, query, extensions}`. */
export function noted() {
  const sent = [];
  const fetchAndNote = (address, options) => {
    const { query, extensions } = options.body ? JSON.parse(options.body) : parameters(address);
    sent.push({ method: options.method, query, extensions });
    return fetch(address, options);
  };
  return { sent, fetch: fetchAndNote };
}

function parameters(address) {
  const { query, extensions } = Object.fromEntries(new URL(address).searchParams);
  return { query, extensions: JSON.parse(extensions ?? null) };
}

/** How each of these requests named its document: `hash`, `text`, or `both`. */
export const naming = (sent) =>
  sent.map(({ query, extensions }) => (query ? (extensions?.persistedQuery ? "both" : "text") : "hash"));

/**
 * The first that a subscription to the requirements hears. As nothing tells when it has begun, Ben talks until then.
 * `subscribe(next, fail)` starts it and returns how to stop it.
 */
export async function hear(subscribe) {
  let stop;
  const heard = new Promise((next, fail) => (stop = subscribe(next, fail)));
  heard.catch(() => {}); // it may fail while Ben is still talking
  try {
    for (const end = Date.now() + PATIENCE; Date.now() < end; ) {
      await say("Does anybody hear me?");
      const event = await Promise.race([heard, delay(BETWEEN_TWO_WORDS)]);
      if (event) return event;
    }
    throw new Error("Nothing was heard.");
  } finally {
    stop();
  }
}

async function say(content) {
  const body = JSON.stringify({ query: ADD_COMMENT, variables: { input: { threadId: world.ids.thread_0, content } } });
  const headers = { ...signedIn("ben"), "Content-Type": "application/json" };
  const answer = await (await fetch(world.url, { method: "POST", headers, body })).json();
  assert.deepEqual(answer.data.addComment.errors, []);
}

/** A query that nobody has sent before, for the name of the viewer. */
export const unheard = () => `query Persisted { viewer { as${randomUUID().slice(0, 8)}: name } }`;

/** Everything that an async iterable gives. */
export async function all(iterable) {
  const found = [];
  for await (const item of iterable) found.push(item);
  return found;
}

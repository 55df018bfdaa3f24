// The load: opens sockets, has comments written at a steady rate, and counts what each socket hears of them.
// Its argument names the file that says what to open; then each line of its input is a run, and is answered with a line.
import { readFileSync } from "node:fs";
import { RedisClient } from "bun";

const { addresses, topics, tokens, sockets, writer, redis, isPublished, query } = JSON.parse(
  readFileSync(process.argv[2], "utf8"),
);

const OPENING = 16; // sockets at a time
const PATIENCE = 120_000; // milliseconds until all sockets must have heard a first comment
const GRACE = 200; // milliseconds for what comes twice
const REMARK = "A remark of the benchmark, about as long as what people say who agree with each other.";
const ADD = `mutation AddComment($thread: ID!, $content: String!) {
  addComment(input: { threadId: $thread, content: $content }) { comment { id content createdAt } errors { code } }
}`;

const publisher = new RedisClient(redis);
const events = []; // by the number with which their comments begin
const opened = [];
let run = null;
let closed = 0;

// Listeners take the topics in turn; those of one topic are different people, and spread over the servers.
function open(index) {
  const topic = index % topics.length;
  const turn = Math.floor(index / topics.length);
  const socket = { index, topic, heard: 0 };
  const address = addresses[turn % addresses.length];
  const connection = new WebSocket(address, { protocols: "graphql-transport-ws", perMessageDeflate: false });
  const send = (message) => connection.send(JSON.stringify(message));
  const authorization = `Bearer ${tokens[turn % tokens.length]}`;
  return new Promise((resolve, reject) => {
    connection.onopen = () => send({ type: "connection_init", payload: { authorization } });
    connection.onclose = ({ code, reason }) => {
      closed += 1;
      reject(new Error(`A socket was closed: ${code} ${reason}`));
    };
    connection.onmessage = () => {
      connection.onmessage = ({ data }) => hear(socket, data);
      send({ id: "1", type: "subscribe", payload: { query, variables: { document: topics[topic].document } } });
      resolve(socket);
    };
  });
}

function hear(socket, text) {
  const now = performance.now();
  const event = events[/"content":\s?"(\d+) /.exec(text)?.[1]];
  if (event?.topic !== socket.topic) return complain(text);
  socket.heard += 1;
  if (!event.run || event.run !== run) return;
  if (event.counts[socket.index]++) {
    run.doubled += 1;
    return;
  }
  run.waits[run.delivered++] = now - event.at;
  if (run.texts.length < run.kept) run.texts.push(text);
  if (run.delivered === run.expected) run.finish();
}

function complain(text) {
  if (!run) console.error(text.slice(0, 500));
  else if (!run.wrong++) run.complaint = text.slice(0, 500);
}

// A comment is added by a mutation, unless there is too much to do. Servers that do not hear of it by the outbox are told as soon as it is there.
async function write(topic) {
  const event = { topic, run, at: performance.now(), counts: run && new Uint8Array(sockets) };
  const number = events.push(event) - 1;
  const variables = { thread: topics[topic].thread, content: `${number} ${REMARK}` };
  const authorization = `Bearer ${tokens[number % tokens.length]}`;
  const response = await fetch(writer, {
    method: "POST",
    headers: { "Content-Type": "application/json", authorization },
    body: JSON.stringify({ query: ADD, variables }),
  });
  const { data, errors } = await response.json();
  const comment = data?.addComment?.comment;
  if (!comment) {
    console.error(JSON.stringify(errors ?? data));
    return null;
  }
  if (isPublished) {
    event.at = performance.now();
    await publisher.publish(`comments:${topics[topic].document}`, JSON.stringify({ kind: "COMMENT_ADDED", comment }));
  }
  return comment;
}

// Nothing says that a subscription has begun, but that it is heard.
async function listen() {
  const deadline = performance.now() + PATIENCE;
  while (opened.some((socket) => !socket.heard)) {
    if (performance.now() > deadline) throw new Error("Not every socket hears what is said.");
    await Promise.all(topics.map((_, topic) => write(topic)));
    await Bun.sleep(500);
  }
}

async function measure({ count, rate, wait, kept }) {
  const { promise: finished, resolve: finish } = Promise.withResolvers();
  const closedBefore = closed;
  const most = count * Math.ceil(sockets / topics.length);
  run = { delivered: 0, doubled: 0, wrong: 0, waits: new Float64Array(most), texts: [], kept, finish };
  const started = performance.now();
  const { written, lag } = await writeAll(count, rate, started);
  const expected = written.reduce((sum, comment, number) => sum + (comment ? listeners[number % topics.length] : 0), 0);
  run.expected = expected;
  if (run.delivered === expected) finish();
  await Promise.race([finished, Bun.sleep(wait * 1000)]);
  const seconds = (performance.now() - started) / 1000;
  await Bun.sleep(GRACE);
  const { delivered, doubled, wrong, complaint, waits, texts } = run;
  run = null;
  const sorted = waits.subarray(0, delivered).sort();
  const times = { p50: sorted[delivered >> 1], p99: sorted[Math.floor(delivered * 0.99)], longest: sorted.at(-1) };
  const counts = { expected, delivered, doubled, wrong, complaint, closed: closed - closedBefore };
  return { ...counts, refused: written.filter((comment) => !comment).length, ...times, seconds, lag, texts, written };
}

// The rate is kept whatever the server does; `lag` is by how much this process was late itself.
async function writeAll(count, rate, started) {
  const writing = [];
  let lag = 0;
  for (let number = 0; number < count; number++) {
    const late = performance.now() - started - (number * 1000) / rate;
    if (late < 0) await Bun.sleep(-late);
    lag = Math.max(lag, late);
    writing.push(write(number % topics.length));
  }
  return { written: await Promise.all(writing), lag };
}

const indexes = Array.from({ length: sockets }, (_, index) => index).values();
const opening = async () => {
  for (const index of indexes) opened.push(await open(index));
};
await Promise.all(Array.from({ length: OPENING }, opening));
await listen();
const listeners = topics.map((_, topic) => opened.filter((socket) => socket.topic === topic).length);
console.log(JSON.stringify({ opened: opened.length }));
for await (const line of console) if (line) console.log(JSON.stringify(await measure(JSON.parse(line))));
process.exit();

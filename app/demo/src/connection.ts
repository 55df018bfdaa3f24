// The one connection of a window, on which all operations run. When it is lost it is made again, and graphql-ws sends
// again what had no answer: subscriptions go on behind their last cursor (see `graph.ts`), and a mutation, sent twice
// with one idempotency key, is done once. Where the session has ended there is nothing to make again.
import { type Client, createClient } from "graphql-ws";
import { type Store, store } from "./store";

export type State = "connecting" | "live" | "away" | "ended";

export interface Connection {
  socket: Client;
  state: Store<State>;
  /** Whether what is heard now came while we were away. */
  isCatchingUp(): boolean;
  /** Something was heard: it takes a second of silence to have caught up. */
  heard(): void;
  /** Lose the connection on purpose, until `comeBack`. */
  leave(): void;
  comeBack(): void;
}

const PING = 4_000;
const PATIENCE = 3_000;
const QUIET = 1_000;
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5_000;
const COMING_BACK = "comingback";
const SESSION_ENDED = 4403;

export function connect(token: string): Connection {
  const state = store<State>("connecting");
  let isHeld = false;
  let caughtUp = 0;
  let silence: ReturnType<typeof setTimeout>;

  const url = new URL("graphql", location.href);
  url.protocol = url.protocol.replace("http", "ws");

  const socket = createClient({
    url: url.href,
    connectionParams: { authorization: `Bearer ${token}` },
    lazy: false,
    keepAlive: PING,
    shouldRetry: (event) => codeOf(event) !== SESSION_ENDED,
    retryAttempts: Infinity,
    // At random, so that not everybody comes back at once to a server that has restarted; and ever less often, because
    // browsers slow down whoever fails often.
    retryWait: async (retries) => {
      const longest = Math.min(FIRST_PAUSE * 2 ** retries, LONGEST_PAUSE);
      do await Promise.race([pause(longest * (0.5 + Math.random() / 2)), told("online"), told(COMING_BACK)]);
      while (isHeld);
    },
    onNonLazyError: () => undefined,
    on: {
      connected() {
        if (state.get() === "away") caughtUp = Date.now() + QUIET;
        state.set("live");
      },
      closed(event) {
        clearTimeout(silence);
        state.set(codeOf(event) === SESSION_ENDED ? "ended" : "away");
      },
      // A network that is gone does not say so: whoever does not answer a ping is not there.
      ping(received) {
        if (!received) silence = setTimeout(() => socket.terminate(), PATIENCE);
      },
      pong(received) {
        if (received) clearTimeout(silence);
      },
    },
  });

  addEventListener("offline", () => socket.terminate());

  return {
    socket,
    state,
    isCatchingUp: () => Date.now() < caughtUp,
    heard() {
      if (Date.now() < caughtUp) caughtUp = Date.now() + QUIET;
    },
    leave() {
      isHeld = true;
      socket.terminate();
    },
    comeBack() {
      isHeld = false;
      dispatchEvent(new Event(COMING_BACK));
    },
  };
}

const codeOf = (event: unknown) => (event as CloseEvent).code;
const told = (event: string) => new Promise((resolve) => addEventListener(event, resolve, { once: true }));
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

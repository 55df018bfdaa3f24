// graphql-ws on ws as its documentation starts a server, with ioredis: one connection to Redis, an iterator a listener.
// With `read` it reads each comment from PostgreSQL, once for all its listeners; with `payload` it shows what it heard.
import { EventEmitter, on } from "node:events";
import { buildSchema } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { Redis } from "ioredis";
import pg from "pg";
import { WebSocketServer } from "ws";

// PostgreSQL's own text of a time, made ISO 8601: a Date would cost more and drop the microseconds.
pg.types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, (text) => `${text.replace(" ", "T")}:00`);

const KEPT = 1000; // milliseconds

const schema = buildSchema(`
  type Query { hello: String }
  type Subscription { documentEvents(documentId: ID!): DocumentEvent! }
  type DocumentEvent { kind: String! comment: Comment }
  type Comment { id: ID! content: String! createdAt: String! }
`);

// The address is that of a Unix socket, which it wants without a scheme.
const redis = new Redis(process.env.REDIS_URL.replace("unix://", ""));
const events = new EventEmitter().setMaxListeners(0);
redis.on("message", (channel, text) => events.emit(channel, JSON.parse(text)));

schema.getSubscriptionType().getFields().documentEvents.subscribe = async function* (_, { documentId }) {
  const channel = `comments:${documentId}`;
  await redis.subscribe(channel);
  for await (const [event] of on(events, channel)) yield { documentEvents: event };
};

if (process.argv[2] === "read") {
  // PGHOST, PGPORT, PGUSER and PGDATABASE say where the database is.
  const pool = new pg.Pool({ max: 10, options: "-c timezone=UTC" });
  const text = `SELECT id, content, created_at AS "createdAt" FROM comments WHERE id = $1`;
  const read = async (id) => (await pool.query({ name: "comment", text, values: [id.slice("cmt_".length)] })).rows[0];
  const reads = new Map();
  const readOnce = (id) => {
    if (!reads.has(id)) {
      reads.set(id, read(id));
      setTimeout(() => reads.delete(id), KEPT);
    }
    return reads.get(id);
  };
  schema.getType("DocumentEvent").getFields().comment.resolve = ({ comment }) => readOnce(comment.id);
}

useServer({ schema }, new WebSocketServer({ host: "127.0.0.1", port: Number(process.env.PORT), path: "/graphql" }));

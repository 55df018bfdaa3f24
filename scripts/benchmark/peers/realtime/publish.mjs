// The limit: Bun's own WebSocket server, whose `publish` sends the bytes that it heard to everybody in a topic. It reads
// no GraphQL, and knows of the protocol no more than how a conversation begins.
import { RedisClient } from "bun";

const redis = new RedisClient(process.env.REDIS_URL.replace("unix://", "redis+unix://"));
const topics = new Set();

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT),
  fetch: (request, server) =>
    server.upgrade(request, { headers: { "Sec-WebSocket-Protocol": "graphql-transport-ws" } })
      ? undefined
      : new Response(null, { status: 404 }),
  websocket: {
    message(socket, text) {
      const { type, payload } = JSON.parse(text);
      if (type === "connection_init") socket.send('{"type":"connection_ack"}');
      if (type === "subscribe") join(socket, `comments:${payload.variables.document}`);
    },
  },
});

function join(socket, topic) {
  socket.subscribe(topic);
  if (topics.has(topic)) return;
  topics.add(topic);
  redis.subscribe(topic, (event) => {
    server.publish(topic, `{"id":"1","type":"next","payload":{"data":{"documentEvents":${event}}}}`);
  });
}

// Sends operations to this server; subscriptions over a socket that carries the same headers as its first message.
import { createGraphiQLFetcher } from "@graphiql/toolkit";

const ENDPOINT = new URL("graphql", location.href);
const SOCKET = Object.assign(new URL(ENDPOINT), { protocol: ENDPOINT.protocol.replace("http", "ws") });

/** A fetcher that asks as the owner of the token, unless the headers editor says otherwise. */
export function authorizedFetcher(token) {
  const fetcher = createGraphiQLFetcher({ url: ENDPOINT.href, subscriptionUrl: SOCKET.href, enableIncrementalDelivery: false });
  const authorization = token ? { authorization: `Bearer ${token}` } : {};
  return (operation, options) =>
    fetcher(operation, { ...options, headers: { ...authorization, ...lowercased(options?.headers) } });
}

// `Authorization` typed into the headers editor must replace the token's `authorization`, not join it.
function lowercased(headers = {}) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

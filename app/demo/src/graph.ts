// Apollo Client over the connection: operations by the ids of trusted documents, subscriptions that go on where they
// were, and a cache that forgets what is ours no more. Where events are lost, all that is shown is read again.
import { ApolloClient, ApolloLink, InMemoryCache, Observable } from "@apollo/client";
import type { DocumentNode, FormattedExecutionResult, GraphQLFormattedError } from "graphql";
import { OperationTypeNode } from "graphql";
import type { Connection } from "./connection";
import { isMissing } from "./news";

const ENDED = "Your session has ended. Sign in again, and send it then.";

type Result = FormattedExecutionResult<Record<string, unknown>, Record<string, unknown>>;

export function createGraph(connection: Connection): ApolloClient {
  const cache = new InMemoryCache();
  const client: ApolloClient = new ApolloClient({ cache, link: new ApolloLink(send) });

  function send(operation: ApolloLink.Operation): Observable<ApolloLink.Result> {
    const isChange = operation.operationType === OperationTypeNode.MUTATION && !operation.getContext().isFleeting;
    const request = {
      query: "",
      documentId: idOf(operation.query),
      variables: { ...operation.variables },
      extensions: isChange ? { idempotencyKey: crypto.randomUUID() } : {},
    };
    return new Observable((sink) => {
      if (hasEnded()) return sink.error(new Error(ENDED));
      return connection.socket.subscribe<Record<string, unknown>, Record<string, unknown>>(request, {
        next(result) {
          connection.heard();
          const cursor = cursorOf(result);
          // graphql-ws sends this very request again after it has reconnected.
          if (cursor) request.variables.after = cursor;
          if (result.extensions?.gap) isMissing.set(true);
          if (!heed(result.errors)) sink.next(result as ApolloLink.Result);
        },
        error(reason) {
          const errors = Array.isArray(reason) ? (reason as GraphQLFormattedError[]) : undefined;
          heed(errors);
          if (!errors) return sink.error(hasEnded() ? new Error(ENDED) : reason);
          sink.next({ errors });
          sink.complete();
        },
        complete: () => sink.complete(),
      });
    });
  }

  const hasEnded = () => connection.state.get() === "ended";

  /** Act on what the server says of what we show; whether there is nothing else to do about it. */
  function heed(errors: readonly GraphQLFormattedError[] = []): boolean {
    const codes = errors.map((error) => error.extensions?.code);
    if (codes.includes("FORBIDDEN")) forget(errors.flatMap((error) => (error.extensions?.ids as string[]) ?? []));
    if (codes.includes("HISTORY_GAP")) isMissing.set(true);
    if (codes.includes("FORBIDDEN") || codes.includes("HISTORY_GAP")) void client.refetchQueries({ include: "active" });
    return codes.length > 0 && codes.every((code) => code === "HISTORY_GAP");
  }

  function forget(ids: string[]) {
    const names = Object.keys(cache.extract()).filter((name) => ids.some((id) => name.endsWith(`:${id}`)));
    names.forEach((id) => cache.evict({ id }));
    cache.gc();
  }

  return client;
}

// GraphQL Code Generator leaves the id of a document in it, and their texts in `persisted-documents.json`.
const idOf = (document: DocumentNode) => (document as DocumentNode & { __meta__: { hash: string } }).__meta__.hash;

/** The place behind an event, or behind those that we were too slow for. */
function cursorOf({ data, errors }: Result): string | undefined {
  const [event] = Object.values(data ?? {}) as ({ cursor?: string } | null)[];
  return event?.cursor ?? (errors?.[0]?.extensions?.cursor as string | undefined);
}

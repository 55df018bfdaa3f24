// The window of one person: who they are, their connection, and what they have on their desk.
import { ApolloProvider } from "@apollo/client/react";
import { use, useState } from "react";
import { connect } from "./connection";
import { Desk } from "./Desk";
import { createGraph } from "./graph";
import { SessionContext, signIn } from "./session";

const sessions = new Map<string, ReturnType<typeof open>>();

async function open(as: string) {
  const session = await signIn(as);
  const connection = connect(session.token);
  return { session: { ...session, connection }, graph: createGraph(connection) };
}

export function Window({ as }: { as: string }) {
  const [opened] = useState(() => {
    if (!sessions.has(as)) sessions.set(as, open(as));
    return sessions.get(as)!;
  });
  const { session, graph } = use(opened);
  return (
    <SessionContext value={session}>
      <ApolloProvider client={graph}>
        <Desk />
      </ApolloProvider>
    </SessionContext>
  );
}

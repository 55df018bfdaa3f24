// GraphiQL under a slim bar that says who is asking.
import { explorerPlugin } from "@graphiql/plugin-explorer";
import { HISTORY_PLUGIN } from "@graphiql/plugin-history";
import { GraphiQL } from "graphiql";
import { useMemo, useState } from "react";
import { SignIn } from "./SignIn.jsx";
import { authorizedFetcher } from "./fetcher.js";
import { keptToken } from "./session.js";
import { useToken } from "./token.js";
import logo from "./trellis.svg";
import welcome from "./welcome.graphql?raw";

const PLUGINS = [HISTORY_PLUGIN, explorerPlugin()];

export function Console() {
  const [token, setToken] = useToken();
  const [session, setSession] = useState(0);
  // A new fetcher makes GraphiQL read the schema again: what it may show depends on who asks.
  const fetcher = useMemo(() => authorizedFetcher(token || keptToken()), [token, session]);

  return (
    <>
      <header className="bar">
        <img src={logo} alt="" />
        <h1>Trellis</h1>
        <SignIn token={token} onToken={setToken} onChange={() => setSession(session + 1)} />
      </header>
      <main>
        <GraphiQL fetcher={fetcher} plugins={PLUGINS} defaultQuery={welcome} shouldPersistHeaders>
          <GraphiQL.Logo>{""}</GraphiQL.Logo>
        </GraphiQL>
      </main>
    </>
  );
}

// GraphiQL under a slim bar that says who is asking.
import { explorerPlugin } from "@graphiql/plugin-explorer";
import { HISTORY_PLUGIN } from "@graphiql/plugin-history";
import { GraphiQL } from "graphiql";
import { useMemo } from "react";
import { SignIn } from "./SignIn.jsx";
import { authorizedFetcher } from "./fetcher.js";
import { useToken } from "./token.js";
import logo from "./trellis.svg";
import welcome from "./welcome.graphql?raw";

const PLUGINS = [HISTORY_PLUGIN, explorerPlugin()];

export function Console() {
  const [token, setToken] = useToken();
  // A new fetcher makes GraphiQL read the schema again: what it may show depends on who asks.
  const fetcher = useMemo(() => authorizedFetcher(token), [token]);

  return (
    <>
      <header className="bar">
        <img src={logo} alt="" />
        <h1>Trellis</h1>
        <SignIn token={token} onToken={setToken} />
      </header>
      <main>
        <GraphiQL fetcher={fetcher} plugins={PLUGINS} defaultQuery={welcome} shouldPersistHeaders>
          <GraphiQL.Logo>{""}</GraphiQL.Logo>
        </GraphiQL>
      </main>
    </>
  );
}

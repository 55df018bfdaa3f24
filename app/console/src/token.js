// A token that was pasted, for this browser tab: two tabs may be two people. A link `/graphiql#token=…` brings one along.
import { useEffect, useState } from "react";

const KEY = "trellis:token";

/** `[token, setToken]`, where no token is the empty string. */
export function useToken() {
  const [token, setToken] = useState(() => tokenOfLink() ?? sessionStorage.getItem(KEY) ?? "");

  useEffect(() => sessionStorage.setItem(KEY, token), [token]);
  useEffect(() => {
    const follow = () => setToken((current) => tokenOfLink() ?? current);
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);

  return [token, setToken];
}

// The fragment never reaches a server; taking it out of the address keeps it out of bookmarks and screenshots too.
function tokenOfLink() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token !== null) history.replaceState(null, "", location.pathname + location.search);
  return token;
}

// The place to paste a token, and the answer to whose token it is.
import { useEffect, useState } from "react";
import { authorizedFetcher } from "./fetcher.js";

export function SignIn({ token, onToken }) {
  return (
    <form className="sign-in" onSubmit={(event) => event.preventDefault()}>
      <output>{useWhoIsAsking(token)}</output>
      <label htmlFor="token">Token</label>
      <input
        id="token"
        type="password"
        autoComplete="off"
        spellCheck={false}
        placeholder="paste a token"
        value={token}
        onChange={(event) => onToken(event.target.value.trim())}
      />
      {token && (
        <button type="button" onClick={() => onToken("")}>
          Sign out
        </button>
      )}
    </form>
  );
}

function useWhoIsAsking(token) {
  const [sentence, setSentence] = useState("");
  useEffect(() => {
    let current = true;
    whoIsAsking(token).then((answer) => current && setSentence(answer));
    return () => {
      current = false;
    };
  }, [token]);
  return sentence;
}

async function whoIsAsking(token) {
  if (!token) return "Nobody is signed in";
  try {
    const { data } = await authorizedFetcher(token)({ query: "{ viewer { name } }" });
    return data?.viewer ? `You are ${data.viewer.name}` : "This token is not accepted";
  } catch {
    return "The server does not answer";
  }
}

// Providers with whose accounts people sign in, as the operator has set them up.
import { useEffect, useState } from "react";

/** `[{ name, title }]`; empty where the server has none. */
export function useProviders() {
  const [providers, setProviders] = useState([]);
  useEffect(() => {
    fetch(new URL("auth/providers", location.href))
      .then((response) => (response.ok ? response.json() : []))
      .then(setProviders, () => undefined);
  }, []);
  return providers;
}

/** The address that leads to a provider, and from there to a path of ours. */
export function leadingTo(name, target) {
  return `auth/${name}?return=${encodeURIComponent(target)}`;
}

// How somebody came to the page: with the token of a link in a mail, with an error of a provider, or from another page.
// What only its owner may know is taken out of the address before anything else happens.
const TOKENS = ["verify", "reset", "link"];
const INVITATION = "trellis:invitation";

/** `{ kind, token, error, invitation, target }`: what the address says, each where it says it. */
export function arrival() {
  const given = new URLSearchParams(location.search);
  const kind = TOKENS.find((name) => given.get(name));
  // Whoever has to register, or signs in with a provider, comes back in another tab or another way.
  if (given.get("invitation")) localStorage.setItem(INVITATION, given.get("invitation"));
  const target = given.get("return");
  history.replaceState(null, "", location.pathname + (target ? `?return=${encodeURIComponent(target)}` : ""));
  return {
    kind,
    token: kind && given.get(kind),
    error: given.get("error"),
    invitation: localStorage.getItem(INVITATION),
    target: target && ownPath(target),
  };
}

/** Forget the invitation, which was answered. */
export function answered() {
  localStorage.removeItem(INVITATION);
}

// Another site must not have people believe that they are still here.
function ownPath(path) {
  const url = URL.canParse(path, location.href) ? new URL(path, location.href) : null;
  return url?.origin === location.origin ? url.pathname + url.search + url.hash : null;
}

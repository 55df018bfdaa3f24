// How somebody came to the page: with the token of a link in a mail, with an error of a provider, or from another page.
// What only its owner may know is taken out of the address before anything else happens.
const TOKENS = ["verify", "email", "reset", "link"];
const INVITATION = "trellis:invitation";

/** `{ kind, token, error, invitation, target }`: what the address says, each where it says it. */
export function arrival() {
  const given = new URLSearchParams(location.search);
  const kind = TOKENS.find((name) => given.get(name));
  // Whoever signs in with a provider leaves the page, and comes back to be asked for the invitation.
  if (given.get("invitation")) sessionStorage.setItem(INVITATION, given.get("invitation"));
  const target = given.get("return");
  history.replaceState(null, "", location.pathname + (target ? `?return=${encodeURIComponent(target)}` : ""));
  return {
    kind,
    token: kind && given.get(kind),
    error: given.get("error"),
    invitation: sessionStorage.getItem(INVITATION),
    target: target && ownPath(target),
  };
}

/** Forget the invitation, which was answered. */
export function answered() {
  sessionStorage.removeItem(INVITATION);
}

// Another site must not have people believe that they are still here.
function ownPath(path) {
  const url = URL.canParse(path, location.href) ? new URL(path, location.href) : null;
  return url?.origin === location.origin ? url.pathname + url.search + url.hash : null;
}

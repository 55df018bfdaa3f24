// What this browser is called in the list of sessions, and a passkey unless it is given another name.
const BROWSERS = { "Edg/": "Edge", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari" };
const SYSTEMS = { Android: "Android", iPhone: "iPhone", iPad: "iPad", Windows: "Windows", "Mac OS": "macOS", Linux: "Linux" };

export const DEVICE = [named(BROWSERS) ?? "Browser", named(SYSTEMS)].filter(Boolean).join(" on ");

function named(names) {
  const found = Object.keys(names).find((word) => navigator.userAgent.includes(word));
  return found && names[found];
}

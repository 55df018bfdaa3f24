// What others said while we were away, until it was seen, and whether more has happened than can be told; and what they
// say now, for those who listen to the page.
import { store } from "./store";

export const news = store<ReadonlySet<string>>(new Set());
export const isMissing = store(false);
export const lastSaid = store("");

export const isNew = (id: string) => news.set(new Set([...news.get(), id]));

export function allIsSeen() {
  news.set(new Set());
  isMissing.set(false);
}

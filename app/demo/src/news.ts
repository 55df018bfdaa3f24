// What others said while we were away, until it was seen; and what they say now, for those who listen to the page.
import { store } from "./store";

export const news = store<ReadonlySet<string>>(new Set());
export const lastSaid = store("");

export const isNew = (id: string) => news.set(new Set([...news.get(), id]));
export const allIsSeen = () => news.set(new Set());

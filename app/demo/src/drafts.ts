// What somebody types, kept until it is sent: a reload or a lost document does not take it away.
import { useState } from "react";

export function useDraft(name: string) {
  const key = `trellis:draft:${name}`;
  const [text, setText] = useState(() => sessionStorage.getItem(key) ?? "");
  const write = (next: string) => {
    setText(next);
    if (next) sessionStorage.setItem(key, next);
    else sessionStorage.removeItem(key);
  };
  /** Put what was refused before what was typed since. */
  const giveBack = (sent: string) => write([sent, sessionStorage.getItem(key)].filter(Boolean).join("\n\n"));
  return [text, write, giveBack] as const;
}

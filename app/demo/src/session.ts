// Who somebody is in this window. A server with demo data lets anybody be one of its people; yours has a sign-in.
import { createContext, use } from "react";
import type { Connection } from "./connection";

export interface Persona {
  /** The name in the address: `?as=ada`. */
  as: string;
  id: string;
  name: string;
}

export interface Session {
  me: Persona;
  people: Persona[];
  token: string;
}

const address = (path: string) => new URL(path, location.href);
const key = (as: string) => `trellis:demo:${as}`;

const everybody = (): Promise<Persona[]> => ask("demo/people");

export const people = everybody();

/** The session of a person. The token outlives a reload, in this tab only. */
export async function signIn(as: string): Promise<Session> {
  const me = (await people).find((person) => person.as === as);
  if (!me) throw new Error(`Nobody who is called “${as}” can sign in here.`);
  const token = sessionStorage.getItem(key(as)) ?? (await ask<{ token: string }>(`demo/people/${as}`, "POST")).token;
  sessionStorage.setItem(key(as), token);
  return { me, people: await people, token };
}

/** Whether somebody could sign in now. */
export const canSignIn = async (as: string) => (await everybody()).some((person) => person.as === as);

/** Begin again with another token: the one that we have does not hold any more. */
export function signInAgain(as: string) {
  sessionStorage.removeItem(key(as));
  location.reload();
}

async function ask<T>(path: string, method = "GET"): Promise<T> {
  const answer = await fetch(address(path), { method });
  if (!answer.ok) throw new Error(`The server answers ${answer.status} to ${path}.`);
  return answer.json();
}

export const SessionContext = createContext<(Session & { connection: Connection }) | null>(null);

export function useSession() {
  const session = use(SessionContext);
  if (!session) throw new Error("Nobody is signed in.");
  return session;
}

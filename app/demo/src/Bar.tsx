// The bar at the top: who we are, whether we are connected, and the bell.
import type { ReactNode } from "react";
import { Bell } from "./Bell";
import type { BellFragment } from "./graphql/graphql";
import { useSession } from "./session";
import { useStore } from "./store";
import logo from "./trellis.svg";

const WORDS = { connecting: "Connecting …", live: "Live", away: "Offline", ended: "Signed out" };

interface Props {
  viewer: BellFragment | null;
  onTold(): void;
  children: ReactNode;
}

export function Bar({ viewer, onTold, children }: Props) {
  const { me, people, connection } = useSession();
  const state = useStore(connection.state);
  return (
    <header className="bar">
      <img src={logo} alt="Trellis" />
      <label className="persona">
        <span className="unseen">You are</span>
        <select value={me.as} onChange={(event) => location.assign(`?as=${event.target.value}`)}>
          {people.map(({ as, name }) => (
            <option key={as} value={as}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {children}
      <span className={`state ${state}`} role="status">
        {WORDS[state]}
      </span>
      {state !== "ended" && (
        <button type="button" onClick={state === "away" ? connection.comeBack : connection.leave}>
          {state === "away" ? "Come back" : "Go offline"}
        </button>
      )}
      {viewer && <Bell viewer={viewer} onTold={onTold} />}
    </header>
  );
}

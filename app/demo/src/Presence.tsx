// Who has the document open, and who types there.
import { useSubscription } from "@apollo/client/react";
import { Face } from "./Face";
import { PresenceDocument } from "./graphql/graphql";
import { useSession } from "./session";
import { useStore } from "./store";

export function Presence({ documentId }: { documentId: string }) {
  const { me, connection } = useSession();
  const isLive = useStore(connection.state) === "live";
  const { data } = useSubscription(PresenceDocument, { variables: { id: documentId } });

  const here = (data?.documentPresence.people ?? []).filter((person) => person !== null);
  const typing = (data?.documentPresence.typing ?? []).filter((person) => person && person.id !== me.id);
  if (!isLive) return null; // nobody knows
  return (
    <div className="presence">
      <ul aria-label="Here now">
        {here.map(({ id, name }) => (
          <li key={id}>
            <Face name={name} title={`${name} is here`} />
            <span className="unseen">{name}</span>
          </li>
        ))}
      </ul>
      {typing.length > 0 && <p>{typing.map((person) => person!.name).join(", ")} is typing …</p>}
    </div>
  );
}

// Who of the people of the demo works on the project. Its owner lets them in, and takes them off.
import { useMutation, useSubscription } from "@apollo/client/react";
import { useState } from "react";
import { AddMemberDocument, type MembershipFragment, ProjectEventsDocument, RemoveMemberDocument } from "./graphql/graphql";
import { refusalOf } from "./refusals";
import { useSession } from "./session";

export function Members({ project }: { project: MembershipFragment }) {
  const { me, people } = useSession();
  const [add] = useMutation(AddMemberDocument);
  const [remove] = useMutation(RemoveMemberDocument);
  const [refusal, setRefusal] = useState<string>();
  useSubscription(ProjectEventsDocument, { variables: { id: project.id }, ignoreResults: true });

  if (project.owner.id !== me.id) return null;
  const others = people.filter(({ id }) => id !== me.id);
  return (
    <section className="members" aria-label="People of this project">
      {others.map(({ id, name }) => {
        const member = project.members.nodes.find(({ user }) => user.id === id);
        const toggle = () =>
          member
            ? remove({ variables: { input: { memberId: member.id } } })
            : add({ variables: { input: { projectId: project.id, members: [{ userId: id, role: "MEMBER" }] } } });
        return (
          <button
            key={id}
            type="button"
            className={member ? "" : "primary"}
            onClick={async () => setRefusal(await refusalOf(toggle()))}
          >
            {member ? `Take ${name} off` : `Add ${name} to the project`}
          </button>
        );
      })}
      {refusal && <p className="refusal" role="alert">{refusal}</p>}
    </section>
  );
}

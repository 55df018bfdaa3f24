// What somebody has on their desk: the document that they share with the others, their course, their notifications.
import { useQuery } from "@apollo/client/react";
import { useState } from "react";
import { Bar } from "./Bar";
import { Course } from "./Course";
import { Document } from "./Document";
import { Ended } from "./Ended";
import { DeskDocument, type MembershipFragment } from "./graphql/graphql";
import { Members } from "./Members";
import { News } from "./News";
import { Presence } from "./Presence";
import { type Persona, useSession } from "./session";

export function Desk() {
  const { people } = useSession();
  const { data, error, refetch } = useQuery(DeskDocument);
  const projects = data?.projects.nodes ?? [];
  const [opened, open] = useState<MembershipFragment>();
  const shared = projects.find((one) => people.every((person) => works(person, one)));
  const project = opened ? projects.find(({ id }) => id === opened.id) : (shared ?? projects[0]);
  if (project && !opened) open(project); // it stays open, whoever comes and goes
  const [document] = project?.documents.nodes ?? [];
  const [enrollment] = data?.viewer?.enrollments.nodes ?? [];

  return (
    <>
      <div className="top">
        <Bar viewer={data?.viewer ?? null} onTold={refetch}>
          {document && <Presence key={document.id} documentId={document.id} />}
        </Bar>
        <Ended />
        <News />
      </div>
      <main className="desk">
        {error && <p className="notice" role="alert">{error.message}</p>}
        <div className="strip">
          {enrollment?.course && <Course id={enrollment.course.id} />}
          {project && <Members project={project} />}
        </div>
        {project && document ? (
          <Document key={document.id} id={document.id} name={project.name} />
        ) : (
          data && <Nothing lost={opened} other={projects[0]} onOpen={open} />
        )}
      </main>
    </>
  );
}

interface NothingProps {
  lost?: MembershipFragment;
  other?: MembershipFragment;
  onOpen(project: MembershipFragment): void;
}

function Nothing({ lost, other, onOpen }: NothingProps) {
  return (
    <div className="notice" role="status">
      <p>
        {lost
          ? `You are no longer on “${lost.name}”. It opens again when somebody adds you, with what you typed there.`
          : "No project is open to you. When somebody adds you to one, it opens here."}
      </p>
      {other && (
        <button type="button" onClick={() => onOpen(other)}>
          Open “{other.name}”
        </button>
      )}
    </div>
  );
}

const works = ({ id }: Persona, project: MembershipFragment) =>
  project.owner.id === id || project.members.nodes.some(({ user }) => user.id === id);

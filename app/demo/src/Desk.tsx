// What somebody has on their desk: the document that they share with the others, their course, their notifications.
import { useQuery } from "@apollo/client/react";
import { useState } from "react";
import { Bar } from "./Bar";
import { Course } from "./Course";
import { Document } from "./Document";
import { DeskDocument, type MembershipFragment } from "./graphql/graphql";
import { Members } from "./Members";
import { News } from "./News";
import { Presence } from "./Presence";
import { type Persona, useSession } from "./session";

export function Desk() {
  const { people } = useSession();
  const { data, error, refetch } = useQuery(DeskDocument);
  const projects = data?.projects.nodes ?? [];
  const [opened, open] = useState<string>();
  const shared = projects.find((one) => people.every((person) => works(person, one)));
  const project = projects.find(({ id }) => id === opened) ?? shared ?? projects[0];
  if (project && project.id !== opened) open(project.id); // it stays open, whoever comes and goes
  const [document] = project?.documents.nodes ?? [];
  const [enrollment] = data?.viewer?.enrollments.nodes ?? [];

  return (
    <>
      <Bar viewer={data?.viewer ?? null} onTold={refetch}>
        {document && <Presence key={document.id} documentId={document.id} />}
      </Bar>
      <News />
      <main className="desk">
        {error && <p className="notice" role="alert">{error.message}</p>}
        <div className="strip">
          {enrollment?.course && <Course id={enrollment.course.id} />}
          {project && <Members project={project} />}
        </div>
        {project && document ? (
          <Document key={document.id} id={document.id} name={project.name} />
        ) : (
          data && <p className="notice">No project is open to you. When somebody adds you to one, it opens here.</p>
        )}
      </main>
    </>
  );
}

const works = ({ id }: Persona, project: MembershipFragment) =>
  project.owner.id === id || project.members.nodes.some(({ user }) => user.id === id);

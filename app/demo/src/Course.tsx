// How far we are in a course: on whichever of our devices we advance, all of them show it.
import { useMutation, useQuery, useSubscription } from "@apollo/client/react";
import { useState } from "react";
import { CompleteLessonDocument, CourseDocument, ProgressEventsDocument } from "./graphql/graphql";
import { refusalOf } from "./refusals";

export function Course({ id }: { id: string }) {
  const { data } = useQuery(CourseDocument, { variables: { id } });
  const [complete, { loading }] = useMutation(CompleteLessonDocument);
  const [refusal, setRefusal] = useState<string>();
  useSubscription(ProgressEventsDocument, { variables: { course: id }, ignoreResults: true });

  const course = data?.node && "modules" in data.node ? data.node : null;
  if (!course) return null;
  const lessons = course.modules.nodes.flatMap((module) => module.lessons.nodes);
  const next = lessons.find((lesson) => !lesson.viewerProgress?.completed);
  const { progressPercent = 0, completedLessons = 0 } = course.viewerProgress ?? {};
  return (
    <section className="course" aria-label="Your course">
      <h2>{course.title}</h2>
      <label>
        <progress max={100} value={progressPercent} /> {progressPercent} %, {completedLessons} of {lessons.length} lessons
      </label>
      {next && (
        <button
          type="button"
          disabled={loading}
          title={next.title}
          onClick={async () => setRefusal(await refusalOf(complete({ variables: { input: { lessonId: next.id } } })))}
        >
          Finish the next lesson
        </button>
      )}
      {refusal && <p className="refusal" role="alert">{refusal}</p>}
    </section>
  );
}

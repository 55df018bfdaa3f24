// A conversation about a place of the document.
import { useMutation } from "@apollo/client/react";
import { useState } from "react";
import { Composer } from "./Composer";
import { Face } from "./Face";
import {
  AddCommentDocument,
  type AddCommentMutation,
  ReopenThreadDocument,
  ResolveThreadDocument,
  type SaidFragment,
  type TalkFragment,
} from "./graphql/graphql";
import { news } from "./news";
import { Reactions } from "./Reactions";
import { refusalOf } from "./refusals";
import { type Persona, useSession } from "./session";
import { useStore } from "./store";
import { Text } from "./Text";
import { Moment } from "./Moment";

export function Thread({ thread, documentId }: { thread: TalkFragment; documentId: string }) {
  const { me } = useSession();
  const [isUnfolded, unfold] = useState(false);
  const [refusal, setRefusal] = useState<string>();
  const [addComment] = useMutation(AddCommentDocument);
  const [resolve] = useMutation(ResolveThreadDocument);
  const [reopen] = useMutation(ReopenThreadDocument);
  const fresh = useStore(news);

  const comments = thread.comments.nodes;
  const isResolved = thread.status === "RESOLVED";
  const isShown = !isResolved || isUnfolded || comments.some(({ id }) => fresh.has(id));
  const count = thread.comments.totalCount === 1 ? "1 comment" : `${thread.comments.totalCount} comments`;
  const input = { threadId: thread.id };

  const say = (content: string) =>
    refusalOf(
      addComment({
        variables: { input: { ...input, content } },
        optimisticResponse: answered(thread, content, me),
      }),
    );

  return (
    <section className={`thread ${isResolved ? "resolved" : ""}`} aria-label={`Thread at line ${thread.position.line + 1}`}>
      <header>
        <button
          type="button"
          className="title"
          aria-expanded={isShown}
          disabled={!isResolved}
          onClick={() => unfold(!isUnfolded)}
        >
          {isResolved ? `Resolved${thread.resolvedBy ? ` by ${thread.resolvedBy.name}` : ""}` : "Open"} · {count}
        </button>
        <button
          type="button"
          onClick={async () => setRefusal(await refusalOf((isResolved ? reopen : resolve)({ variables: { input } })))}
        >
          {isResolved ? "Reopen" : "Resolve"}
        </button>
      </header>
      {refusal && <p className="refusal" role="alert">{refusal}</p>}
      {isShown && (
        <>
          <ol>
            {comments.map((comment) => (
              <Comment key={comment.id} comment={comment} isFresh={fresh.has(comment.id)} />
            ))}
          </ol>
          {!isResolved && <Composer label="Reply" draft={thread.id} documentId={documentId} onSend={say} />}
        </>
      )}
    </section>
  );
}

function Comment({ comment, isFresh }: { comment: SaidFragment; isFresh: boolean }) {
  const { connection } = useSession();
  const state = useStore(connection.state);
  const isSent = !comment.id.startsWith("sending:");
  return (
    <li
      id={comment.id}
      tabIndex={-1}
      className={`comment ${isFresh ? "fresh" : ""} ${isSent ? "" : "sending"}`}
      data-fresh={isFresh || undefined}
    >
      <Face name={comment.author.name} />
      <div>
        <p className="by">
          <strong>{comment.author.name}</strong>{" "}
          {isSent ? <Moment at={comment.createdAt} /> : state === "live" ? "Sending …" : "Will be sent when you are back"}
          {isFresh && <span className="badge">New</span>}
        </p>
        <div className="said">
          <Text>{comment.content}</Text>
        </div>
        {isSent && <Reactions comment={comment} />}
      </div>
    </li>
  );
}

/** What the thread will look like once the comment is there. */
function answered(thread: TalkFragment, content: string, { id, name }: Persona): AddCommentMutation {
  const comment: SaidFragment = {
    __typename: "Comment",
    id: `sending:${crypto.randomUUID()}`,
    content,
    createdAt: new Date().toISOString(),
    editedAt: null,
    author: { __typename: "User", id, name },
    reactions: { __typename: "ReactionConnection", nodes: [] },
  };
  const { totalCount, nodes } = thread.comments;
  const comments = { ...thread.comments, totalCount: totalCount + 1, nodes: [...nodes, comment] };
  const said = { ...comment, thread: { ...thread, comments } };
  return { __typename: "Mutation", addComment: { __typename: "AddCommentPayload", comment: said, errors: [] } };
}

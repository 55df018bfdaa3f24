// The document with its threads below what they are about. What is heard of it goes into the cache, and from there to the page.
import { useMutation, useQuery, useSubscription } from "@apollo/client/react";
import { useEffect, useRef, useState } from "react";
import { beginning, type Block, blockAt, blocksOf } from "./blocks";
import { Composer } from "./Composer";
import {
  DocumentDocument,
  type DocumentQuery,
  type DocumentEventsSubscription,
  DocumentEventsDocument,
  OpenThreadDocument,
  type TalkFragment,
} from "./graphql/graphql";
import { Icon } from "./Icon";
import { isNew, lastSaid } from "./news";
import { refusalOf } from "./refusals";
import { useSession } from "./session";
import { useStore } from "./store";
import { Text } from "./Text";
import { Thread } from "./Thread";

export function Document({ id, name }: { id: string; name: string }) {
  const document = useDocument(id);
  const [commentedOn, commentOn] = useState<number>();
  const [openThread] = useMutation(OpenThreadDocument);

  if (!document) return <p className="notice">Opening {name} …</p>;

  const blocks = blocksOf(document.content);
  const threads = Map.groupBy(document.threads.nodes, ({ position }) => blockAt(blocks, position.line));

  async function open(block: Block, content: string) {
    commentOn(undefined);
    const input = { documentId: id, content, position: { line: block.first } };
    const refusal = await refusalOf(openThread({ variables: { input } }));
    if (refusal) commentOn(block.first);
    return refusal;
  }

  return (
    <article>
      <header className="heading">
        <h1>{name}</h1>
        <p>
          {document.phase.toLowerCase()}, version {document.version}
        </p>
      </header>
      {blocks.map((block) => (
        <section key={block.first}>
          <div className="block">
            <Text>{block.text}</Text>
            <button
              type="button"
              className="add"
              aria-label={`Comment on “${beginning(block)}”`}
              title="Comment"
              onClick={() => commentOn(block.first)}
            >
              <Icon of="plus" />
            </button>
          </div>
          <Threads threads={threads.get(block) ?? []} documentId={id}>
            {commentedOn === block.first && (
              <Composer
                label="Open a thread"
                draft={`${id}:${block.first}`}
                documentId={id}
                onSend={(content) => open(block, content)}
                onCancel={() => commentOn(undefined)}
              />
            )}
          </Threads>
        </section>
      ))}
    </article>
  );
}

interface ThreadsProps {
  threads: TalkFragment[];
  documentId: string;
  children: React.ReactNode;
}

function Threads({ threads, documentId, children }: ThreadsProps) {
  if (!threads.length && !children) return null;
  return (
    <div className="threads">
      {threads.map((thread) => (
        <Thread key={thread.id} thread={thread} documentId={documentId} />
      ))}
      {children}
    </div>
  );
}

function useDocument(id: string) {
  const { me, connection } = useSession();
  const [isHeard, setHeard] = useState(false);
  const { data, refetch } = useQuery(DocumentDocument, {
    variables: { id },
    skip: !isHeard,
    fetchPolicy: "network-only",
    nextFetchPolicy: "cache-first",
  });

  useSubscription(DocumentEventsDocument, {
    variables: { id },
    ignoreResults: true,
    onData({ data: { data } }) {
      if (data) heed(data.documentEvents);
    },
  });

  function heed({ kind, comment }: DocumentEventsSubscription["documentEvents"]) {
    // A snapshot is the beginning, or all that is left of events that were lost: read, now that we hear what follows.
    if (kind === "SNAPSHOT" && !isHeard) setHeard(true);
    else if (kind === "SNAPSHOT") readAgain().catch(() => undefined);
    else if (kind === "DOCUMENT_EDITED") refetch().catch(() => undefined);
    const isSaid = kind === "COMMENT_ADDED" || kind === "THREAD_OPENED";
    if (!isSaid || !comment || comment.author.id === me.id) return;
    lastSaid.set(`${comment.author.name}: ${comment.content}`);
    if (connection.isCatchingUp()) isNew(comment.id);
  }

  // What we knew when we went away: once we are back, an answer may have brought the rest before its event does.
  const isAway = useStore(connection.state) === "away";
  const known = useRef<string[]>([]);
  useEffect(() => {
    if (isAway) known.current = commentsIn(data).map((comment) => comment.id);
  }, [isAway]);

  /** Read all, and find out by ourselves what is new. */
  async function readAgain() {
    const isBack = connection.isCatchingUp();
    const read = commentsIn((await refetch()).data);
    const others = read.filter(({ id, author }) => !known.current.includes(id) && author.id !== me.id);
    if (isBack) others.forEach((comment) => isNew(comment.id));
  }

  return shownIn(data);
}

const shownIn = (data?: DocumentQuery) => (data?.node && "content" in data.node ? data.node : null);
const commentsIn = (data?: DocumentQuery) => (shownIn(data)?.threads.nodes ?? []).flatMap((one) => one.comments.nodes);

// What people say of a comment without words. Shown at once, and taken back if it is refused.
import { useMutation } from "@apollo/client/react";
import {
  AddReactionDocument,
  type AddReactionMutation,
  type ReactionType,
  RemoveReactionDocument,
  type RemoveReactionMutation,
  type SaidFragment,
} from "./graphql/graphql";
import { Icon } from "./Icon";
import { type Persona, useSession } from "./session";

const KINDS = [
  { type: "LIKE", name: "Like", icon: "like" },
  { type: "DISLIKE", name: "Dislike", icon: "dislike" },
  { type: "HELPFUL", name: "Helpful", icon: "helpful" },
  { type: "CONFUSED", name: "I do not understand", icon: "confused" },
] as const;

export function Reactions({ comment }: { comment: SaidFragment }) {
  const { me } = useSession();
  const [add] = useMutation(AddReactionDocument);
  const [remove] = useMutation(RemoveReactionDocument);

  function toggle(type: ReactionType, isMine: boolean) {
    const variables = { input: { commentId: comment.id, type } };
    const done = isMine
      ? remove({ variables, optimisticResponse: removed(without(comment, type, me.id)) })
      : add({ variables, optimisticResponse: added(withOne(comment, type, me)) });
    done.catch(() => undefined);
  }

  return (
    <div className="reactions">
      {KINDS.map(({ type, name, icon }) => {
        const given = comment.reactions.nodes.filter((reaction) => reaction.type === type);
        const isMine = given.some(({ user }) => user.id === me.id);
        const names = given.map(({ user }) => user.name).join(", ");
        return (
          <button
            key={type}
            type="button"
            aria-pressed={isMine}
            aria-label={given.length ? `${name}: ${given.length}, ${names}` : name}
            title={names ? `${name}: ${names}` : name}
            onClick={() => toggle(type, isMine)}
          >
            <Icon of={icon} />
            {given.length > 0 && <span>{given.length}</span>}
          </button>
        );
      })}
    </div>
  );
}

function added(comment: SaidFragment): AddReactionMutation {
  return { __typename: "Mutation", addReaction: { __typename: "AddReactionPayload", comment, errors: [] } };
}

function removed(comment: SaidFragment): RemoveReactionMutation {
  return { __typename: "Mutation", removeReaction: { __typename: "RemoveReactionPayload", comment, errors: [] } };
}

function withOne(comment: SaidFragment, type: ReactionType, { id, name }: Persona): SaidFragment {
  const user = { __typename: "User", id, name } as const;
  const reaction = { __typename: "Reaction", id: `sending:${type}:${comment.id}`, type, user } as const;
  return { ...comment, reactions: { ...comment.reactions, nodes: [...comment.reactions.nodes, reaction] } };
}

function without(comment: SaidFragment, type: ReactionType, userId: string): SaidFragment {
  const nodes = comment.reactions.nodes.filter((given) => given.type !== type || given.user.id !== userId);
  return { ...comment, reactions: { ...comment.reactions, nodes } };
}

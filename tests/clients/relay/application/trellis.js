// What the Relay application asks: the compiler reads it here, and the program takes what it makes of it.
import { graphql } from "relay-runtime";

graphql`
  query trellisViewerQuery {
    viewer {
      id
      name
    }
  }
`;

graphql`
  query trellisCommitsQuery($repository: ID!) {
    repository(id: $repository) {
      ...trellisCommits_repository
    }
  }
`;

graphql`
  fragment trellisCommits_repository on Repository
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" })
  @refetchable(queryName: "trellisCommitsPageQuery") {
    commits(first: $count, after: $cursor) @connection(key: "trellis_commits") {
      edges {
        node {
          sha
        }
      }
    }
  }
`;

graphql`
  query trellisThreadQuery($thread: ID!) {
    node(id: $thread) {
      ...trellisThread_thread @alias(as: "thread")
    }
  }
`;

graphql`
  fragment trellisThread_thread on CommentThread {
    comments(first: 100) @connection(key: "trellis_comments") {
      __id
      edges {
        node {
          content
        }
      }
    }
  }
`;

graphql`
  mutation trellisAddCommentMutation($input: AddCommentInput!, $connections: [ID!]!) {
    addComment(input: $input) {
      comment @appendNode(connections: $connections, edgeTypeName: "CommentEdge") {
        content
      }
      errors {
        code
      }
    }
  }
`;

graphql`
  subscription trellisDocumentEventsSubscription($document: ID!) {
    documentEvents(documentId: $document) {
      kind
      comment {
        author {
          name
        }
      }
    }
  }
`;

// What the clients ask, in the words that all of them understand.

export const VIEWER = `query Viewer { viewer { id name } }`;

export const UNKNOWN_FIELD = `query Unknown { viewer { shoeSize } }`;

export const SIGN_IN = `mutation SignIn($input: SignInInput!) { signIn(input: $input) { token errors { code } } }`;

export const SIGN_OUT = `mutation SignOut { signOut { signedOut errors { code } } }`;

export const COMMITS = `
  query Commits($repository: ID!, $after: String) {
    repository(id: $repository) {
      id
      commits(first: 2, after: $after) {
        edges { cursor node { id sha } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }
  }`;

export const THREAD = `
  query Thread($thread: ID!) {
    node(id: $thread) { id ... on CommentThread { comments(first: 1) { nodes { id content } } } }
  }`;

export const ADD_COMMENT = `
  mutation AddComment($input: AddCommentInput!) {
    addComment(input: $input) { comment { id content } errors { code message path } }
  }`;

export const EDIT_COMMENT = `
  mutation EditComment($input: EditCommentInput!) {
    editComment(input: $input) { comment { id content } errors { code } }
  }`;

export const DOCUMENT_EVENTS = `
  subscription DocumentEvents($document: ID!) {
    documentEvents(documentId: $document) { kind comment { id content author { name } } }
  }`;

export const DEFERRED = `
  query Deferred($repository: ID!) {
    repository(id: $repository) { id name ... @defer(label: "more") { commits { totalCount } } }
  }`;

export const STREAMED = `
  query Streamed($repository: ID!) {
    repository(id: $repository) { id commits(first: 3) { nodes @stream(initialCount: 1) { id sha } } }
  }`;

export const STREAMED_AND_DEFERRED = `
  query Both($repository: ID!) {
    repository(id: $repository) {
      id
      commits(first: 3) { nodes @stream(initialCount: 1) { id ... @defer(label: "sha") { sha } } }
    }
  }`;

// Apart from the rest, because the compiler takes nothing that has a directive which the schema has not.
import { graphql } from "relay-runtime";

graphql`
  query deferredQuery($repository: ID!) {
    repository(id: $repository) {
      name
      ...deferredMore_repository @defer
    }
  }
`;

graphql`
  fragment deferredMore_repository on Repository {
    commits {
      totalCount
    }
  }
`;

"""The mutations and the subscription of repositories, as their tests send them."""

ERRORS = "errors { code message path }"
CONNECT = f"""
    mutation ($input: ConnectRepositoryInput!) {{
      connectRepository(input: $input) {{
        repository {{
          id name fullName description defaultBranch sensitivity isPrivate isActive organization {{ slug }}
        }}
        {ERRORS}
      }}
    }}
"""
UPDATE = f"""
    mutation ($input: UpdateRepositoryInput!) {{
      updateRepository(input: $input) {{
        repository {{ description defaultBranch sensitivity isActive }} {ERRORS}
      }}
    }}
"""
DISCONNECT = f"""
    mutation ($input: DisconnectRepositoryInput!) {{
      disconnectRepository(input: $input) {{
        organization {{ repositories(orderBy: FULL_NAME_ASC) {{ nodes {{ name }} }} }} deletedRepositoryId {ERRORS}
      }}
    }}
"""
EVENTS = """
    subscription ($id: ID!, $kinds: [RepositoryEventKind!], $after: String) {
      repositoryEvents(repositoryId: $id, kinds: $kinds, after: $after) {
        kind cursor repository { description } commit { sha } pullRequest { number } issue { number }
      }
    }
"""

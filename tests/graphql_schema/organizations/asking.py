"""The mutations of organizations, as their tests send them."""

ERRORS = "errors { code message path }"
MEMBER = "member { role user { name } }"
CREATE = f"""
    mutation ($input: CreateOrganizationInput!) {{
      createOrganization(input: $input) {{
        organization {{ id name slug description plan viewerMembership {{ role }} members {{ totalCount }} }} {ERRORS}
      }}
    }}
"""
UPDATE = f"""
    mutation ($input: UpdateOrganizationInput!) {{
      updateOrganization(input: $input) {{ organization {{ name slug description }} {ERRORS} }}
    }}
"""
CHANGE = f"""
    mutation ($input: ChangeOrganizationMemberInput!) {{
      changeOrganizationMember(input: $input) {{ {MEMBER} {ERRORS} }}
    }}
"""
REMOVE = f"""
    mutation ($input: RemoveOrganizationMemberInput!) {{
      removeOrganizationMember(input: $input) {{
        organization {{ members {{ nodes {{ user {{ name }} }} }} }} deletedMemberId {ERRORS}
      }}
    }}
"""
LEAVE = f"""
    mutation ($input: LeaveOrganizationInput!) {{
      leaveOrganization(input: $input) {{ viewer {{ organizations {{ nodes {{ role }} }} }} {ERRORS} }}
    }}
"""
TRANSFER = f"""
    mutation ($input: TransferOrganizationInput!) {{
      transferOrganization(input: $input) {{
        organization {{ viewerMembership {{ role }} members {{ nodes {{ role user {{ name }} }} }} }} {ERRORS}
      }}
    }}
"""
DELETE = f"""
    mutation ($input: DeleteOrganizationInput!) {{
      deleteOrganization(input: $input) {{
        deletedOrganizationId viewer {{ organizations {{ totalCount }} }} {ERRORS}
      }}
    }}
"""
EVENTS = """
    subscription ($id: ID!) {
      organizationEvents(organizationId: $id) { kind organization { name } member { role } deletedMemberId }
    }
"""

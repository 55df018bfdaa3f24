"""The mutations of invitations, as their tests send them."""

ERRORS = "errors { code message path }"
INVITATION = "invitation { id email status organizationRole projectRole targetName invitedBy { name } }"
TO_ORGANIZATION = f"""
    mutation ($input: InviteToOrganizationInput!) {{ inviteToOrganization(input: $input) {{ {INVITATION} {ERRORS} }} }}
"""
TO_PROJECT = (
    f"mutation ($input: InviteToProjectInput!) {{ inviteToProject(input: $input) {{ {INVITATION} {ERRORS} }} }}"
)
ACCEPT = f"""
    mutation ($input: AcceptInvitationInput!) {{
      acceptInvitation(input: $input) {{
        invitation {{
          status organization {{ name viewerMembership {{ role }} }} project {{ name viewerMembership {{ role }} }}
        }}
        {ERRORS}
      }}
    }}
"""
DECLINE = (
    f"mutation ($input: InvitationInput!) {{ declineInvitation(input: $input) {{ invitation {{ status }} {ERRORS} }} }}"
)
REVOKE = (
    f"mutation ($input: InvitationInput!) {{ revokeInvitation(input: $input) {{ invitation {{ status }} {ERRORS} }} }}"
)
MINE = "{ viewer { invitations { nodes { email status targetName organization { name } project { name } } } } }"

"""Saying whose an address or a login is, in an organization."""

import strawberry

from db import tables
from db.actions import identities, identity_suggestions
from db.permissions import MANAGE
from db.write import Work
from graphql_schema.core import mutation, update
from graphql_schema.core.texts import text


@strawberry.input(description="An address or a login that is a member's.")
class MergeIdentityInput:
    """A member, and what they are known by."""

    member_id: strawberry.ID = strawberry.field(description="The member, one of the organization's `members`.")
    value: str = text(
        tables.Identity.value, "An e-mail address as commits have it, or a login on GitHub. Case does not matter."
    )


@strawberry.input(description="What an organization has merged with a person, to take back.")
class UnmergeIdentityInput:
    """An identity."""

    identity_id: strawberry.ID = strawberry.field(description="One of the organization's `identities`.")


@strawberry.input(description="A suggestion that is wrong.")
class DismissIdentitySuggestionInput:
    """A suggestion."""

    suggestion_id: strawberry.ID = strawberry.field(description="One of the organization's `identitySuggestions`.")


@strawberry.input(description="The organization to look for suggestions in.")
class RefreshIdentitySuggestionsInput:
    """An organization."""

    organization_id: strawberry.ID = strawberry.field(description="The organization.")


@mutation(identity=tables.Identity)
async def merge_identity(work: Work, input: MergeIdentityInput) -> tables.Identity:
    """Say that an e-mail address or a login is a member's. For those who manage the organization.

    It counts in the repositories of the organization alone, for commits, pull requests, reviews and issues that are
    there and that come; those that are there follow in a while. What somebody has shown to be theirs stays theirs.
    Addresses that many people use, and programs, are refused.
    """
    member = await work.get(tables.OrganizationMember, input.member_id, at="memberId", may=MANAGE)
    return await identities.merge(work, member, input.value)


@mutation(organization=tables.Organization, deleted_identity_id=strawberry.ID)
async def unmerge_identity(work: Work, input: UnmergeIdentityInput) -> tuple[tables.Organization, str]:
    """Take back that an address or a login is a member's. What it gave them goes back in a while. For those who manage
    the organization.
    """
    identity = await work.get(tables.Identity, input.identity_id, at="identityId", may=MANAGE, lock=True)
    return await identities.unmerge(work, identity), input.identity_id


dismiss_identity_suggestion = update(
    "Say that an address or a login is not the member's. It is not suggested again. For those who manage the "
    "organization.",
    DismissIdentitySuggestionInput,
    at=tables.IdentitySuggestion,
    may=MANAGE,
    sets=lambda suggestion, input, viewer: {"is_dismissed": True},
)


@mutation(organization=tables.Organization)
async def refresh_identity_suggestions(work: Work, input: RefreshIdentitySuggestionsInput) -> tables.Organization:
    """Look now in the commits of an organization for what may be a member's. A job does it each night. For those who
    manage the organization.
    """
    organization = await work.get(tables.Organization, input.organization_id, at="organizationId", may=MANAGE)
    await identity_suggestions.refresh(work, organization.id)
    return organization

"""Calls of what is said of addresses and logins."""

from sqlalchemy import select

from db import tables
from db.actions import identities, identity_suggestions
from db.write import Work
from tests.db.calls import Call, newcomer


async def shown(work: Work) -> None:
    await identities.prove(work, await newcomer(work, "shown"), login="shown")


async def refuted(work: Work) -> None:
    olga = tables.User.email == "olga@example.com"
    await identities.disprove(work, (await work.scalars(select(tables.User).where(olga))).one())


CALLS = (
    Call(identities.prove, "root", (), shown, "SELECT count(*) = 1 FROM identities WHERE value = 'shown'"),
    Call(
        identities.disprove, "root", (), refuted, "SELECT count(*) = 0 FROM identities WHERE value = 'olga@example.com'"
    ),
    Call(
        identities.merge,
        "ada",
        ("bens_membership",),
        lambda work, member: identities.merge(work, member, "merged@example.com"),
        "SELECT count(*) = 1 FROM identities WHERE value = 'merged@example.com' AND organization_id IS NOT NULL",
    ),
    Call(
        identities.unmerge,
        "ada",
        ("bens_old_address",),
        identities.unmerge,
        "SELECT count(*) = 0 FROM identities WHERE value = 'ben@old.example'",
    ),
    Call(
        identity_suggestions.refresh,
        "ada",
        ("analytical",),
        lambda work, organization: identity_suggestions.refresh(work, organization.id),
        "SELECT count(*) = 1 FROM identity_suggestions",
    ),
)

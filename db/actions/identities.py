"""Identities: which person an address or a login means, and so who the author of a commit is.

There is one rule, `meant`: what somebody has shown to be theirs comes before what an organization has merged, and an
address before a login. The author of a row is whom the rule says, also after identities have changed: that follows in
`db.actions.authorship`.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Text, Uuid, and_, bindparam, delete, func, not_, or_, select
from sqlalchemy.dialects.postgresql import insert

from db import tables
from db.actions import organizations
from db.base import new_id
from db.errors import BadInput, Conflict
from db.mail import is_address
from db.outbox import topic
from db.tables import IdentityEventKind, IdentityKind
from db.tables.identities import BOT, SHARED
from db.tables.repositories import NOREPLY
from db.write import Work

identities: Any = tables.Identity.__table__
LOGIN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*(\[bot\])?")

AUTHORSHIP = func.hashtext("authorship")
"""The lock that whoever writes authors shares, until the identities by which they are found may have changed."""


class Author(NamedTuple):
    """Somebody as a source has them: a commit, or GitHub."""

    email: str | None
    login: str | None
    name: str


def identity_of(email: str | None, login: str | None = None) -> dict[IdentityKind, str]:
    """The identities that an address and a login are. An address that GitHub has made for a login is that login."""
    address, login = (email or "").strip().lower(), (login or "").strip().lower()
    if made := re.search(NOREPLY, address):
        address, login = "", login or made[1]
    found = {IdentityKind.EMAIL: address, IdentityKind.LOGIN: login}
    return {kind: value for kind, value in found.items() if value}


def is_nobodys(kind: IdentityKind, value: str) -> bool:
    """Whether many people write under an address, or a login is that of a program."""
    return bool(re.search({IdentityKind.EMAIL: SHARED, IdentityKind.LOGIN: BOT}[kind], value))


def meant(organization: Any, known: Mapping[IdentityKind, Any], *, name: Any) -> ColumnElement[UUID]:
    """The person whom an address and a login in the repositories of an organization mean, as an expression.

    All are in small letters. Null for those whom nobody knows, and for programs by their names.
    """
    named = or_(*(and_(identities.c.kind == kind, identities.c.value == value) for kind, value in known.items()))
    here = or_(identities.c.organization_id.is_(None), identities.c.organization_id == organization)
    proven_first = identities.c.organization_id.asc().nulls_first()
    found = select(identities.c.user_id).where(named, here, name.op("!~")(BOT))
    return found.order_by(proven_first, identities.c.kind).limit(1).correlate_except(identities).scalar_subquery()


async def author_ids(work: Work, organization_id: UUID, people: Iterable[Author]) -> dict[Author, UUID]:
    """The people whom authors in the repositories of an organization are. Those whom nobody knows are left out.

    Write them in the same transaction: what changes meanwhile is followed once it has ended.
    """
    authors = list(dict.fromkeys(people))
    known = [identity_of(one.email, one.login) for one in authors]
    given = {
        "emails": [one.get(IdentityKind.EMAIL) for one in known],
        "logins": [one.get(IdentityKind.LOGIN) for one in known],
        "names": [one.name.lower() for one in authors],
    }
    await work.execute(select(func.pg_advisory_xact_lock_shared(AUTHORSHIP)))
    found = await work.execute(_MEANT, {"organization": organization_id, **given})
    return {authors[ordinal - 1]: user for ordinal, user in found}


async def prove(work: Work, user: tables.User, *, email: str | None = None, login: str | None = None) -> None:
    """Note that a person, who is locked, has shown that an address or a login is theirs.

    It is theirs even if it was somebody else's before: addresses and logins are given away, too. But the address with
    which somebody signs in stays theirs. What many use is nobody's.
    """
    for kind, value in identity_of(email, login).items():
        if is_nobodys(kind, value):
            continue
        addition = insert(identities).values(id=new_id(), user_id=user.id, kind=kind, value=value)
        has_it = func.lower(tables.User.email) == value, tables.User.email_verified_at.is_not(None)
        stays = identities.c.user_id.in_([user.id, *await work.scalars(select(tables.User.id).where(*has_it))])
        theirs = addition.on_conflict_do_update(
            constraint="uq_identities_kind_value_organization_id",
            set_={"user_id": addition.excluded.user_id, "created_at": func.now()},
            where=not_(stays),
        )
        for key in await work.scalars(theirs.returning(identities.c.id)):
            identity = tables.Identity(id=key, user_id=user.id, kind=kind)
            work.audit("identity_proven", identity, kind=kind)
            await work.happened(IdentityEventKind.IDENTITY_PROVEN, identity)


async def merge(work: Work, member: tables.OrganizationMember, value: str) -> tables.Identity:
    """Say that an address or a login is a member's, in the repositories of their organization.

    Raises BadInput for what is neither or is nobody's, and Conflict, with the identity, where the organization has said
    so of somebody. Whether somebody has shown that it is theirs is not told: it counts for them as before.
    """
    await work.execute(organizations.locked(member.organization_id))
    kind, value = _given(value)
    of_organization = tables.Identity.organization_id == member.organization_id
    named = of_organization, tables.Identity.kind == kind, tables.Identity.value == value
    if known := (await work.scalars(select(tables.Identity).where(*named))).one_or_none():
        raise Conflict("This was merged with somebody already. Unmerge it first.", at="value", current=known)
    identity = await work.add(
        tables.Identity(user_id=member.user_id, organization_id=member.organization_id, kind=kind, value=value)
    )
    suggestion = tables.IdentitySuggestion
    mine = suggestion.organization_id == member.organization_id, suggestion.kind == kind, suggestion.value == value
    if (await work.scalars(delete(suggestion).where(*mine).returning(suggestion.id))).all():
        work.touch(topic("organization", member.organization_id))
    work.audit("identity_merged", identity, kind=kind, user=tables.User(id=member.user_id))
    await work.happened(IdentityEventKind.IDENTITY_MERGED, identity)
    return identity


async def unmerge(work: Work, identity: tables.Identity) -> tables.Organization:
    """Take back that an identity, which must be locked, is somebody's in an organization; returns that.

    Raises BadInput for what is proven.
    """
    if identity.organization_id is None:
        raise BadInput("This was not merged: the person has shown that it is theirs.", at="identityId")
    organization = tables.Organization(id=identity.organization_id)
    work.audit("identity_unmerged", identity, kind=identity.kind, user=tables.User(id=identity.user_id))
    await work.happened(IdentityEventKind.IDENTITY_REMOVED, identity)
    await work.delete(identity)
    return organization


async def disprove(work: Work, user: tables.User) -> None:
    """Take all identities from a user, who is locked: they are those of somebody else, who had claimed the address."""
    gone = delete(tables.Identity).where(tables.Identity.user_id == user.id)
    for key in (await work.scalars(gone.returning(tables.Identity.id))).all():
        await work.happened(IdentityEventKind.IDENTITY_REMOVED, tables.Identity(id=key, user_id=user.id))


def _given(value: str) -> tuple[IdentityKind, str]:
    """The identity that a text names: an address with an @, or a login."""
    written = value.strip().lower()
    for kind, found in identity_of(*((written, None) if "@" in written else (None, written))).items():
        if is_address(found) if kind is IdentityKind.EMAIL else LOGIN.fullmatch(found):
            return kind, found
    raise BadInput("This is neither an e-mail address nor a login on GitHub.", at="value")


def _meant() -> Any:
    arrays = (bindparam(name, type_=ARRAY(Text())) for name in ("emails", "logins", "names"))
    asked = func.unnest(*arrays).table_valued("email", "login", "name", with_ordinality="ordinal").render_derived()
    organization = bindparam("organization", type_=Uuid())
    known = {IdentityKind.EMAIL: asked.c.email, IdentityKind.LOGIN: asked.c.login}
    user = meant(organization, known, name=asked.c.name).label("user_id")
    found = select(asked.c.ordinal, user).subquery()
    return select(found.c.ordinal, found.c.user_id).where(found.c.user_id.is_not(None))


_MEANT = _meant()

"""Authentication: from the text of an `Authorization` header to a viewer, on every transport alike."""

import time
from collections.abc import Set as AbstractSet
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import ARRAY, LargeBinary, any_, bindparam, func, literal_column, select

from db import tables
from db.access import GUEST, Viewer
from db.actions import accounts
from db.cache import Cache
from db.engine import Database
from db.errors import NotFound, Refusal, Unauthenticated
from db.failures import failure_of
from db.statements import compiled
from db.tables import UserRole
from db.tokens import is_token, token_hash

REMEMBERED_FOR = 3.0
MAX_REMEMBERED = 10_000
MAX_ORGANIZATIONS = 5
"""Organizations that pay for what one of their members asks: of somebody who belongs to more, the oldest."""

log = structlog.get_logger()

_ORGANIZATIONS = (
    select(tables.OrganizationMember.organization_id)
    .where(tables.OrganizationMember.user_id == tables.User.id)
    .order_by(tables.OrganizationMember.organization_id)  # ids grow with time
    .limit(literal_column(str(MAX_ORGANIZATIONS)))
)
_SESSIONS = (
    select(
        tables.User.id,
        tables.User.role,
        tables.Session.id,
        func.array(_ORGANIZATIONS.scalar_subquery()),
        tables.Session.expires_at,
    )
    .join(tables.Session, tables.Session.user_id == tables.User.id)
    .where(tables.Session.expires_at > func.now(), tables.User.is_active)
)
_SESSION = compiled(_SESSIONS.where(tables.Session.token_hash == bindparam("hash", type_=LargeBinary())))
_ALL_OF = compiled(
    _SESSIONS.add_columns(tables.Session.token_hash).where(
        tables.Session.token_hash == any_(bindparam("hashes", type_=ARRAY(LargeBinary())))
    )
)

REFUSED = "This token does not hold. Sign in again, without it."


class SessionsUnavailable(Refusal):
    """The database does not answer, so nobody knows which tokens hold."""

    code = "SERVICE_UNAVAILABLE"
    default = "The service cannot tell right now who asks. Try again."


def given(authorization: str | None) -> str | None:
    """The credential in an `Authorization` header, if there is one: some clients send an empty header for guests."""
    return (authorization or "").strip() or None


class Sessions:
    """The sessions of credentials, each cached for a few seconds.

    A session that ends holds so long at the most in other processes; in this one it ends at once, because a mutation
    evicts the session of its sender.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._known = Cache[tuple[Viewer, float]](MAX_REMEMBERED)
        self._forgotten = 0
        """The number of evictions: a look-up that began before one may be stale, and is not cached."""

    async def viewer(self, authorization: str | None) -> Viewer:
        """The viewer of an `Authorization` header: a guest without one.

        Raises Unauthenticated if it does not hold, and Overloaded or SessionsUnavailable if that cannot be told.
        """
        if (credential := given(authorization)) is None:
            return GUEST
        token = _bearer(credential)
        viewer, until = self._known.get(token) or (GUEST, 0.0)
        if until < time.monotonic():
            forgotten = self._forgotten
            viewer = await self._looked_up(token)
            if forgotten == self._forgotten:
                self._known.put(token, (viewer, time.monotonic() + REMEMBERED_FOR), 1)
        return viewer

    async def holding(self, authorizations: AbstractSet[str | None]) -> dict[str | None, Viewer]:
        """The viewers of those headers that hold at this moment, found by one statement."""
        hashes = {header: token_hash(_bearer(header)) for header in authorizations if header is not None}
        if not hashes:
            return {}
        arguments = _ALL_OF.arguments({"hashes": list(set(hashes.values()))})
        found = await self.database.readers.fetch(_ALL_OF.sql, arguments)
        viewers = {hash_: _viewer(*columns) for *columns, hash_ in found}
        return {header: viewers[hash_] for header, hash_ in hashes.items() if hash_ in viewers}

    async def _looked_up(self, token: str) -> Viewer:
        try:
            return await authenticate(self.database, token)
        except Exception as error:
            if failure_of(error) is None:
                raise
            log.warning("sessions out of reach", error=repr(error))
            raise SessionsUnavailable from None

    def forget(self, authorization: str | None) -> None:
        """Evict the session of a header, so that the next request asks the database."""
        if authorization is not None:
            self._forgotten += 1
            self._known.pop(_bearer(authorization))


async def authenticate(database: Database, token: str) -> Viewer:
    """The active user of an unexpired session; raises Unauthenticated for every other token alike."""
    if not is_token(token):
        raise Unauthenticated(REFUSED)
    found = await database.fetch(_SESSION, _SESSION.arguments({"hash": token_hash(token)}))
    if found is None:
        raise Unauthenticated(REFUSED)
    return _viewer(*found)


async def issue_token(database_url: str, email: str) -> str:
    """Open a session without a password: the operator's way in. Raises NotFound for an unknown user or one that is not
    active.
    """
    database = Database(database_url, pool_size=1)
    statement = select(tables.User).where(func.lower(tables.User.email) == email.strip().lower(), tables.User.is_active)
    try:
        async with database.work(GUEST) as work:
            user = (await work.execute(statement)).scalar_one_or_none()
            if user is None:
                raise NotFound(f"There is no active user with the address {email}.")
            return await accounts.open_session(work, user, device="Issued by an operator", action="token_issued")
    finally:
        await database.close()


def _viewer(user_id: UUID, role: bytes, session_id: UUID, organization_ids: list[UUID], expires_at: datetime) -> Viewer:
    return Viewer(user_id, UserRole[role.decode()], session_id, tuple(organization_ids), expires_at)


def _bearer(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated("The credential must read `Bearer <token>`.")
    return token.strip()

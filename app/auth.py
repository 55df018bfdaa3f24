"""Authentication: from the text of an `Authorization` header to a viewer, on every transport alike.

A credential is the token of a session or an API key. The viewers of those that were used last are cached (`Viewers`).
"""

import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import ARRAY, LargeBinary, and_, any_, bindparam, case, func, literal_column, or_, select

from app.changes import Changes, Heard, State
from app.realtime import Realtime
from db import tables
from db.access import GUEST, Viewer, any_row, named_roles
from db.actions import accounts
from db.actions.keys import PURPOSE
from db.cache import Cache
from db.engine import Database
from db.errors import NotFound, Refusal, Unauthenticated
from db.failures import failure_of
from db.statements import compiled
from db.tables import UserRole
from db.tokens import is_key, is_token, token_hash

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
_KEY, _MEMBER = tables.ApiKey, tables.OrganizationMember.__table__
_OF_KEY = _ORGANIZATIONS.where(
    or_(_KEY.organization_id.is_(None), tables.OrganizationMember.organization_id == _KEY.organization_id)
)
_IS_PLACED = or_(
    _KEY.organization_id.is_(None),
    any_row(_MEMBER, _MEMBER.c.organization_id == _KEY.organization_id, _MEMBER.c.user_id == tables.User.id),
)
_OVERLAPS = and_(
    _KEY.previous_hash == any_(bindparam("hashes", type_=ARRAY(LargeBinary()))), _KEY.previous_until > func.now()
)
_KEYS = compiled(
    select(
        tables.User.id,
        tables.User.role,
        _KEY.id,
        func.array(_OF_KEY.scalar_subquery()),
        _KEY.scopes,
        _KEY.rate_limit,
        _KEY.expires_at,
        _KEY.key_hash,
        case((_KEY.previous_until > func.now(), _KEY.previous_hash)),
        _KEY.previous_until,
    )
    .join(_KEY, _KEY.user_id == tables.User.id)
    .where(
        or_(_KEY.key_hash == any_(bindparam("hashes", type_=ARRAY(LargeBinary()))), _OVERLAPS),
        _KEY.is_active,
        _KEY.revoked_at.is_(None),
        or_(_KEY.expires_at.is_(None), _KEY.expires_at > func.now()),
        _IS_PLACED,
        tables.User.is_active,
    )
)
"""Of each key the viewer, with the signatures of its secret and of the one before that, while it holds."""

REFUSED = "This token does not hold. Sign in again, without it."


class SessionsUnavailable(Refusal):
    """The database does not answer, so nobody knows which tokens hold."""

    code = "SERVICE_UNAVAILABLE"
    default = "The service cannot tell right now who asks. Try again."


def given(authorization: str | None) -> str | None:
    """The credential in an `Authorization` header, if there is one: some clients send an empty header for guests."""
    return (authorization or "").strip() or None


@dataclass(frozen=True, slots=True)
class _Cached:
    """A viewer, with the state of their user before they were looked up."""

    viewer: Viewer
    until: float
    changes: Changes
    state: State

    @property
    def holds(self) -> bool:
        """Whether it is as if they were looked up now: nothing of them has changed, and it would have been heard.

        Where nothing is heard it may be stale for as long as it is cached.
        """
        return time.monotonic() < self.until and self.changes.state == self.state


class Sessions:
    """The viewers of credentials, tokens of sessions and API keys alike, each cached for a few seconds.

    Whatever changes a viewer evicts them at once, in all processes: the end of a session, another role, a membership,
    a key that is revoked. While no events are heard they are as old as the cache at the most.
    """

    def __init__(self, database: Database, realtime: Realtime) -> None:
        self.database = database
        self._heard = Heard(realtime)
        self._known = Cache[_Cached](MAX_REMEMBERED)
        self._forgotten = 0
        """The number of evictions: a look-up that began before one may be stale, and is not cached."""

    async def viewer(self, authorization: str | None) -> Viewer:
        """The viewer of an `Authorization` header: a guest without one.

        Raises Unauthenticated if it does not hold, and Overloaded or SessionsUnavailable if that cannot be told.
        """
        if (credential := given(authorization)) is None:
            return GUEST
        secret = _bearer(credential)
        known = self._known.get(secret)
        return known.viewer if known and known.holds else await self._looked_up(secret, known)

    async def holding(self, authorizations: AbstractSet[str | None]) -> dict[str | None, Viewer]:
        """The viewers of those headers that hold at this moment, found by one statement for each kind of credential."""
        secrets = {header: _bearer(header) for header in authorizations if header is not None}
        viewers = await _sessions(self.database, [secret for secret in secrets.values() if is_token(secret)])
        viewers |= await _keys(self.database, [secret for secret in secrets.values() if is_key(secret)])
        return {header: viewers[secret] for header, secret in secrets.items() if secret in viewers}

    async def _looked_up(self, secret: str, before: _Cached | None) -> Viewer:
        """The viewer as the database knows them now, cached from here on."""
        forgotten = self._forgotten
        state = before.changes.state if before else None
        viewer = await self._found(secret)
        assert viewer.id
        changes = self._heard.of(viewer.id)
        if state is None or before is None or changes is not before.changes:
            state = changes.state._replace(is_heard=False)  # what changed while they were looked up nobody has heard
        if forgotten == self._forgotten:
            self._known.put(secret, _Cached(viewer, time.monotonic() + REMEMBERED_FOR, changes, state), 1)
        return viewer

    async def _found(self, secret: str) -> Viewer:
        try:
            return await authenticate(self.database, secret)
        except Exception as error:
            if failure_of(error) is None:
                raise
            log.warning("sessions out of reach", error=repr(error))
            raise SessionsUnavailable from None

    def forget(self, authorization: str | None) -> None:
        """Evict the viewer of a header, so that the next request asks the database."""
        if authorization is not None:
            self._forgotten += 1
            self._known.pop(_bearer(authorization))


async def authenticate(database: Database, secret: str) -> Viewer:
    """The active user of an unexpired session or key; raises Unauthenticated for every other credential alike.

    What has not the form of one, such as a key with a typo, is refused without a query.
    """
    if is_token(secret):
        found = await database.fetch(_SESSION, _SESSION.arguments({"hash": token_hash(secret)}))
        viewer = _viewer(*found) if found else None
    else:
        viewer = (await _keys(database, [secret])).get(secret) if is_key(secret) else None
    if viewer is None:
        raise Unauthenticated(REFUSED)
    return viewer


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
            return await accounts.new_session(work, user, device="Issued by an operator", action="token_issued")
    finally:
        await database.close()


async def _sessions(database: Database, tokens: Sequence[str]) -> dict[str, Viewer]:
    """The viewers of those of these tokens that hold."""
    if not tokens:
        return {}
    by_hash = {token_hash(token): token for token in tokens}
    found = await database.readers.fetch(_ALL_OF.sql, _ALL_OF.arguments({"hashes": [*by_hash]}))
    return {by_hash[hash_]: _viewer(*columns) for *columns, hash_ in found}


async def _keys(database: Database, secrets: Sequence[str]) -> dict[str, Viewer]:
    """The viewers of those of these API keys that hold."""
    if not secrets:
        return {}
    by_hash = {one: secret for secret in secrets for one in database.keyring.signatures(PURPOSE, secret.encode())}
    found = await database.readers.fetch(_KEYS.sql, _KEYS.arguments({"hashes": [*by_hash]}))
    viewers = dict[str, Viewer]()
    for *columns, now, before, until in found:
        viewer = _program(*columns)
        ends = min(filter(None, (viewer.expires_at, until)), default=None)
        holding = {now: viewer, before: replace(viewer, expires_at=ends)}
        viewers |= {by_hash[one]: holding[one] for one in holding.keys() & by_hash.keys()}
    return viewers


def _viewer(user_id: UUID, role: bytes, session_id: UUID, organization_ids: list[UUID], expires_at: datetime) -> Viewer:
    return Viewer(user_id, UserRole[role.decode()], session_id, tuple(organization_ids), expires_at)


def _program(
    user_id: UUID,
    role: bytes,
    key_id: UUID,
    organization_ids: list[UUID],
    scopes: list[str],
    rate_limit: int,
    expires_at: datetime | None,
) -> Viewer:
    """The viewer of an API key. It gives nobody the powers of a role on the platform over what is others'."""
    known = UserRole[role.decode()]
    return Viewer(
        user_id,
        None if known in named_roles else known,
        None,
        tuple(organization_ids),
        expires_at,
        scopes=frozenset(scopes),
        key_id=key_id,
        rate_limit=rate_limit,
    )


def _bearer(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated("The credential must read `Bearer <token>`.")
    return token.strip()

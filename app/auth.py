"""Who is asking: from the text of an `Authorization` header to a viewer, on every transport alike."""

from sqlalchemy import func, select

from db import tables
from db.access import GUEST, Viewer
from db.actions import accounts
from db.engine import Database
from db.enums import UserRole
from db.errors import NotFound, Unauthenticated
from db.tokens import is_token, token_hash

REFUSED = "This token does not hold. Sign in again."


async def identify(database: Database, authorization: str | None) -> Viewer:
    """Who sent this `Authorization` header: a guest without one. Raises Unauthenticated for one that does not hold."""
    if authorization is None:
        return GUEST
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated("The credential must read `Bearer <token>`.")
    return await authenticate(database, token.strip())


async def authenticate(database: Database, token: str) -> Viewer:
    """The active user of an unexpired session; raises Unauthenticated for every other token alike."""
    if not is_token(token):
        raise Unauthenticated(REFUSED)
    user, session = tables.User, tables.Session
    statement = (
        select(user.id, user.role, session.id)
        .join(session, session.user_id == user.id)
        .where(session.token_hash == token_hash(token), session.expires_at > func.now(), user.is_active)
    )
    async with database.read() as reading:
        found = (await reading.execute(statement)).one_or_none()
    if found is None:
        raise Unauthenticated(REFUSED)
    user_id, role, session_id = found
    return Viewer(user_id, role is UserRole.ADMIN, session_id)


async def issue_token(database_url: str, email: str) -> str:
    """Open a session without a password: the operator's way in. Raises NotFound for who is unknown or not active."""
    database = Database(database_url, pool_size=1)
    statement = select(tables.User).where(func.lower(tables.User.email) == email.strip().lower(), tables.User.is_active)
    try:
        async with database.work(GUEST) as work:
            user = (await work.session.execute(statement)).scalar_one_or_none()
            if user is None:
                raise NotFound(f"There is no active user with the address {email}.")
            return await accounts.open_session(work, user, device="Issued by an operator")
    finally:
        await database.close()

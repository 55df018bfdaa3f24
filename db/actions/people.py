"""Looking after people: their roles, and whether they may sign in. For administrators, of whom one stays."""

from sqlalchemy import func, select

from db import tables
from db.actions import accounts
from db.actions.notifications import alert
from db.errors import Forbidden, NotFound
from db.ids import key_of
from db.tables import UserEventKind, UserRole
from db.write import Work

ADMINISTRATORS = "Only administrators may do this."


async def person(work: Work, public_id: str, *, at: str = "userId") -> tables.User:
    """The user with this id, locked, for an administrator.

    The administrator is locked, too, and looked at anew: of two who take the role from each other one is too late.
    Raises NotFound, and Forbidden for everybody else, who is told nothing of whom there is.
    """
    if not work.viewer.is_admin:
        raise Forbidden(ADMINISTRATORS)
    user = tables.User
    both = [work.viewer_id, key_of(user, public_id)]
    locked = select(user).where(user.id.in_(filter(None, both))).order_by(user.id).with_for_update(key_share=True)
    found = {one.id: one for one in await work.scalars(locked)}
    viewer = found.get(work.viewer_id)
    if viewer is None or viewer.role is not UserRole.ADMIN or not viewer.is_active:
        raise Forbidden(ADMINISTRATORS)
    if both[1] not in found:
        raise NotFound(at=at)
    return found[both[1]]


async def appoint(work: Work, email: str) -> tables.User:
    """The user with this address as an administrator, made if there is none: the operator's way to the first one.

    An operator vouches for the address.
    """
    user, address = tables.User, email.strip()
    same = func.lower(user.email) == address.lower()
    found = await work.scalar(select(user).where(same).with_for_update())
    if found is None:
        new = user(email=address, name=address.partition("@")[0], role=UserRole.ADMIN, email_verified_at=func.now())
        found = await work.add(new)
        work.audit("administrator_appointed", found)
        await work.changed(found)
    elif work.change(found, {"role": UserRole.ADMIN}):
        work.audit("administrator_appointed", found)
        await work.happened(UserEventKind.ROLE_CHANGED, found)
    return found


async def set_role(work: Work, user: tables.User, role: UserRole) -> None:
    """Give a user another role, which counts at once wherever they are connected. They must be locked."""
    if work.change(user, {"role": role}):
        work.audit("role_changed", user)
        await work.happened(UserEventKind.ROLE_CHANGED, user)
        await alert(work, user.id, "You have another role", f"Your role on the platform: {role.value.lower()}.")


async def set_active(work: Work, user: tables.User, *, is_active: bool) -> None:
    """Let a user sign in again or, with the end of all that is theirs at the moment, not any more."""
    if user.is_active != is_active:
        await accounts.make_active(work, user, is_active=is_active)
        await work.happened(UserEventKind.ACCOUNT_CHANGED, user)
        now = "An administrator has let you sign in again." if is_active else "An administrator has closed it."
        await alert(work, user.id, "Your account has changed", now)


async def unlock(work: Work, user: tables.User) -> None:
    """Let a user try to sign in again who has sent too many wrong passwords."""
    if work.change(user, {"locked_until": None, "login_attempts": 0}):
        work.audit("user_unlocked", user)
        await work.happened(UserEventKind.ACCOUNT_CHANGED, user)
        await alert(work, user.id, "Your account is open again", "An administrator has lifted the lock on it.")

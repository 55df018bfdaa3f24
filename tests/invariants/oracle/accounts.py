"""Who sees people, and what proves that somebody is one of them."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row


def users(world: Oracle, who: UUID | None, what: str, user: Row) -> bool:
    """People find whom they share an organization or a project with, whom they teach, and who teaches what they see."""
    viewer = world.find("users", who)
    if user.id == who or (what in ("see", "learn") and viewer is not None and viewer.role == "MODERATOR"):
        return True
    places = [row.organization_id for row in world.rows["organization_members"] if row.user_id == user.id]
    owned = [row.id for row in world.rows["specification_projects"] if row.owner_id == user.id]
    joined = [row.project_id for row in world.rows["project_members"] if row.user_id == user.id]
    taught = [row.id for row in world.rows["courses"] if row.instructor_id == user.id]
    taken = [row.course_id for row in world.rows["enrollments"] if row.user_id == user.id]
    return what == "see" and (
        any(world.inherits(who, "see", "organizations", key) for key in places)
        or any(world.inherits(who, "see", "specification_projects", key) for key in (*owned, *joined))
        or any(world.inherits(who, "see", "courses", key) for key in taught)
        or any(world.inherits(who, "manage", "courses", key) for key in taken)
    )


def passwords(world: Oracle, who: UUID | None, what: str, password: Row) -> bool:
    return False


def sessions(world: Oracle, who: UUID | None, what: str, session: Row) -> bool:
    return bool(session.user_id == who)


def verification_tokens(world: Oracle, who: UUID | None, what: str, token: Row) -> bool:
    return False


def accounts(world: Oracle, who: UUID | None, what: str, account: Row) -> bool:
    return bool(account.user_id == who and what in ("see", "manage"))


def passkeys(world: Oracle, who: UUID | None, what: str, passkey: Row) -> bool:
    return passkey.user_id == who and what in {"see", "manage"}


def passkey_challenges(world: Oracle, who: UUID | None, what: str, challenge: Row) -> bool:
    return False


def idempotency_keys(world: Oracle, who: UUID | None, what: str, key: Row) -> bool:
    return bool(key.user_id == who)

"""Looking after people, for administrators."""

import strawberry

from db import tables
from db.actions import people
from db.tables import UserRole
from db.write import Work
from graphql_schema.core import mutation
from graphql_schema.core.strawberry_seam import enumeration

enumeration(UserRole)


@strawberry.input(description="Somebody's role.")
class SetUserRoleInput:
    """A role to give."""

    user_id: strawberry.ID = strawberry.field(description="The person.")
    role: UserRole = strawberry.field(description="What they are to the platform from now on.")


@strawberry.input(description="Somebody.")
class PersonInput:
    """A person."""

    user_id: strawberry.ID = strawberry.field(description="The person.")


@mutation(user=tables.User)
async def set_user_role(work: Work, input: SetUserRoleInput) -> tables.User:
    """Give somebody another role on the platform, and tell them. For administrators, of whom one stays at any time.

    What they have open with the role that they had closes at once.
    """
    user = await people.person(work, input.user_id)
    await people.set_role(work, user, input.role)
    return user


@mutation(user=tables.User)
async def deactivate_user(work: Work, input: PersonInput) -> tables.User:
    """Sign somebody out everywhere, and let them sign in no more. For administrators, of whom one stays at any time."""
    user = await people.person(work, input.user_id)
    await people.set_active(work, user, is_active=False)
    return user


@mutation(user=tables.User)
async def reactivate_user(work: Work, input: PersonInput) -> tables.User:
    """Let somebody sign in again, and tell them. For administrators."""
    user = await people.person(work, input.user_id)
    await people.set_active(work, user, is_active=True)
    return user


@mutation(user=tables.User)
async def unlock_user(work: Work, input: PersonInput) -> tables.User:
    """Let somebody try again who has sent too many wrong passwords, and tell them. For administrators."""
    user = await people.person(work, input.user_id)
    await people.unlock(work, user)
    return user

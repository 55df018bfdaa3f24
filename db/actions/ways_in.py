"""The ways in that a person has: nobody takes away their own last one, and all of them end with a claim that was false.

A slice with another way in adds its table here: a row of it, by its `user_id`, lets a person in.
"""

from typing import cast
from uuid import UUID

from sqlalchemy import Table, delete, func, select

from db import tables
from db.actions import identities
from db.actions.accounts import end_sessions
from db.base import Base
from db.errors import Conflict
from db.write import Work

WAYS_IN: tuple[type[Base], ...] = (tables.Password, tables.Account, tables.Passkey)
"""The tables whose rows let their user in."""
PROMISES: tuple[type[Base], ...] = (tables.VerificationToken, tables.ApiKey)
"""The tables whose rows let somebody in later, or change how: links that were sent, and keys of programs."""


async def lock(work: Work, user_id: UUID) -> tables.User:
    """The person with this key, whose ways in nobody else adds to or takes away until the end of the transaction."""
    return (await work.scalars(select(tables.User).where(tables.User.id == user_id).with_for_update())).one()


async def check_another(work: Work, user: tables.User, *, at: str) -> None:
    """Raise Conflict where a person has no more than one way in; `lock` comes first."""
    counts = [select(func.count()).where(one.c.user_id == user.id).scalar_subquery() for one in _of(WAYS_IN)]
    (found,) = (await work.execute(select(*counts))).all()
    if sum(found) < 2:
        raise Conflict("This is your only way in. Set a password or add another first.", at=at)


async def end_all(work: Work, user: tables.User) -> None:
    """End all ways in of a person with their sessions and identities, as they are those of somebody who is not that
    person.
    """
    for one in _of(WAYS_IN + PROMISES):
        await work.execute(delete(one).where(one.c.user_id == user.id))
    await end_sessions(work, tables.Session.user_id == user.id)
    await identities.disprove(work, user)
    user.github_login = None
    work.audit("ways_in_ended", user)


def _of(classes: tuple[type[Base], ...]) -> list[Table]:
    return [cast("Table", one.__table__) for one in classes]

"""Calls of every action, by what they are about: those of one module do not disturb each other in any order."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from db import tables
from db.access import Viewer
from db.write import Work
from tests.world import NOON


@dataclass(frozen=True)
class Call:
    """One call of an action by a person of the world with rows of the world, and what is true afterwards, in SQL."""

    action: Callable[..., Awaitable[Any]]
    who: str
    given: tuple[str, ...]
    do: Callable[..., Awaitable[Any]]
    is_done: str


async def newcomer(work: Work, name: str) -> tables.User:
    """A person whom no other call knows, and as whom the work goes on."""
    user = await work.add(tables.User(email=f"{name}@example.com", email_verified_at=NOON, name=name))
    work.viewer = Viewer(user.id, user.role)
    return user

"""The small named world that the tests are told in.

Ada owns the project Atlas of the organization Analytical; Ben works on it as a member, Vera may only look, Rob was
removed from it. Ines teaches three courses: Logic is free and published, Rhetoric costs money, Draft is not out. Sam
takes Logic. Ben was told two things, of which he read one; Vera one. Olga belongs to none of this: she has an
organization, a project and a repository of her own. Root is an administrator of the platform.

A module a slice makes its part of the world, behind the slices that it builds upon.
"""

import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from types import ModuleType
from typing import Any

from db import tables
from db.access import Viewer
from db.base import Base
from db.engine import Database
from db.modules import modules

PEOPLE = ("ada", "ben", "vera", "rob", "ines", "sam", "olga", "root")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass
class World:
    """The rows by their names, and a token for every person: `world.atlas`, `world.tokens["ada"]`."""

    rows: dict[str, Base] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.rows[name]
        except KeyError:
            raise AttributeError(name) from None

    def viewer(self, name: str | None) -> Viewer:
        """The person of this name as somebody who asks; None is a guest."""
        if name is None:
            return Viewer()
        user = self.rows[name]
        assert isinstance(user, tables.User)
        session = self.rows.get(f"{name}s_session")
        return Viewer(user.id, user.role, session.id if session else None)


async def build(database: Database) -> World:
    """Make the world in an empty database."""
    world = World()
    async with database.work(Viewer()) as work:
        for slice_ in _in_order():
            await slice_.make(world, work)
        work.events.clear()  # nobody has to be told how the world was made
    return world


def _in_order() -> list[ModuleType]:
    """The modules of the slices, each behind those that it names in `NEEDS`."""
    found = {slice_.__name__.rpartition(".")[2]: slice_ for slice_ in modules(sys.modules[__name__])}
    needs = {name: getattr(slice_, "NEEDS", ()) for name, slice_ in found.items()}
    return [found[name] for name in TopologicalSorter(needs).static_order()]

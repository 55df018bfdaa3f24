"""Where the nodes of the tree have their rows from: a table, or several tables as one list."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, literal_column

from db.access import Viewer
from db.base import Base
from db.relations import Between
from db.unions import Union


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Which rows of a table: those for which `on(scope, row)` holds, or all.

    They may hang on rows `between`, and are read for each of these by itself where they are many.

    The access rule is `checked`; or the rows are `reached` from the viewer, which costs less for a list of all; or they
    are `followed`: the rule holds by the way that leads to them.
    """

    table: type[Base]
    on: Callable[[Any, Any], ColumnElement[bool]] | None = None
    access: Literal["checked", "reached", "followed"] = "checked"
    between: Between | None = None

    def __str__(self) -> str:
        names: Any = _Names()
        if self.between:
            return f"{self.table.__name__}({self.between.words}; {self.access})"
        condition = " ".join(f"{self.on(names, names)}".split()) if self.on else "all"
        return f"{self.table.__name__}({condition}; {self.access})"


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """The rows of several tables of a union as one list."""

    table: Union
    arms: tuple[Rows, ...]

    @property
    def kinds(self) -> dict[int, type[Base]]:
        """The tables that there are rows of, by their kinds."""
        return {self.table.tables.index(arm.table): arm.table for arm in self.arms}

    def __str__(self) -> str:
        return f"{self.table.name}: {' + '.join(map(str, self.arms))}"


class _Names:
    """Columns by their names alone: what conditions are printed over."""

    shape, viewer = "$name", Viewer(UUID(int=0))
    key: ColumnElement[Any] = literal_column("$key")

    @property
    def row(self) -> "_Names":
        return _Names("parent.")

    @property
    def c(self) -> "_Names":
        return self

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix

    def __getitem__(self, name: str) -> Any:
        return literal_column(f"{self.prefix}{name}")

    __getattr__ = __getitem__

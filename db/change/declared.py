"""Changes that can be declared: a row is found under its rule, something is changed, and that is told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, reduce
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.types import TypeEngine

from db.access import Viewer, viewer_id
from db.base import Base, new_id
from db.change.along import Along
from db.constraints import field_of
from db.errors import Conflict, Refusal
from db.ids import key_of
from db.outbox import CHANGED
from db.permissions import Permission
from db.records import columns
from db.roots import noun
from db.statements import DIALECT
from db.transitions import states_before

May = Permission | tuple[Permission, ...]
Values = Mapping[str, Any]
Make = Callable[[Any, Any, Any], Any]
"""A function of the columns of a row, of the input (`Given`) and of the id of the viewer, all as expressions."""
Unless = tuple[Callable[[Any, Any], ColumnElement[bool]], Refusal]
"""A condition, as a function of the columns of a row and of the id of the viewer, and what is said where it holds."""


class Given:
    """A value that the input of a mutation has, by the names that lead to it: `input.position.line`.

    One that is `unset_` leaves its column as it is. Its own names end so that they are none of an input.
    """

    def __init__(self, *path: str, unset: Any = None) -> None:
        self.path_ = path
        self.unset_ = unset

    def __getattr__(self, name: str) -> "Given":
        if name.startswith("_"):
            raise AttributeError(name)
        return Given(*self.path_, name)

    @property
    def parameter_(self) -> str:
        """The name of its bind parameter."""
        return "_".join(("input", *self.path_))


@dataclass(frozen=True, eq=False, kw_only=True)
class Change:
    """A row of `table` is found by its id in the field `at` of the input, if the viewer `may` do it.

    `tells` is the kind of the event. `shows` are the rows that are answered with, by their names. `also` makes one row
    more, of the columns of the changed one; with `also_if` only if the input has something in this field. What is done
    `in_any_state` is done to a closed row, too.
    """

    past: ClassVar[str]
    """The word for what is done to a row."""

    table: type[Base]
    may: May
    at: str
    tells: str = CHANGED
    shows: Mapping[str, type[Base]]
    also: Make | None = None
    is_audited: bool = True
    also_if: str | None = None
    in_any_state: bool = False

    @property
    def target(self) -> type[Base]:
        """The table whose rows are changed."""
        return self.table

    @property
    def action(self) -> str:
        """The name of the action in the audit log: that of the event, or that of what is done to which table."""
        return f"{noun(self.target)}_{self.past}" if self.tells == CHANGED else self.tells.lower()

    def seen(self, found: Any) -> Mapping[str, ColumnElement[Any]]:
        """The parts of the found row that tell a refusal from nothing to change, by names, over its columns."""
        return {}

    def values(self, found: Any) -> Values:
        """The values that are written, by attribute, over the columns of the found row."""
        return {}

    def also_values(self, changed: Any) -> tuple[type[Base], Values]:
        """The table and the values of the further row."""
        assert self.also
        return row_values(self.also(changed, Given(), viewer_id()))

    def refusal(self, seen: Sequence[str], input: Any) -> Refusal | None:
        """Why nothing was changed, by the texts of what was `seen`; None where there was nothing to change."""
        return None

    def parameters(self, input: Any, viewer: Viewer) -> dict[str, Any]:
        """The parameters of its statements."""
        found: dict[str, Any] = {
            "key": self.key(input),
            "new_id": new_id(),
            "also_id": new_id(),
            "entry_id": new_id(),
            "api_key_id": viewer.key_id,
            **viewer.parameters,
        }
        for given, type_ in self.inputs:
            value = reduce(_within, given.path_, input)
            is_left_out = given.unset_ is not None and value is given.unset_
            found[given.parameter_] = None if is_left_out else bound(value, type_)
            found[f"has_{given.parameter_}"] = not is_left_out
        if self.also_if:
            found["has_also"] = getattr(input, self.also_if) is not None
        return found

    def key(self, input: Any) -> UUID | None:
        """The key of the row to find; None for an id of nothing in its table."""
        return key_of(self.table, getattr(input, self.at))

    @cached_property
    def inputs(self) -> list[tuple[Given, TypeEngine[Any]]]:
        """The values of the input that are written or compared, with their types."""
        written = [(self.target, self.values(self.table.__table__.c))]
        if self.also:
            written.append(self.also_values(self.target.__table__.c))
        return [
            (value, columns(table)[name].type)
            for table, values in written
            for name, value in values.items()
            if isinstance(value, Given)
        ]


@dataclass(frozen=True, eq=False, kw_only=True)
class Addition(Change):
    """A row more, which hangs on the found one. With `once` a row that is there already is left as it is.

    With `renews` that row gets other values: `renews(old, new)`, of its columns and those of the row that it would be.
    """

    past = "added"

    row: Make
    once: bool = False
    renews: Callable[[Any, Any], Values] | None = None

    @cached_property
    def target(self) -> type[Base]:
        return row_values(self.row(self.table.__table__.c, Given(), viewer_id()))[0]

    def values(self, found: Any) -> Values:
        return row_values(self.row(found, Given(), viewer_id()))[1]


@dataclass(frozen=True, eq=False, kw_only=True)
class Update(Change):
    """Other values for the found row, if what the input says differs.

    With `to` it is brought to a state, where that can follow its own. With `version` it needs the version that this
    field of the input has, and gets the next one, unless it is brought to a state: its text is the same. `unless` is a
    condition over the row and the id of the viewer, and what whoever meets it is refused with. A row that has not
    `where` has nothing to change. Rows `along` are changed with it, as it is.
    """

    past = "changed"

    set: Make = lambda found, input, viewer: {}
    version: str | None = None
    to: StrEnum | None = None
    unless: Unless | None = None
    along: Along | None = None
    where: Callable[[Any], ColumnElement[bool]] | None = None

    @property
    def state(self) -> str | None:
        """The column of the state."""
        return states_before(self.table, self.to)[0] if self.to else None

    def seen(self, found: Any) -> Mapping[str, ColumnElement[Any]]:
        version = {"version": found["version"]} if self.version else {}
        state = {"state": found[self.state]} if self.state else {}
        return {**version, **state, **({"unless": self.unless[0](found, viewer_id())} if self.unless else {})}

    @property
    def sources(self) -> Sequence[StrEnum]:
        """The states that `to` can follow."""
        return states_before(self.table, self.to)[1] if self.to else ()

    def values(self, found: Any) -> Values:
        return dict(self.set(found, Given(), viewer_id()))

    def refusal(self, seen: Sequence[str], input: Any) -> Refusal | None:
        known = dict(zip(self.seen(self.table.__table__.c), seen, strict=False))
        if self.version and known["version"] != str(expected := getattr(input, self.version)):
            message = stale(self.table, known["version"], expected, did="saw" if self.to else "changed")
            return Conflict(message, at=field_of(self.version))
        if self.to and known["state"] not in (self.to.name, *(one.name for one in self.sources)):
            return Conflict(f"This is {known['state']} and cannot become {self.to}.")
        is_there = self.to and known["state"] == self.to.name
        if self.unless and known["unless"] == "true" and not is_there:
            return type(self.unless[1])(self.unless[1].message, at=field_of(self.at))
        return None

    def is_late(self, row: Sequence[Any], input: Any) -> bool:
        """Whether nothing is changed for rows along that nobody has read, by the row that its statement gives."""
        return row[1] is None and row[2][-1] == "true" and self.refusal(row[2], input) is None

    @cached_property
    def inputs(self) -> list[tuple[Given, TypeEngine[Any]]]:
        expected = [(Given(self.version), self.table.__table__.c["version"].type)] if self.version else []
        return super().inputs + expected


@dataclass(frozen=True, eq=False, kw_only=True)
class UpdateEach(Update):
    """Other values for each row that the list in the field `at` of the input names.

    Unless the others may be skipped, all of them are found or nothing is changed.
    """

    def parameters(self, input: Any, viewer: Viewer, *, is_partial: bool = False) -> dict[str, Any]:
        keys = {key_of(self.table, public_id) for public_id in getattr(input, self.at)}
        others = {"keys": [key for key in keys if key], "named": len(keys), "is_partial": is_partial}
        return super().parameters(input, viewer) | others

    def key(self, input: Any) -> None:
        """None: it has `keys`."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Deletion(Change):
    """The found row is deleted with all that belongs to it, or the rows of another table that have the values of
    `rows`: `lambda comment, input, viewer: tables.Reaction(comment_id=comment.id, user_id=viewer)`.
    """

    past = "deleted"

    rows: Make | None = None

    @cached_property
    def target(self) -> type[Base]:
        return row_values(self.rows(self.table.__table__.c, Given(), viewer_id()))[0] if self.rows else self.table

    def values(self, found: Any) -> Values:
        return row_values(self.rows(found, Given(), viewer_id()))[1] if self.rows else {}


def stale(table: type[Base], version: Any, expected: Any, *, did: str) -> str:
    """A message about a version that is not the last any more."""
    return f"The {noun(table)} is at version {version} by now; you {did} version {expected}."


def row_values(row: Base) -> tuple[type[Base], Values]:
    """The table and the values of a row that is made of expressions."""
    return type(row), {name: value for name, value in vars(row).items() if not name.startswith("_")}


def _within(input: Any, name: str) -> Any:
    """A value in an input; None in what was left out."""
    return None if input is None else getattr(input, name)


def bound(value: Any, type_: TypeEngine[Any]) -> Any:
    """A value of a column as the driver takes it."""
    write = type_.dialect_impl(DIALECT).bind_processor(DIALECT)
    return write(value) if write and value is not None else value

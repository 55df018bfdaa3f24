"""Access rules: who may do what with a row, as an SQL predicate over the viewer.

A rule is declared in the class line of a table and is all that decides: batched reads, compiled reads and
mutations put it into their statements, and `scripts/access` prints it. Rules add up with `|`.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    FromClause,
    MetaData,
    Table,
    Uuid,
    and_,
    bindparam,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.sql import Select

from db.permissions import READING, SEE, Permission
from db.transitions import described

Row = FromClause
Keys = Select[tuple[UUID]]


@dataclass(frozen=True, slots=True)
class Viewer:
    """The viewer of an operation, and the session or the API key that they came with. A guest has no id.

    Statements take the id as bind parameter `viewer_id`.
    """

    id: UUID | None = None
    role: str | None = None
    """The role on the platform as a whole."""
    session_id: UUID | None = None
    organization_ids: tuple[UUID, ...] = ()
    """The organizations that pay for what the viewer asks."""
    expires_at: datetime | None = None
    """The moment at which the session or the key ends by itself, if it does."""
    scopes: frozenset[str] | None = None
    """The scopes of the credential, such as `specs:read` and `specs:write`; None where it allows everything."""
    key_id: UUID | None = None
    """The API key that a program came with."""
    rate_limit: int = 0
    """The operations an hour that the key allows."""

    @property
    def is_guest(self) -> bool:
        return self.id is None

    @property
    def is_admin(self) -> bool:
        return self.role == ADMINISTRATOR

    def acts_as(self, other: "Viewer") -> bool:
        """Whether both are the same user who may do the same, however they were told apart."""
        return (self.id, self.role, self.scopes) == (other.id, other.role, other.scopes)

    @property
    def kind(self) -> str:
        """The kind of viewer that the text of a statement depends on: guest, user, or a role that rules name."""
        kind = "guest" if self.id is None else self.role if self.role in named_roles else "user"
        return kind if self.scopes is None else f"{kind} with scopes"

    @property
    def typical(self) -> "Viewer":
        """One viewer for all of the same kind: the text of a statement is the same for them."""
        if (found := _typical.get(self.kind)) is None:
            role = self.role if self.role in named_roles else None
            scopes = None if self.scopes is None else frozenset[str]()
            found = _typical[self.kind] = Viewer(self.id and UUID(int=0), role, scopes=scopes)
        return found

    def has_scope(self, scope: str) -> bool:
        """Whether the credential allows what this scope is for."""
        return self.scopes is None or scope in self.scopes

    @property
    def unscoped(self) -> "Viewer":
        """The viewer with all that they may do, whatever the credential allows."""
        return self if self.scopes is None else replace(self, scopes=None)

    @property
    def parameters(self) -> dict[str, Any]:
        """The bind parameters of every statement with an access rule in it."""
        if self.scopes is None:
            return {"viewer_id": self.id}
        scopes = (f"{name}:{verb}" for name in set(slices.values()) for verb in ("read", "write"))
        return {"viewer_id": self.id} | {scope: self.has_scope(scope) for scope in scopes}


ADMINISTRATOR = "ADMIN"
"""The role that may do everything but act as somebody else."""
GUEST = Viewer()
WHOEVER = Viewer(role=ADMINISTRATOR)
"""A viewer to whom nothing is hidden: in whatever anybody finds, they find that."""
_typical: dict[str, Viewer] = {}

named_roles: set[str] = {ADMINISTRATOR}
"""The roles on the platform that rules name."""
slices: dict[Any, str] = {}
"""The slice of every table, which scopes name."""


def slice_of(module: str) -> str:
    """The slice that a module of `db.tables` belongs to: a long one has its enumerations in one of their own."""
    return module.rpartition(".")[2].removesuffix("_enums")


rules: dict[Any, "Rule"] = {}
"""The rule of every table."""
closings: dict[Any, Any] = {}
"""The states that close the rows of a table, for the tables that have such."""
_written: dict[tuple[Permission, Table, str], tuple["Rule", ColumnElement[bool]]] = {}


def viewer_id() -> ColumnElement[UUID]:
    """The viewer's id as a bind parameter: the text of a statement is the same for everybody of one class."""
    return bindparam("viewer_id", type_=Uuid())


def allows(permission: Permission, row: Row, viewer: Viewer) -> ColumnElement[bool]:
    """The condition under which `viewer` has `permission` on `row`, a table or an alias of one."""
    rule, whole = rule_of(row), viewer.unscoped
    granted = _on_table(rule, permission, row, whole) if isinstance(row, Table) else rule.grants(permission, row, whole)
    return both(in_scope(permission, row, viewer), granted)


def in_scope(permission: Permission, row: Row, viewer: Viewer) -> ColumnElement[bool]:
    """The condition under which the viewer's credential allows what the permission is for, on rows of this table.

    Scopes narrow whatever the rule grants on the row itself. Rows that the rule looks at on the way need none.
    """
    if viewer.scopes is None:
        return true()
    verb = "read" if permission in READING else "write"
    return bindparam(f"{slices[table_of(row)]}:{verb}", type_=Boolean())


def both(one: ColumnElement[bool], other: ColumnElement[bool]) -> ColumnElement[bool]:
    """The condition that both hold, as short as it can be written."""
    if one is true():
        return other
    return one if other is true() else false() if other is false() else and_(one, other)


def _on_table(rule: "Rule", permission: Permission, table: Table, viewer: Viewer) -> ColumnElement[bool]:
    """The condition on a table itself: to write it takes up to 40 ms, and it is the same for all viewers of a kind."""
    key = permission, table, viewer.kind
    written = _written.get(key)
    if written is None or written[0] is not rule:
        written = _written[key] = rule, rule.grants(permission, table, viewer)
    return written[1]


def reachable(row: Row, viewer: Viewer, permission: Permission = SEE) -> ColumnElement[bool]:
    """The condition under which `viewer` has a permission on `row`, in the form for a list of all such rows.

    Where the rule can be read from the viewer's side (memberships, ownership) the list starts there, so that
    three visible rows cost the same among five hundred thousand as among five.
    """
    keys = reached(row, viewer, permission)
    if keys is None:
        return allows(permission, row, viewer)
    if (condition := rule_of(row).hangs(row, viewer.unscoped, permission)) is not None:
        return both(in_scope(permission, row, viewer), condition)
    return row.c.id.in_(keys)


def reached(row: Row, viewer: Viewer, permission: Permission = SEE) -> Keys | None:
    """The ids of all rows of the table of `row` on which `viewer` has a permission, each once; None where the rule
    tells no way to them.

    Ownership alone needs none: the rule itself starts from the viewer, and its index serves filters and orders too.
    """
    rule, whole, found = rule_of(row), viewer.unscoped, table_of(row).alias()
    ways = rule.reach(row, whole, permission)
    if ways is None or _is_ownership(ways, row):
        return None
    if not ways:
        return select(found.c.id).where(false())
    scope = in_scope(permission, row, viewer)
    if (condition := rule.hangs(found, whole, permission)) is not None:
        return select(found.c.id).where(both(scope, condition))
    ways = ways if scope is true() else [way.where(scope) for way in ways]
    return ways[0].distinct() if len(ways) == 1 else select(ways[0].union(*ways[1:]).subquery("ways"))


def _is_ownership(ways: list[Keys], row: Row) -> bool:
    """Whether there is one way to the rows, and it looks at nothing but the rows themselves."""
    return [getattr(seen, "element", None) for way in ways for seen in way.get_final_froms()] == [table_of(row)]


def any_row(row: Row, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether there is such a row; everything else that the conditions name belongs to the statement around it.

    Written as a value, not as EXISTS: for that the planner would rather hash all rows of a viewer than look for one.
    """
    if any(condition is false() for condition in conditions):
        return false()
    found = select(literal_column("true", Boolean)).select_from(row).where(*conditions).limit(literal_column("1"))
    return func.coalesce(found.correlate_except(row).scalar_subquery(), false())


def rule_of(row: Row) -> "Rule":
    """The rule declared with the table of a row."""
    return rules[table_of(row)]


class Rule:
    """A statement about a row and a viewer."""

    def grants(self, permission: Permission, row: Row, viewer: Viewer) -> ColumnElement[bool]:
        """The condition under which the viewer has the permission on the row."""
        raise NotImplementedError

    def reach(self, row: Row, viewer: Viewer, permission: Permission = SEE) -> list[Keys] | None:
        """Selects of the ids on which the viewer has the permission, found from the viewer; None when there is no such
        way.
        """
        raise NotImplementedError

    def hangs(self, row: Row, viewer: Viewer, permission: Permission = SEE) -> ColumnElement[bool] | None:
        """The condition that a row hangs on one that is reached, where all ways of `reach` lead through such: so that
        each row is read once. None where they do not.
        """
        return None

    def describe(self, permission: Permission) -> str:
        """The viewers who have the permission, in words; empty for nobody."""
        raise NotImplementedError

    def __or__(self, other: "Rule") -> "Rule":
        return AnyOf((*alternatives(self), *alternatives(other)))


@dataclass(frozen=True, slots=True)
class AnyOf(Rule):
    """At least one of the rules grants it."""

    rules: tuple[Rule, ...] = ()

    def grants(self, permission: Permission, row: Row, viewer: Viewer) -> ColumnElement[bool]:
        granted = [rule.grants(permission, row, viewer) for rule in self.rules]
        needed = [condition for condition in granted if condition is not false()]
        if any(condition is true() for condition in needed):
            return true()
        return or_(*needed) if needed else false()

    def reach(self, row: Row, viewer: Viewer, permission: Permission = SEE) -> list[Keys] | None:
        ways = [rule.reach(row, viewer, permission) for rule in self.rules]
        return None if None in ways else [key for way in ways for key in way or ()]

    def hangs(self, row: Row, viewer: Viewer, permission: Permission = SEE) -> ColumnElement[bool] | None:
        leading = [rule for rule in self.rules if rule.reach(row, viewer, permission) != []]
        return leading[0].hangs(row, viewer, permission) if len(leading) == 1 else None

    def describe(self, permission: Permission) -> str:
        return " | ".join(filter(None, (rule.describe(permission) for rule in self.rules)))


def matrix(metadata: MetaData) -> str:
    """Every table and permission with the viewers who have it, and the states and reveals of its rows, as text for a
    review.
    """
    lines = []
    for table in metadata.sorted_tables:
        rule = rule_of(table)
        lines.append(table.name)
        lines += [f"  {permission:<8} {rule.describe(permission) or 'nobody'}" for permission in Permission]
        if revealing := [column.name for column in table.c if column.info.get("reveals")]:
            lines.append(f"  reveals  {', '.join(revealing)}")
        lines += [f"  becomes  {words}" for words in described(table)]
        if table in closings:
            lines.append(f"  closed   {closings[table].describe()}")
    return "\n".join(lines) + "\n"


def alternatives(rule: Rule) -> tuple[Rule, ...]:
    """The rules that a rule adds up."""
    return rule.rules if isinstance(rule, AnyOf) else (rule,)


def table_of(row: Any) -> Any:
    """The table behind an alias, or behind a subquery that selects its rows or writes them."""
    while not isinstance(row, Table):
        row = row.element if hasattr(row, "element") else row.table if row.is_dml else row.get_final_froms()[0]
    return row

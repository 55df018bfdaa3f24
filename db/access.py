"""Access rules: who may do what with a row, as an SQL predicate over the viewer.

A rule is declared in the class line of a table and is all that decides: batched reads, compiled reads and
mutations put it into their statements, and `scripts/access` prints it. Rules add up with `|`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, MetaData, Table, Uuid, and_, bindparam, false, or_, select, true
from sqlalchemy.sql import Select

from db.permissions import EVERYTHING, OWN, SEE, Permission, Roles

Row = FromClause
Condition = Callable[..., ColumnElement[bool]]
Keys = Select[tuple[UUID]]


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks, and by which session. A guest has no id. Statements take the id as bind parameter `viewer_id`."""

    id: UUID | None = None
    is_admin: bool = False
    session_id: UUID | None = None

    @property
    def is_guest(self) -> bool:
        return self.id is None

    @property
    def kind(self) -> str:
        """What the text of a statement depends on: guest, user or administrator."""
        return "guest" if self.is_guest else "administrator" if self.is_admin else "user"

    @property
    def parameters(self) -> dict[str, Any]:
        """The bind parameters of every statement with an access rule in it."""
        return {"viewer_id": self.id}


GUEST = Viewer()

_rules: dict[Any, "Rule"] = {}


def viewer_id() -> ColumnElement[UUID]:
    """The viewer's id as a bind parameter: the text of a statement is the same for everybody of one class."""
    return bindparam("viewer_id", type_=Uuid())


def allows(permission: Permission, row: Row, viewer: Viewer) -> ColumnElement[bool]:
    """The condition under which `viewer` has `permission` on `row`, a table or an alias of one."""
    return rule_of(row).grants(permission, row, viewer)


def reachable(row: Row, viewer: Viewer) -> ColumnElement[bool]:
    """The condition under which `viewer` sees `row`, in the form for a list of all that they see.

    Where the rule can be read from the viewer's side (memberships, ownership) the list starts there, so that
    three visible rows cost the same among five hundred thousand as among five.
    """
    ways = rule_of(row).reach(row, viewer)
    if ways is None:
        return allows(SEE, row, viewer)
    if not ways:
        return false()
    keys = ways[0] if len(ways) == 1 else select(ways[0].union(*ways[1:]).subquery())
    return row.c.id.in_(keys)


def any_row(row: Row, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether there is such a row; everything else that the conditions name belongs to the statement around it."""
    return select(1).select_from(row).where(*conditions).correlate_except(row).exists()


def declare(table: Any, rule: "Rule") -> None:
    """Make `rule` the rule of a table, beside that of administrators."""
    _rules[table] = rule if rule is nobody else administrators | rule


def rule_of(row: Row) -> "Rule":
    """The rule declared with the table of a row."""
    return _rules[_table(row)]


class Rule:
    """A statement about a row and a viewer."""

    def grants(self, permission: Permission, row: Row, viewer: Viewer) -> ColumnElement[bool]:
        """The condition under which the viewer has the permission on the row."""
        raise NotImplementedError

    def reach(self, row: Row, viewer: Viewer) -> list[Keys] | None:
        """Selects of the ids that the viewer sees, found from the viewer; None when there is no such way."""
        raise NotImplementedError

    def describe(self, permission: Permission) -> str:
        """Who has the permission, in words; empty for nobody."""
        raise NotImplementedError

    def __or__(self, other: "Rule") -> "Rule":
        return AnyOf((*_parts(self), *_parts(other)))


@dataclass(frozen=True, slots=True)
class AnyOf(Rule):
    """At least one of the rules grants it."""

    rules: tuple[Rule, ...] = ()

    def grants(self, permission: Permission, row: Row, viewer: Viewer) -> ColumnElement[bool]:
        return or_(false(), *(rule.grants(permission, row, viewer) for rule in self.rules))

    def reach(self, row: Row, viewer: Viewer) -> list[Keys] | None:
        ways = [rule.reach(row, viewer) for rule in self.rules]
        return None if None in ways else [key for way in ways for key in way or ()]

    def describe(self, permission: Permission) -> str:
        return " | ".join(filter(None, (rule.describe(permission) for rule in self.rules)))


@dataclass(frozen=True, slots=True)
class Administrators(Rule):
    """Platform administrators may do everything. `Base` adds this to every rule but `nobody`."""

    def grants(self, permission: Permission, row: Row, viewer: Viewer) -> ColumnElement[bool]:
        return true() if viewer.is_admin else false()

    def reach(self, row: Row, viewer: Viewer) -> list[Keys] | None:
        return None if viewer.is_admin else []

    def describe(self, permission: Permission) -> str:
        return "administrators"


@dataclass(frozen=True, slots=True)
class Everyone(Rule):
    """Guests too, for the rows that meet the condition."""

    permissions: frozenset[Permission]
    where: Condition

    def grants(self, permission: Permission, row: Row, viewer: Viewer) -> ColumnElement[bool]:
        return self.where(row.c) if permission in self.permissions else false()

    def reach(self, row: Row, viewer: Viewer) -> list[Keys] | None:
        return None

    def describe(self, permission: Permission) -> str:
        return "everyone" if permission in self.permissions else ""


@dataclass(frozen=True, slots=True)
class Owner(Rule):
    """The person that a column of the row names."""

    column: str
    permissions: frozenset[Permission]

    def grants(self, permission: Permission, row: Row, viewer: Viewer) -> ColumnElement[bool]:
        if viewer.is_guest or permission not in self.permissions:
            return false()
        return row.c[self.column] == viewer_id()

    def reach(self, row: Row, viewer: Viewer) -> list[Keys] | None:
        if viewer.is_guest or SEE not in self.permissions:
            return []
        owned = _table(row).alias()
        return [select(owned.c.id).where(owned.c[self.column] == viewer_id())]

    def describe(self, permission: Permission) -> str:
        return self.column if permission in self.permissions else ""


@dataclass(frozen=True, slots=True)
class Member(Rule):
    """Whoever a membership table lists for the row, with what their role there may do."""

    memberships: str
    group: str
    key: str
    role: str
    roles: Roles
    where: Condition

    def grants(self, permission: Permission, row: Row, viewer: Viewer) -> ColumnElement[bool]:
        if viewer.is_guest or not self._roles(permission):
            return false()
        member = _related(row, self.memberships).alias()
        return any_row(member, member.c[self.group] == row.c[self.key], *self._holds(permission, member, row))

    def reach(self, row: Row, viewer: Viewer) -> list[Keys] | None:
        if viewer.is_guest:
            return []
        member = _related(row, self.memberships).alias()
        if self.key == "id":
            return [select(member.c[self.group]).where(*self._holds(SEE, member, row.alias()))]
        group = _table(row).alias()
        joined = group.join(member, member.c[self.group] == group.c[self.key])
        return [select(group.c.id).select_from(joined).where(*self._holds(SEE, member, group))]

    def describe(self, permission: Permission) -> str:
        roles = [role.value for role in self._roles(permission)]
        return f"{self.memberships}({', '.join(roles)})" if roles else ""

    def _holds(self, permission: Permission, member: Row, row: Row) -> Iterable[ColumnElement[bool]]:
        yield member.c.user_id == viewer_id()
        roles = self._roles(permission)
        if len(roles) < len(type(next(iter(self.roles)))):  # roles that the table does not name may do nothing
            yield or_(*(member.c[self.role] == role for role in roles))
        yield self.where(member.c, row.c)

    def _roles(self, permission: Permission) -> list[Any]:
        return [role for role, permissions in self.roles.items() if permission in permissions]


@dataclass(frozen=True, slots=True)
class Through(Rule):
    """Whoever has the permission on the row that a foreign key refers to."""

    column: str
    needs: Mapping[Permission, Permission]

    def grants(self, permission: Permission, row: Row, viewer: Viewer) -> ColumnElement[bool]:
        if permission is OWN:
            return false()
        parent = self.parent(_table(row)).alias()
        granted = allows(self.needs.get(permission, permission), parent, viewer)
        if granted is true() or granted is false():
            return and_(row.c[self.column].is_not(None), granted)
        return any_row(parent, parent.c.id == row.c[self.column], granted)

    def reach(self, row: Row, viewer: Viewer) -> list[Keys] | None:
        return None

    def describe(self, permission: Permission) -> str:
        return "" if permission is OWN else f"{self.column} → {self.needs.get(permission, permission)}"

    def parent(self, table: Row) -> Row:
        """The table that the foreign key refers to."""
        (key,) = table.c[self.column].foreign_keys
        return key.column.table


@dataclass(frozen=True, slots=True)
class Revealed(Rule):
    """Whoever sees a row that refers to this one by a key declared with `reveals=True`."""

    def grants(self, permission: Permission, row: Row, viewer: Viewer) -> ColumnElement[bool]:
        if permission is not SEE:
            return false()
        return or_(false(), *(self._through(key, row, viewer) for key in revealing(_table(row))))

    def reach(self, row: Row, viewer: Viewer) -> list[Keys] | None:
        return None

    def describe(self, permission: Permission) -> str:
        return "whoever sees a row that reveals it" if permission is SEE else ""

    def _through(self, key: Any, row: Row, viewer: Viewer) -> ColumnElement[bool]:
        witness = key.table.alias()
        return any_row(witness, witness.c[key.name] == row.c.id, allows(SEE, witness, viewer))


def everyone(*permissions: Permission, where: Condition = lambda row: true()) -> Rule:
    """Guests too, on rows that meet the condition."""
    return Everyone(frozenset(permissions or {SEE}), where)


def owned_by(column: str, *permissions: Permission) -> Rule:
    """The user whose id stands in `column`: everything, or the permissions named."""
    return Owner(column, frozenset(permissions) or EVERYTHING)


def members(
    memberships: str,
    group: str,
    roles: Roles,
    *,
    key: str = "id",
    role: str = "role",
    where: Condition = lambda member, row: true(),
) -> Rule:
    """The users for whom table `memberships` has a row with `group` equal to the row's `key`.

    What they may do is looked up in `roles` by the membership's column `role`.
    """
    return Member(memberships, group, key, role, roles, where)


def through(column: str, **needs: Permission) -> Rule:
    """The rule of the row that `column` refers to; `see=MANAGE` asks there for more than for the same."""
    return Through(column, {Permission(name): permission for name, permission in needs.items()})


administrators: Rule = Administrators()
revealed: Rule = Revealed()
nobody: Rule = AnyOf()


def follows(column: Any) -> bool:
    """Whether all who see a row see its parent by this foreign key, so that the way up needs no check."""
    return bool(column.info.get("reveals")) or _seeing(column.table) == [Through(column.name, {})]


def passes_down(column: Any) -> bool:
    """Whether all who see the parent by this foreign key see the row, so that the way down needs no check."""
    return Through(column.name, {}) in _seeing(column.table)


def revealing(table: Row) -> list[Any]:
    """The foreign keys of all tables that reveal the rows of this one."""
    metadata: MetaData = _table(table).metadata
    columns = (column for other in metadata.sorted_tables for column in other.c)
    return [c for c in columns if c.info.get("reveals") and any(key.column.table is table for key in c.foreign_keys)]


def matrix(metadata: MetaData) -> str:
    """Every table and permission with who has it, as text: what a review of access reads."""
    lines = []
    for table in metadata.sorted_tables:
        rule = rule_of(table)
        lines.append(table.name)
        lines += [f"  {permission:<8} {rule.describe(permission) or 'nobody'}" for permission in Permission]
    return "\n".join(lines) + "\n"


def _parts(rule: Rule) -> tuple[Rule, ...]:
    return rule.rules if isinstance(rule, AnyOf) else (rule,)


def _seeing(row: Row) -> list[Rule]:
    """The rules by which a row is seen, beside that of administrators."""
    return [rule for rule in _parts(rule_of(row)) if rule.describe(SEE) and rule is not administrators]


def _table(row: Any) -> Any:
    """The table behind an alias, or behind a subquery that selects its rows."""
    while not isinstance(row, Table):
        row = row.element if hasattr(row, "element") else row.get_final_froms()[0]
    return row


def _related(row: Row, name: str) -> Any:
    return _table(row).metadata.tables[name]

"""The rules that tables declare. They add up with `|`: `access=owned_by("owner_id") | active_members`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, false, func, null, or_, select, true

from db.access import (
    AnyOf,
    Keys,
    Row,
    Rule,
    Viewer,
    allows,
    alternatives,
    any_row,
    both,
    closings,
    named_roles,
    reached,
    rule_of,
    rules,
    table_of,
    viewer_id,
)
from db.closed import Closed
from db.permissions import EVERYTHING, OWN, SEE, Permission, Roles
from db.references import parent_of, related

Condition = Callable[..., ColumnElement[bool]]


def always(row: Row) -> ColumnElement[bool]:
    """The condition that every row meets."""
    return true()


def declare(table: Any, rule: Rule, closed: Closed | None = None) -> None:
    """Make `rule` the rule of a table, beside that of administrators, and say which states close its rows."""
    rules[table] = rule if rule in (nobody, administrators) else administrators | rule
    if closed:
        closings[table] = closed


@dataclass(frozen=True, slots=True)
class Administrators(Rule):
    """Platform administrators may do everything but act as somebody else. `Base` adds this to every rule but `nobody`.

    What a person wrote or was told is that person's own: OWN is for its owner.
    """

    def grants(self, permission: Permission, row: Row, viewer: Viewer) -> ColumnElement[bool]:
        return true() if viewer.is_admin and permission is not OWN else false()

    def reach(self, row: Row, viewer: Viewer, permission: Permission = SEE) -> list[Keys] | None:
        return None if viewer.is_admin and permission is not OWN else []

    def describe(self, permission: Permission) -> str:
        return "" if permission is OWN else "administrators"


@dataclass(frozen=True, slots=True)
class Platform(Rule):
    """Grants to people with a role on the platform as a whole these permissions on every row."""

    role: StrEnum
    permissions: frozenset[Permission]

    def grants(self, permission: Permission, row: Row, viewer: Viewer) -> ColumnElement[bool]:
        return true() if viewer.role == self.role and permission in self.permissions else false()

    def reach(self, row: Row, viewer: Viewer, permission: Permission = SEE) -> list[Keys] | None:
        return None if viewer.role == self.role and permission in self.permissions else []

    def describe(self, permission: Permission) -> str:
        return f"platform({self.role})" if permission in self.permissions else ""


@dataclass(frozen=True, slots=True)
class Everyone(Rule):
    """Guests too, for the rows that meet the condition."""

    permissions: frozenset[Permission]
    where: Condition

    def grants(self, permission: Permission, row: Row, viewer: Viewer) -> ColumnElement[bool]:
        return self.where(row.c) if permission in self.permissions else false()

    def reach(self, row: Row, viewer: Viewer, permission: Permission = SEE) -> list[Keys] | None:
        return None if permission in self.permissions else []

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

    def reach(self, row: Row, viewer: Viewer, permission: Permission = SEE) -> list[Keys] | None:
        if viewer.is_guest or permission not in self.permissions:
            return []
        owned = table_of(row).alias()
        return [select(owned.c.id).where(owned.c[self.column] == viewer_id())]

    def describe(self, permission: Permission) -> str:
        return self.column if permission in self.permissions else ""


@dataclass(frozen=True, slots=True)
class Member(Rule):
    """Grants to each member that a membership table lists for the row the permissions of their role there."""

    memberships: str
    group: str
    key: str
    role: str
    roles: Roles
    where: Condition
    until: str | None
    """The column with the moment at which a membership ends by the clock, as `where` has it."""

    def grants(self, permission: Permission, row: Row, viewer: Viewer) -> ColumnElement[bool]:
        if viewer.is_guest or not self._roles(permission):
            return false()
        member = related(row, self.memberships).alias()
        return any_row(member, member.c[self.group] == row.c[self.key], *self._holds(permission, member, row))

    def reach(self, row: Row, viewer: Viewer, permission: Permission = SEE) -> list[Keys] | None:
        if viewer.is_guest or not self._roles(permission):
            return []
        member, group = related(row, self.memberships).alias(), table_of(row).alias()
        holds = list(self._holds(permission, member, group))
        groups = select(member.c[self.group]).where(*holds)
        if self.key == "id" and groups.get_final_froms() == [member]:
            return [groups]
        joined = group.join(member, member.c[self.group] == group.c[self.key])
        return [select(group.c.id).select_from(joined).where(*holds)]

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
    """Grants to each viewer, on rows that meet the condition, the permissions on the row that a column refers to.

    With `of` that is for the person alone whom this column of the row names.
    """

    column: str
    needs: Mapping[Permission, Permission]
    where: Condition = always
    of: str | None = None

    def grants(self, permission: Permission, row: Row, viewer: Viewer) -> ColumnElement[bool]:
        if permission is OWN or (self.of and viewer.is_guest):
            return false()
        parent = parent_of(table_of(row).c[self.column]).alias()
        granted = allows(self.needs.get(permission, permission), parent, viewer)
        is_for = both(row.c[self.of] == viewer_id() if self.of else true(), self.where(row.c))
        if granted is true():
            return both(is_for, row.c[self.column].is_not(None))
        return both(is_for, any_row(parent, parent.c.id == row.c[self.column], granted))

    def reach(self, row: Row, viewer: Viewer, permission: Permission = SEE) -> list[Keys] | None:
        if permission is OWN or (self.of and viewer.is_guest):
            return []
        if self.of:
            return None
        parent, child = parent_of(table_of(row).c[self.column]), table_of(row).alias()
        ways = rule_of(parent).reach(parent.alias(), viewer, self.needs.get(permission, permission))
        keys, column = select(child.c.id), child.c[self.column]
        return None if ways is None else [keys.where(both(column.in_(way), self.where(child.c))) for way in ways]

    def hangs(self, row: Row, viewer: Viewer, permission: Permission = SEE) -> ColumnElement[bool] | None:
        keys = reached(parent_of(table_of(row).c[self.column]), viewer, self.needs.get(permission, permission))
        return None if self.of or keys is None else both(row.c[self.column].in_(keys), self.where(row.c))

    def describe(self, permission: Permission) -> str:
        whose = f" of {self.of}" if self.of else ""
        return "" if permission is OWN else f"{self.column} → {self.needs.get(permission, permission)}{whose}"

    def closing(self, row: Row) -> ColumnElement[str | None] | None:
        """The states that close the row that the foreign key refers to; None where no state of it can."""
        parent = parent_of(table_of(row).c[self.column]).alias()
        if (reason := closing(parent)) is None:
            return None
        return select(reason).where(parent.c.id == row.c[self.column]).correlate_except(parent).scalar_subquery()


@dataclass(frozen=True, slots=True)
class Named(Rule):
    """Lets viewers who see a row of another table that refers to this one, such as a membership, see this one too.

    Rows of that table that a person sees because they are named there themselves are not looked at.
    """

    table: str
    column: str

    def grants(self, permission: Permission, row: Row, viewer: Viewer) -> ColumnElement[bool]:
        if permission is not SEE:
            return false()
        naming = related(row, self.table).alias()
        others = AnyOf(tuple(rule for rule in alternatives(rule_of(naming)) if not self._names_viewer(rule)))
        return any_row(naming, naming.c[self.column] == row.c.id, others.grants(SEE, naming, viewer))

    def reach(self, row: Row, viewer: Viewer, permission: Permission = SEE) -> list[Keys] | None:
        return None if permission is SEE else []

    def describe(self, permission: Permission) -> str:
        return f"{self.table}.{self.column}" if permission is SEE else ""

    def _names_viewer(self, rule: Rule) -> bool:
        return isinstance(rule, Owner) and rule.column == self.column


def everyone(*permissions: Permission, where: Condition = always) -> Rule:
    """Guests too, on rows that meet the condition."""
    return Everyone(frozenset(permissions or {SEE}), where)


def owned_by(column: str, *permissions: Permission) -> Rule:
    """The user whose id stands in `column`: everything, or the permissions named."""
    return Owner(column, frozenset(permissions) or EVERYTHING)


def platform(role: StrEnum, *permissions: Permission) -> Rule:
    """The people with a role on the platform as a whole, for the permissions named, which OWN is none of."""
    assert OWN not in permissions, "OWN is for the owner alone"
    named_roles.add(role)
    return Platform(role, frozenset(permissions))


def members(
    memberships: str,
    group: str,
    roles: Roles,
    *,
    key: str = "id",
    role: str = "role",
    where: Condition = lambda member, row: true(),
    until: str | None = None,
) -> Rule:
    """The users for whom table `memberships` has a row with `group` equal to the row's `key`.

    What they may do is looked up in `roles` by the membership's column `role`. Where `where` compares a column with the
    clock, that is `until`.
    """
    return Member(memberships, group, key, role, roles, where, until)


def through(column: str, *, of: str | None = None, where: Condition = always, **needs: Permission) -> Rule:
    """The rule of the row that `column` refers to, where rows meet `where`; `see=MANAGE` asks there for more than that.

    With `of` it is for the user alone whose id stands in this column: what is theirs while they see the other.
    """
    return Through(column, {Permission(name): permission for name, permission in needs.items()}, where, of)


def named_in(table: str, column: str) -> Rule:
    """The viewers who see a row of `table` see the row that its foreign key `column` refers to."""
    return Named(table, column)


def closing(row: Row, *, own: bool = True) -> ColumnElement[str | None] | None:
    """Why nothing may be done with a row but to see it, in words, null while it is open; None if no state can close it.

    A row is closed by its `own` state, and by that of a row whose rule it follows.
    """
    closed = closings.get(table_of(row)) if own else None
    above = [rule.closing(row) for rule in alternatives(rule_of(row)) if isinstance(rule, Through)]
    reasons = [reason for reason in (closed.reason(row) if closed else None, *above) if reason is not None]
    return func.coalesce(*reasons, null()) if reasons else None


administrators: Rule = Administrators()
nobody: Rule = AnyOf()

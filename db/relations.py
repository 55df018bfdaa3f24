"""Relations: how rows of one table lead to rows of another, by a foreign key, over a link table, or by a condition."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, False_, Select, and_, any_, func, literal_column, select, true

from db.access import Row, Rule, Viewer, allows, alternatives, both, in_scope, reachable, rule_of
from db.base import Base
from db.permissions import SEE
from db.references import parent_of
from db.rules import Through, administrators, always

Join = Callable[[Any, Any, Viewer], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Link:
    """A table that pairs the rows of two others: the foreign key `near` refers to the one, `far` to the other.

    Its rows count that meet `where`. `is_checked` is False where all who see what a row pairs see the row.
    """

    near: Any
    far: Any
    where: Callable[[Any], ColumnElement[bool]]
    is_checked: bool

    def pairs(self, parent: Any, child: Any, viewer: Viewer) -> ColumnElement[bool]:
        """Whether a row that the viewer sees pairs these two. The planner may begin with the rows of either."""
        row = self.near.table.alias()
        seen = allows(SEE, row, viewer) if self.is_checked else in_scope(SEE, row, viewer)
        paired = select(row.c[self.far.name]).where(row.c[self.near.name] == parent.id, self.where(row.c), seen)
        found: ColumnElement[bool] = child.id.in_(paired.correlate_except(row))
        return found


@dataclass(frozen=True, slots=True)
class Between:
    """Rows between a row and those that it leads to, which are read for each of them by itself.

    The column `near` refers to rows whose ids are `keys`; None where all rows are between. `on` is what must hold
    beside that. `words` say it.
    """

    words: str
    near: str
    keys: Callable[[Any, Viewer], Select[tuple[Any]] | None]
    on: Join = lambda _parent, _child, _viewer: true()

    def holds(self, parent: Any, child: Any, viewer: Viewer) -> ColumnElement[bool]:
        """Whether a row is one of those that are led to."""
        led, keys = self.on(parent, child, viewer), self.keys(parent, viewer)
        return led if keys is None else and_(led, child[self.near].in_(keys))


@dataclass(frozen=True, slots=True)
class Relation:
    """How rows of one table lead to rows of `child`: `on(parent, child, viewer)` says which belong together.

    `is_checked` is False where the access rule of the child holds by the way that leads to it. `link` is the table
    that the way leads over, if it leads over one, and `between` are the rows that it leads down by. `column` is the
    foreign key that refers to the child, if one does.
    """

    child: type[Base]
    on: Join
    is_checked: bool = True
    link: Link | None = None
    column: str | None = None
    between: Between | None = None

    def visible(self, child: Row, viewer: Viewer) -> ColumnElement[bool]:
        """The condition under which the viewer may follow the relation to `child`."""
        return allows(SEE, child, viewer) if self.is_checked else in_scope(SEE, child, viewer)


def up(column: Any) -> Relation:
    """The relation from a row to the one that its foreign key refers to."""
    on: Join = lambda row, parent, _: parent.id == row[column.name]  # noqa: E731  (as short as the others)
    return Relation(class_of(parent_of(column)), on, not follows(column), column=column.name)


def down(column: Any, where: Callable[[Any], ColumnElement[bool]] | None = None) -> Relation:
    """The relation from a row to those whose foreign key refers to it, and that meet `where`."""
    also = where or (lambda _: true())
    on: Join = lambda row, child, _: both(child[column.name] == row.id, also(child))  # noqa: E731  (as short as the others)
    return Relation(class_of(column.table), on, not passes_down(column))


def further_down(*columns: Any) -> Relation:
    """The relation from a row to those further down, by the foreign keys from these up to the row.

    Who does not see a row on the way is not led beyond it.
    """
    last, *way = [down(column) for column in columns]
    words = f"{columns[0].name} of its {' and '.join(step.child.__tablename__ for step in way[::-1])}"
    between = Between(words, columns[0].name, lambda parent, viewer: _keys(parent, way[::-1], viewer))
    return Relation(last.child, between.holds, last.is_checked, between=between)


def among(column: Any, seen: Any) -> Relation:
    """The relation from a row to those whose foreign key refers to it, by way of what the foreign key `seen` refers to.

    That is for rows that are many, and of which few may be seen: to look at each of them would take long. An index
    begins with both columns.
    """
    way, target = down(column), class_of(parent_of(seen)).__table__
    match _seeing(seen.table):
        case [Through(column=seen.name, of=None) as rule] if not rule.needs:
            is_checked = rule.where is not always
        case _:
            raise TypeError(f"{seen} does not tell who sees a row")

    def keys(_parent: Any, viewer: Viewer) -> Select[tuple[Any]] | None:
        row = target.alias()
        is_seen = reachable(row, viewer)
        return None if is_seen is true() else select(row.c.id).where(is_seen).correlate_except(row)

    between = Between(f"{column.name} = parent.id, {seen.name} that are seen", seen.name, keys, way.on)
    return Relation(way.child, between.holds, is_checked, between=between)


def _keys(row: Any, way: Sequence[Relation], viewer: Viewer) -> Select[tuple[Any]]:
    """The ids of the rows at the end of a way down, as far as the viewer sees it."""
    rows = [step.child.__table__.alias() for step in way]
    joined: Any = rows[0]
    on = [way[0].on(row, rows[0].c, viewer)]
    for step, above, below in zip(way[1:], rows, rows[1:], strict=False):
        joined = joined.join(below, step.on(above.c, below.c, viewer))
    seen = [step.visible(one, viewer) for step, one in zip(way, rows, strict=True)]
    # Written out: SQLAlchemy would leave nothing but `false`, and an aggregate around it would have no row of its own.
    terms = [literal_column("false") if isinstance(term, False_) else term for term in (*on, *seen)]
    return select(rows[-1].c.id).select_from(joined).where(*terms).correlate_except(*rows)


def linked(near: Any, far: Any, where: Callable[[Any], ColumnElement[bool]] | None = None) -> Relation:
    """The relation from a row over a link table: `near` refers to the row from there, and `far` to those it leads to.

    Who does not see that two rows are paired is not led from the one to the other, though they see both.
    """
    (key,) = far.foreign_keys
    is_checked = not follows(far)
    is_told = passes_down(near) or (is_checked and passes_down(far))
    link = Link(near, far, where or (lambda _: true()), is_checked=not is_told)
    return Relation(class_of(key.column.table), link.pairs, is_checked, link)


@cache
def class_of(table: Any) -> type[Base]:
    """The class of a table."""
    return next(mapper.class_ for mapper in Base.registry.mappers if mapper.local_table is table)


def follows(column: Any) -> bool:
    """Whether all who see a row are shown its parent by this foreign key, so that the way up needs no check."""
    return bool(column.info.get("reveals")) or _seeing(column.table) == [Through(column.name, {})]


def refers_to_any(row: Any, column: Any, keys: Any, viewer: Viewer) -> ColumnElement[bool]:
    """Whether the foreign key `column` of a row refers to one of the keys, as far as the viewer sees what these name.

    The key of something hidden finds as little as the key of nothing, or a filter would tell one from the other.
    """
    target = parent_of(column).alias()
    is_seen = in_scope(SEE, target, viewer) if follows(column) else allows(SEE, target, viewer)
    if is_seen is not true():
        keys = func.array(select(target.c.id).where(target.c.id == any_(keys), is_seen).scalar_subquery())
    found: ColumnElement[bool] = row[column.name] == any_(keys)
    return found


def passes_down(column: Any) -> bool:
    """Whether all who see the parent by this foreign key see the row, so that the way down needs no check."""
    return Through(column.name, {}) in _seeing(column.table)


def _seeing(row: Row) -> list[Rule]:
    """The rules by which a row is seen, beside that of administrators."""
    return [rule for rule in alternatives(rule_of(row)) if rule.describe(SEE) and rule is not administrators]

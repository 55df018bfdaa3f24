"""Two parts of the statement of a change: its event for the outbox, and its entry for the audit log."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    JSON,
    Column,
    ColumnElement,
    Enum,
    Select,
    String,
    Text,
    Uuid,
    bindparam,
    case,
    func,
    literal_column,
    null,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import array, insert

from db.audit import entry
from db.base import Base
from db.change.declared import Addition, Deletion, Given, Update
from db.change.parts import ASKED, Parts
from db.outbox import CHANGED
from db.roots import above, access_topic, member_column, noun, root_topic, way
from db.tables.audit import AuditLog


def told(parts: Parts) -> CTE:
    """The events, if something was changed: the one that it tells, of each row that was, and others that only raise a
    sequence. Where none says more than that each topic is told once.
    """
    topic, *moved = topics(parts)
    first: Any = literal_column("1")
    nothing = _object(())
    if parts.is_each and parts.change.tells == CHANGED:
        once = (_event(parts, one, CHANGED, nothing, first).distinct() for one in (topic, *moved))
        return union_all(*once).cte("told")
    one = func.row_number().over(order_by=parts.found.c.id) if parts.is_each else first
    ordinal = ASKED.c.ordinal if parts.many else one
    events = [(topic, parts.change.tells, ids(parts)), *((other, CHANGED, nothing) for other in moved)]
    return union_all(*(_event(parts, *event, ordinal) for event in events)).cte("told")


def topics(parts: Parts) -> list[ColumnElement[str]]:
    """The topic of the root that the row hangs on, and that of the person whose access changes with it.

    What is added hangs on the row that is found, or is a root itself.
    """
    target = parts.change.target
    member, is_root = member_column(target), isinstance(parts.change, Addition) and above(target.__table__) is None
    return [
        root_topic(parts.changed if is_root else parts.found),
        *([access_topic(parts.changed.c[member])] if member else []),
    ]


def _event(
    parts: Parts, topic: ColumnElement[str], kind: str, ids: ColumnElement[Any], ordinal: ColumnElement[int]
) -> Select[Any]:
    columns = {"topic": topic, "kind": _text(kind), "ids": ids, "ordinal": ordinal}
    event = select(*(value.label(name) for name, value in columns.items()))
    return parts.each(event.select_from(parts.found, parts.changed, *parts.asked))


def ids(parts: Parts) -> ColumnElement[Any]:
    """The ids in the event: of the found row and all above it, and of what was added and is shown."""
    change, named = parts.change, {noun(table): (table, key) for table, key in way(parts.found)}
    if isinstance(change, Deletion) and change.rows is None:
        named[f"deleted_{noun(change.table)}_id"] = named.pop(noun(change.table))
    rows: list[tuple[type[Base], Any]] = [(change.target, parts.changed.c.id)] if isinstance(change, Addition) else []
    rows += [(parts.further[0], bindparam("also_id", type_=Uuid()))] if change.also else []
    for added, key in rows:
        if added in change.shows.values():
            named[noun(added)] = added, key
    return _object((name, _public(table, key)) for name, (table, key) in named.items())


def audited(parts: Parts) -> CTE:
    """The entry in the audit log, about the row that was added, or was found."""
    change = parts.change
    is_added = isinstance(change, Addition) and change.target in change.shows.values()
    table, row = (change.target, parts.changed) if is_added else (change.table, parts.found)
    names = {"actor_id": "viewer_id", "api_key_id": "api_key_id", "request_id": "request_id"}
    who = {column: bindparam(name, type_=Uuid()) for column, name in names.items()}
    others: dict[str, Any] = {"action": change.action, "details": _details(parts), **who, **_states(parts)}
    values = entry(table, row.c, **others)
    log: dict[Any, Any] = parts.expressions(
        AuditLog, {name: value for name, value in values.items() if value is not None}
    )
    key = func.uuidv7() if parts.is_each else bindparam("entry_id", type_=Uuid())
    rows = select(key, *log.values())
    rows = parts.each(rows.select_from(parts.found, parts.changed, *parts.asked))
    into: Any = AuditLog.__table__
    return insert(into).from_select(["id", *(one.name for one in log)], rows, include_defaults=False).cte("audited")


def _details(parts: Parts) -> ColumnElement[Any]:
    """The details of the entry: what the input says in numbers and states, or which columns have other values."""
    if isinstance(parts.change, Update):
        sides = ((parts.found.c[one.name], parts.changed.c[one.name]) for one in parts.set)
        changed = (case((before.is_distinct_from(after), _text(before.name))) for before, after in sides)
        names: Any = array(list(changed), type_=ARRAY(Text()))
        return _object([("fields", func.to_jsonb(func.array_remove(names, null())))])
    values = parts.change.values(parts.found.c)
    given = parts.expressions(parts.change.target, {n: v for n, v in values.items() if isinstance(v, Given)})
    return _object((one.name, value) for one, value in given.items() if _is_plain(one))


def _states(parts: Parts) -> dict[str, ColumnElement[Any]]:
    """The values before and after that are no texts."""
    if not isinstance(parts.change, Update):
        return {}
    names = [one.name for one in parts.set if _is_plain(one)]
    sides = {"before": parts.found.c, "after": parts.changed.c}
    return {side: _object((name, row[name]) for name in names) for side, row in sides.items()}


def _object(members: Iterable[tuple[str, ColumnElement[Any]]]) -> ColumnElement[Any]:
    """A JSON object with these members."""
    return func.jsonb_build_object(*(part for name, value in members for part in (_text(name), value)))


def _is_plain(one: Column[Any]) -> bool:
    """Whether no value of a column is a text that somebody wrote."""
    return isinstance(one.type, Enum) or not isinstance(one.type, String | ARRAY | JSON)


def _text(text: str) -> ColumnElement[str]:
    """A name of ours as a text."""
    return literal_column(f"'{text}'", Text())


def _public(table: type[Base], key: ColumnElement[UUID]) -> ColumnElement[Any]:
    """The public id of a row, as an expression."""
    return _text(f"{table.prefix}_") + func.encode(func.uuid_send(key), literal_column("'hex'"))

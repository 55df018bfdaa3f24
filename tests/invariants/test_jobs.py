"""Every job finds its arguments in the events that make it, wherever these are told: a relay could make no other."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import pytest

import db
import graphql_schema
from app.cli import ROOT
from db.access import GUEST
from db.base import Base, tables
from db.change.parts import Parts
from db.change.told import ids
from db.enums import Words
from db.queue import declared
from db.queue.declared import JobKind, job, kinds
from db.roots import noun, way
from db.tables import DocumentEventKind, NotificationEventKind, ProgressEventKind
from db.write import Work
from graphql_schema.core.changes import OneStatement
from graphql_schema.core.strawberry_seam import declared_of
from tests.invariants.schema import SCHEMA

Told = tuple[str, set[str]]
"""The kind of an event, and the names that it surely has an id for."""


@cache
def told() -> tuple[Told, ...]:
    """Every place where an event is told: mutations and reviews that are declared, and calls of a unit of work."""
    return (*_declared(), *_called())


def _declared() -> Iterator[Told]:
    assert SCHEMA.mutation_type
    for field in SCHEMA.mutation_type.fields.values():
        found = declared_of(field)
        if found and isinstance(found.declared, OneStatement):
            change = found.declared.change
            members: Any = ids(Parts(change, GUEST))
            yield change.tells, {name.name.strip("'") for name in list(members.clauses)[::2]}


def _called() -> Iterator[Told]:
    for package in (db, graphql_schema):
        for path in sorted((ROOT / package.__name__).rglob("*.py")):
            for call in ast.walk(ast.parse(path.read_text())):
                match call:
                    case ast.Call(func=ast.Attribute(attr="happened"), args=[ast.Attribute(attr=kind), row, *_]):
                        yield kind, _named(row) | {str(keyword.arg) for keyword in call.keywords}
                    case ast.Call(func=ast.Attribute(attr="tell"), args=[_, ast.Attribute(attr=kind)]):
                        yield kind, {str(keyword.arg) for keyword in call.keywords}
                    case ast.Call(func=ast.Name(id="Reviews"), args=[ast.Attribute(attr=table), *_]):
                        kinds = (one.value.attr for one in call.keywords if isinstance(one.value, ast.Attribute))
                        yield from ((kind, _named(ast.Name(table))) for kind in kinds)


def _named(row: ast.expr) -> set[str]:
    """The names on the way of a row to its root: of `tables.X(…)`, or of a variable with the noun of a table."""
    match row:
        case ast.Name(id=name) | ast.Call(func=ast.Attribute(attr=name)):
            ways = [{noun(one.table) for one in way(table.__table__)} for table in _of(name)]
            return set.intersection(*ways) if ways else set()
    return set()


def _of(name: str) -> list[type[Base]]:
    return [table for table in tables() if name in (table.__name__, noun(table))]


def lacking(some: Iterable[JobKind]) -> list[str]:
    """What is wrong with the events of some kinds of jobs."""
    wrong = []
    for kind in some:
        for event in kind.on:
            names: list[set[str]] = [named for told_kind, named in told() if told_kind == event.value]
            if not names:
                wrong.append(f"nobody tells {event.value}, which makes {kind.name}")
            if names and (missing := {*kind.arguments}.difference(names[0].intersection(*names))):
                wrong.append(f"{event.value} names no {' and no '.join(sorted(missing))} for {kind.name}")
        if kind.cron and kind.arguments:
            wrong.append(f"the clock has no {' and no '.join(kind.arguments)} for {kind.name}")
    return wrong


def test_every_job_finds_its_arguments_in_the_events_that_make_it() -> None:
    assert lacking(kind for kind in kinds().values() if kind.function.__module__.startswith("db.")) == []


class Unheard(Words):
    """What nobody tells."""

    OF = "OF", "Nobody tells this."


async def nothing(work: Work) -> None: ...
async def of_comment(work: Work, document: str, comment: str) -> None: ...
async def of_lesson(work: Work, lesson: str) -> None: ...
async def of_notification(work: Work, user: str, notification: str) -> None: ...


@pytest.mark.parametrize(
    ("function", "on", "wrong"),
    [
        (of_comment, [DocumentEventKind.COMMENT_ADDED], []),
        (of_comment, [DocumentEventKind.DOCUMENT_EDITED], ["DOCUMENT_EDITED names no comment for of_comment"]),
        (of_comment, [DocumentEventKind.COMMENT_DELETED], ["COMMENT_DELETED names no comment for of_comment"]),
        (of_lesson, [ProgressEventKind.LESSON_COMPLETED], []),
        (of_lesson, [ProgressEventKind.COURSE_COMPLETED], ["COURSE_COMPLETED names no lesson for of_lesson"]),
        (of_notification, [NotificationEventKind.NOTIFICATION_ADDED], []),
        (nothing, [Unheard.OF], ["nobody tells OF, which makes nothing"]),
    ],
)
def test_an_argument_that_an_event_does_not_name_is_found(
    function: declared.Function, on: list[Words], wrong: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(declared, "KINDS", {})
    assert lacking([job(on=tuple(on))(function)]) == wrong


def test_an_argument_that_the_clock_cannot_give_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declared, "KINDS", {})
    assert lacking([job(cron="0 0 1 1 *")(of_lesson)]) == ["the clock has no lesson for of_lesson"]

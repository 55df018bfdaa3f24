"""Kinds of jobs: a function becomes one, with what makes such jobs and how they are run.

A job is its kind and its arguments. While one waits, another with the same arguments is the same job: it is queued
once. So an argument names a thing, and the job does with it what is to be done by then.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from inspect import Parameter, cleandoc, signature
from random import uniform
from typing import Any

import orjson
import structlog
from prometheus_client import Counter
from sqlalchemy import ColumnElement, delete, func, select

import db.actions
from db.base import Base
from db.enums import Words
from db.modules import modules
from db.queue.steps import Steps

Arguments = Mapping[str, str]
"""Public ids and words, as they stand in an event: they are kept as JSON, and shown to operators."""
Function = Callable[..., Awaitable[Any]]

TRIES = 10
SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 3600.0
CLEARED = 1_000
"""Rows that one statement deletes, so that none takes long."""

KINDS: dict[str, "JobKind"] = {}
"""All that are declared, by name."""
NOT_MADE = Counter("trellis_jobs_not_made_total", "Jobs that were not made, as their event lacks an argument.", ["job"])

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class JobKind:
    """A function with how its jobs come about and are run.

    Where its first parameter is `Work`, all that it does is one transaction, which ends the job too. Where it is
    `Steps` it may take long: each step is a transaction, and a job whose worker ends in the middle begins again.
    """

    function: Function
    cron: str | None
    """When the job repeats itself, in UTC: `minute hour day month weekday`."""
    on: tuple[Words, ...]
    """The events of which each makes a job. Arguments are the ids in the event, by name."""
    lock: tuple[str, ...]
    """The arguments that name the thing, if not all do: of the jobs of this kind on one thing one runs at a time."""
    priority: int
    """Jobs with a higher one run first."""
    tries: int
    """How often a job is tried until it is given up, and kept for an operator."""
    at_once: int
    """Jobs of this kind that run at once, in all workers; 0 for any number."""
    after: timedelta
    """The time that a job waits first: what happens meanwhile is the same job."""

    def __post_init__(self) -> None:
        if self.name in KINDS:
            raise TypeError(f"There are two kinds of job with the name {self.name}.")
        KINDS[self.name] = self

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.function.__name__

    @property
    def is_long(self) -> bool:
        """Whether it has several transactions."""
        return _parameters(self.function)[0].annotation is Steps

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names of the arguments of its jobs."""
        return tuple(parameter.name for parameter in _parameters(self.function)[1:])

    @property
    def description(self) -> str:
        """The docstring of the function."""
        return cleandoc(self.function.__doc__ or "")

    def key(self, arguments: Arguments) -> str:
        """The job, in one text: the same for the same arguments."""
        return f"{self.name} {orjson.dumps(dict(arguments), option=orjson.OPT_SORT_KEYS).decode()}"

    def thing(self, arguments: Arguments) -> str:
        """The thing that the job works on, in one text: no other of its kind works on it meanwhile."""
        return self.key({name: arguments[name] for name in self.lock}) if self.lock else self.key(arguments)

    def pause(self, tries: int) -> timedelta:
        """The time until it is tried again after so many tries, twice as long each time, and never the same."""
        longest = min(SHORTEST_PAUSE * 2.0 ** (tries - 1), LONGEST_PAUSE)
        return timedelta(seconds=longest * uniform(0.5, 1))  # noqa: S311  (to spread them, nothing else)


def job(
    *,
    cron: str | None = None,
    on: tuple[Words, ...] = (),
    lock: tuple[str, ...] = (),
    priority: int = 0,
    tries: int = TRIES,
    at_once: int = 0,
    after: timedelta = timedelta(),
) -> Callable[[Function], JobKind]:
    """Make a function `(work, …)` or `(steps, …)` a kind of job; see `JobKind`.

    >>> @job(on=(DocumentEventKind.DOCUMENT_EDITED,), tries=3)
    ... async def count_words(work: Work, document: str) -> None: ...
    """
    return lambda function: JobKind(function, cron, on, lock, priority, tries, at_once, after)


def clears(table: type[Base], is_old: Callable[[Any], ColumnElement[bool]], *, cron: str) -> JobKind:
    """Declare that rows which are old are deleted, some at a time, as often as `cron` says.

    >>> ended_sessions = clears(tables.Session, lambda row: row.expires_at < func.now(), cron="17 * * * *")
    """

    async def clear(steps: Steps) -> None:
        old = select(table.id).where(is_old(table)).limit(CLEARED).with_for_update(skip_locked=True)
        cleared = delete(table).where(table.id.in_(old)).returning(table.id).cte("cleared")
        while await steps.scalar(select(func.count()).select_from(cleared)):
            pass

    clear.__name__ = f"clear_{table.__tablename__}"
    clear.__doc__ = f"Delete rows of {table.__tablename__} that are older than anybody needs."
    return job(cron=cron)(clear)


def kinds() -> Mapping[str, JobKind]:
    """All kinds of jobs, by name, once the modules of the slices that declare them are imported."""
    _import()
    return KINDS


def event_kinds() -> list[str]:
    """The kinds of the events that make jobs."""
    return [kind for declared in kinds().values() for kind in declared.on]


def jobs_of(kind: str, ids: Mapping[str, str]) -> Iterator[tuple[JobKind, Arguments]]:
    """The jobs that an event makes, by its kind and the ids in it.

    A job whose arguments the event lacks is not made, but logged and counted: all later events would wait behind it.
    """
    for declared in kinds().values():
        if kind not in declared.on:
            continue
        if missing := [name for name in declared.arguments if name not in ids]:
            NOT_MADE.labels(declared.name).inc()
            log.error("job not made", job=declared.name, kind=kind, missing=missing)
        else:
            yield declared, {name: ids[name] for name in declared.arguments}


@cache
def _import() -> None:
    """Import the modules of the slices, once: a relay asks for the kinds all the time."""
    modules(db.actions)


@cache
def _parameters(function: Function) -> tuple[Parameter, ...]:
    return tuple(signature(function).parameters.values())

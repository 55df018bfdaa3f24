"""Facts about rows, of which one precedes the other by what they say alone, and never by when they came.

So any number of messages, in any order and however often, come to the same rows: of each row the fact stays that is
last by the object's own time. Of two of one second the one stays that ends something, and else the greater text.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from db import tables
from db.actions.identities import Author
from db.base import Base
from db.ingestion.shapes import EARLIEST
from db.tables import IssueState, PullRequestState, ReviewState

Values = Mapping[str, Any]
Key = Any


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of facts: they are about some columns of a table."""

    table: type[Base]
    key: str
    """The column that names a row, below the one in `above`."""
    precedence: Callable[[Values], tuple[Any, ...]] | None
    """The values by which one of two facts is the last; None where the first one stays, as such rows never change."""
    above: str = "repository_id"

    def precedes(self, values: Values, others: Values) -> bool:
        """Whether some values of a row are older than others."""
        return self.precedence is not None and self._version(values) < self._version(others)

    def _version(self, values: Values) -> tuple[Any, ...]:
        assert self.precedence
        return *self.precedence(values), orjson.dumps(values, option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True, slots=True)
class Fact:
    """The values of a row at a time."""

    kind: Kind
    key: Key
    values: Values
    people: Mapping[str, Author | None] = field(default_factory=dict)
    """The authors in columns that refer to a user."""
    below: Key = None
    """The number of the pull request, for what hangs on one."""


def _time(values: Values, name: str = "source_updated_at") -> Any:
    return values[name] or EARLIEST


REPOSITORY = Kind(tables.Repository, "id", lambda values: (_time(values),))
HEAD = Kind(tables.Repository, "id", lambda values: (_time(values, "pushed_at"),))
COMMIT = Kind(tables.Commit, "sha", None)
# A message that does not count the changed files knows less: it never comes before one that does.
PULL_REQUEST = Kind(
    tables.PullRequest,
    "number",
    lambda values: (
        values["files_changed"] is not None,
        _time(values),
        values["state"] not in (PullRequestState.OPEN, None),
    ),
)
REVIEW = Kind(
    tables.PullRequestReview,
    "github_id",
    lambda values: (_time(values), values["state"] is ReviewState.DISMISSED),
    above="pull_request_id",
)
ISSUE = Kind(
    tables.Issue,
    "number",
    lambda values: (_time(values), values["deleted_at"] is not None, values["state"] is IssueState.CLOSED),
)
RELEASE = Kind(tables.Release, "tag", lambda values: (_time(values), values["deleted_at"] is not None))
KINDS = REPOSITORY, HEAD, PULL_REQUEST, REVIEW, ISSUE, COMMIT, RELEASE
"""In the order in which their rows are locked."""


def last(facts: Iterable[Fact]) -> dict[Kind, dict[Key, Fact]]:
    """The facts that stay of many, by their kinds and keys."""
    found: dict[Kind, dict[Key, Fact]] = {kind: {} for kind in KINDS}
    for fact in facts:
        of_kind = found[fact.kind]
        before = of_kind.get(fact.key)
        if before is None or fact.kind.precedes(before.values, fact.values):
            of_kind[fact.key] = fact
    return found

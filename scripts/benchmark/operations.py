"""The operations, in the dialect of each peer: what front ends send, a text, its name and variables."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import orjson

QUERIES = Path(__file__).parent / "queries"


class Dialect(StrEnum):
    """Whose names the texts use; also the folder that they are in."""

    TRELLIS = "trellis"
    POSTGRAPHILE = "postgraphile"
    PLAIN = "plain"


class Operation(StrEnum):
    """What is measured; also the name of the file with the text."""

    label: str

    def __new__(cls, value: str, label: str) -> Self:
        member = str.__new__(cls, value)
        member._value_, member.label = value, label
        return member

    POINT = "point", "point read"
    LIST = "list", "list page: 20 projects, owner, documents, total"
    DEEP = "deep", "deep: documents, 10 threads, 5 comments, author"
    CATALOGUE = "catalogue", "catalogue: 20 courses, modules, lessons, counts"
    COMMITS = "commits", "200 commits, author"
    COMMENT = "comment", "mutation: add a comment"
    RESOLVE = "resolve", "mutation: resolve a thread"
    EDIT = "edit", "mutation: save a document"


WRITES = [Operation.COMMENT, Operation.RESOLVE, Operation.EDIT]
READS = [operation for operation in Operation if operation not in WRITES]
PAGED = {Operation.CATALOGUE: "courses"}
"""The connections that requests walk along, page after page."""


@dataclass(frozen=True, slots=True)
class Key:
    """The key of a row; Trellis shows it with the prefix of its table."""

    prefix: str
    id: UUID


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks, and what for."""

    viewer: Key
    variables: dict[str, Any]


def body(name: str, dialect: Dialect, request: Request) -> bytes:
    """The body of a POST. Of the variables it has those that the text names; the viewer is one of them."""
    query = text(name, dialect)
    values = {**request.variables, "viewer": request.viewer}
    variables = {name: _shown(values[name], dialect) for name in re.findall(r"\$(\w+):", query)}
    return orjson.dumps({"query": query, "operationName": operation_name(query), "variables": variables})


@cache
def text(name: str, dialect: Dialect) -> str:
    """The text of an operation."""
    return (QUERIES / dialect / f"{name}.graphql").read_text()


def operation_name(query: str) -> str:
    """The name that a text gives its operation."""
    return re.split(r"\W+", query, maxsplit=2)[1]


def _shown(value: Any, dialect: Dialect) -> Any:
    if not isinstance(value, Key):
        return value
    return f"{value.prefix}_{value.id.hex}" if dialect is Dialect.TRELLIS else str(value.id)

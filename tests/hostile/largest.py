"""The most that a server takes in at once: bodies, variables, documents and messages that are as large as they may be.

A case is an entry of CASES. What is not accepted is here too: to refuse it must take no longer.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson

from tests.app.sockets.raw import PING, TEXT, frame

BODY = 2**20
MESSAGE = 2**18
VALUES = 2_000
ID = "prj_" + "0" * 32


@dataclass(frozen=True)
class Case:
    """What is sent once `known` has been, so that its text is known: over HTTP, or as `frames` on a socket."""

    body: bytes = b""
    known: bytes = b""
    frames: tuple[bytes, ...] = ()
    head: Mapping[str, str] = field(default_factory=dict)
    guest: bool = False
    who: str = "ada"


def asked(query: str, **members: Any) -> bytes:
    """The body of a request, cut to no more than it may be."""
    body = orjson.dumps({"query": query, **members})
    assert len(body) <= BODY, len(body)
    return body


def repeated(item: Any, *, size: int = BODY - 1_000) -> list[Any]:
    """A list of the item that takes so many bytes."""
    return [item] * (size // (len(orjson.dumps(item)) + 1))


def with_variables(query: str, large: Mapping[str, Any], small: Mapping[str, Any] | None = None, **how: Any) -> Case:
    """A text that is known, with other variables than before."""
    return Case(asked(query, variables=large), asked(query, variables=small or {}), **how)


def message(query: str, **variables: Any) -> bytes:
    """The frame that starts an operation."""
    payload = {"query": query, "variables": variables}
    data = orjson.dumps({"type": "subscribe", "id": "1", "payload": payload})
    assert len(data) <= MESSAGE, len(data)
    return frame(TEXT, data)


def having(text: str, items: Iterable[str]) -> str:
    """The text with these in the place of its `#`."""
    return text.replace("#", " ".join(items))


def deep(size: int) -> orjson.Fragment:
    """A list in a list, and so on."""
    return orjson.Fragment(b"[" * size + b"]" * size)


NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
FILTER = "query ($f: SpecificationProjectFilter) { projects(filter: $f) { totalCount } }"
MEMBERS = "mutation ($i: AddProjectMembersInput!) { addProjectMembers(input: $i) { errors { code } } }"
COMMENT = "mutation ($i: AddCommentInput!) { addComment(input: $i) { errors { code } } }"
COURSE = "mutation ($i: CreateCourseInput!) { createCourse(input: $i) { modules { id title } errors { code path } } }"
TYPE = "query ($n: String!) { __type(name: $n) { name } }"
OFTEN = having(
    "query ($f: SpecificationProjectFilter) { # }",
    (f"a{number}: projects(filter: $f) {{ totalCount }}" for number in range(20)),
)
HOME = "query Home { viewer { id } }"
"""What is on the list of trusted documents."""
MEMBER = {"userId": "usr_1"}


def unknown_ids(count: int) -> list[str]:
    """The ids of projects that there are not."""
    return [f"prj_{number:032x}" for number in range(count)]


def filtered(**members: Any) -> dict[str, Any]:
    return {"f": members}


def members(items: list[Any]) -> dict[str, Any]:
    return {"i": {"projectId": ID, "members": items}}


def course(slug: str, *lessons: Any) -> dict[str, Any]:
    """A course with these lessons, 19 in each of its modules: 25 of these make 500 rows."""
    parts = [{"title": f"Part {start}", "lessons": lessons[start : start + 19]} for start in range(0, len(lessons), 19)]
    return {"i": {"slug": slug, "title": slug, "description": "", "difficulty": "EXPERT", "modules": parts}}


def lessons(number: int, *last: Any, size: int = 2_000) -> list[Any]:
    """So many lessons with texts of this size, and others behind them."""
    return [*({"title": "Title", "content": "é" * (size // 2), "duration": 5} for _ in range(number)), *last]


def writing(slug: str, lessons: list[Any]) -> Case:
    """An instructor writes a course, and has written one before."""
    return with_variables(COURSE, course(slug, *lessons), course(f"{slug}-before"), who="ines")


VARIABLES: dict[str, Callable[[], Case]] = {
    "a course": lambda: writing("whole", lessons(475)),
    "a course that is refused at its end": lambda: writing("refused", lessons(474, {"title": "", "content": ""})),
    "a course with one more than may be": lambda: writing("larger", lessons(500, size=200)),
    "a course with all that does not fit": lambda: writing("wrong", [{"title": 1, "no": 2}] * 1_200),
    "a course with texts that are too long": lambda: writing(
        "long", lessons(474, {"title": "x" * 800, "content": ""}, size=100)
    ),
    "short ids": lambda: with_variables(NODES, {"ids": repeated("a")}, {"ids": [ID]}, guest=True),
    "long ids": lambda: with_variables(NODES, {"ids": repeated(ID)}, {"ids": [ID]}, guest=True),
    "numbers as ids": lambda: with_variables(NODES, {"ids": repeated(1)}, {"ids": [ID]}, guest=True),
    "most ids": lambda: with_variables(NODES, {"ids": unknown_ids(VALUES - 10)}, {"ids": [ID]}, guest=True),
    "ids of the wrong kind": lambda: with_variables(NODES, {"ids": [1.5] * (VALUES - 10)}, {"ids": [ID]}),
    "enums": lambda: with_variables(FILTER, filtered(status=repeated("ACTIVE"))),
    "most enums": lambda: with_variables(FILTER, filtered(status=["ACTIVE"] * (VALUES - 10))),
    "enums that there are not": lambda: with_variables(FILTER, filtered(status=["ACTIVISH"] * (VALUES - 10))),
    "ids in a filter": lambda: with_variables(FILTER, filtered(ownerId=repeated(ID))),
    "most ids in a filter": lambda: with_variables(FILTER, filtered(ownerId=unknown_ids(VALUES - 10))),
    "objects": lambda: with_variables(MEMBERS, members(repeated(MEMBER)), members([MEMBER])),
    "most objects": lambda: with_variables(MEMBERS, members([MEMBER] * (VALUES // 2 - 10)), members([MEMBER])),
    "objects with too much": lambda: with_variables(MEMBERS, members([{"no": 1}] * 990), members([MEMBER])),
    "a text": lambda: with_variables(COMMENT, {"i": {"threadId": ID, "content": "x" * (BODY - 1_000)}}),
    "a text of odd characters": lambda: with_variables(COMMENT, {"i": {"threadId": ID, "content": "é" * 500_000}}),
    "a text instead of a number": lambda: with_variables(
        "query ($n: Int) { projects(first: $n) { totalCount } }", {"n": "9" * (BODY - 1_000)}
    ),
    "a text instead of a time": lambda: with_variables(
        FILTER, filtered(createdAt={"since": "2026-01-01T00:00:00." + "0" * (BODY - 1_000) + "Z"})
    ),
    "a text instead of an amount": lambda: with_variables(
        "query ($p: DecimalRange) { courses(filter: {price: $p}) { totalCount } }",
        {"p": {"min": "9" * (BODY - 1_000)}},
    ),
    "a text instead of a cursor": lambda: with_variables(
        "query ($c: String) { projects(after: $c) { totalCount } }", {"c": "W10" * (BODY // 3 - 1_000)}
    ),
    "a text instead of an enum": lambda: with_variables(FILTER, filtered(status="ACTIVE" * (BODY // 6 - 100))),
    "a search": lambda: with_variables(FILTER, filtered(search="word " * (BODY // 5 - 100))),
    "the longest search": lambda: with_variables(FILTER, filtered(search="a " * 500)),
    "lists in lists": lambda: with_variables(NODES, {"ids": deep(900)}, {"ids": [ID]}),
    "lists beside lists": lambda: Case(
        b'{"query": "{ __typename }", "variables": {"x": [' + b",".join([b"[" * 200 + b"]" * 200] * 2_500) + b"]}}"
    ),
    "most lists beside lists": lambda: Case(
        b'{"query": "{ __typename }", "variables": {"x": [' + b",".join([b"[" * 200 + b"]" * 200] * 248) + b"]}}"
    ),
    "empty objects": lambda: Case(b'{"query": "{ __typename }", "variables": {"x": [' + b"{}," * 340_000 + b"{}]}}"),
    "what no variable is declared for": lambda: with_variables("{ __typename }", {"x": repeated("a")}),
    "many names": lambda: with_variables("{ __typename }", {f"{number:x}": 1 for number in range(100_000)}),
    "many names in an input": lambda: with_variables(COMMENT, {"i": {f"{number:x}": 1 for number in range(1_900)}}),
    "values that are used in many places": lambda: with_variables(
        OFTEN, filtered(ownerId=unknown_ids(VALUES - 10)), filtered(ownerId=[ID])
    ),
    "most values in many places": lambda: with_variables(
        OFTEN, filtered(ownerId=unknown_ids(VALUES // 20 - 5)), filtered(ownerId=[ID])
    ),
    "a question about the schema": lambda: with_variables(TYPE, {"n": "User" * (BODY // 4 - 500)}, {"n": "User"}),
    "values beside a question about the schema": lambda: with_variables(TYPE, {"n": "User", "x": deep(900)}),
    "a key": lambda: with_variables(
        COMMENT, {"i": {"threadId": ID, "content": "x" * (BODY - 1_000)}}, head={"Idempotency-Key": "one"}
    ),
    "a key with odd characters": lambda: with_variables(
        COMMENT, {"i": {"threadId": ID, "content": "\x01" * 170_000}}, head={"Idempotency-Key": "two"}
    ),
    "a key with many values": lambda: with_variables(
        COMMENT, {"i": {"threadId": ID, "content": "x"}, "x": repeated("a")}, head={"Idempotency-Key": "three"}
    ),
    "a key with lists in lists": lambda: with_variables(
        COMMENT, {"i": {"threadId": ID, "content": "x"}, "x": deep(990)}, head={"Idempotency-Key": "four"}
    ),
}


def escaped(size: int) -> str:
    return '{ course(slug: "' + "\\u0041" * (size // 6) + '") { id } }'


def block(size: int) -> str:
    return '{ course(slug: """' + "\n  a" * (size // 4) + '""") { id } }'


PROJECT = """
    p#: projects(first: 1) { nodes { id name owner { id name } documents(first: 1) { totalCount nodes {
        id threads(first: 1) { nodes { id comments(first: 1) { nodes { content author { id } } } } }
    } } } }
"""
LATE = "p#: projects(first: 1) { nodes { id ... @defer { documents(first: 1) { nodes { id } } } } }"
WIDE = having("{ # }", (PROJECT.replace("#", str(number)) for number in range(20)))
DEFERRED = having("{ # }", (LATE.replace("#", str(number)) for number in range(14)))
TYPES = ("User", "Course", "Lesson", "SpecificationProject", "SpecificationDocument", "Repository", "Commit")
MANY = having("{ nodes(ids: [#])", [f'"{ID}"'] * 100)
ANY = MANY + having("{ id # } }", (f"... on {name} {{ id }}" for name in TYPES))
DOCUMENTS = {
    "escapes": escaped(850_000),
    "escapes within the limit": escaped(60_000),
    "a block": block(BODY // 2),
    "a block within the limit": block(60_000),
    "comments": "# a\n" * 16_000 + HOME,
    "commas": HOME + "," * 64_000,
    "ids": having("{ nodes(ids: [#]) { id } }", ['"prj_1"'] * 1_980),
    "numbers": having("{ projects(first: [#]) { totalCount } }", ["1"] * 1_980),
    "objects": having('{ projects(filter: {search: "a" #}) { totalCount } }', ["a: 1"] * 650),
    "fields": having("{ viewer { # } }", ["id"] * 1_900),
    "fields that there are not": having("{ viewer { # } }", (f"a{number}" for number in range(1_900))),
    "fields that are wide": WIDE,
    "fields of every type": ANY,
    "variables": having("query (#) { __typename }", (f"$a{number}: Int" for number in range(490))),
    "operations": " ".join(f"query A{number} {{ __typename }}" for number in range(390)),
    "fragments": HOME + " ".join(f"fragment F{number} on User {{ id }}" for number in range(280)),
    "a bomb": "{ viewer { ...f0 } }"
    + "".join(f" fragment f{level} on User {{ ...f{level + 1} ...f{level + 1} }}" for level in range(24))
    + " fragment f24 on User { id }",
    "arguments": having("{ viewer { # } }", (f"id(a{number}: 1)" for number in range(270))),
    "a name": "{ " + "a" * 65_000 + " }",
    "directives": having("{ viewer { id # } }", ["@include(if: true)"] * 270),
    "what is deep": "{ viewer " * 900,
    "lists in lists": "{ nodes(ids: " + "[" * 900 + "]" * 900 + ") { id } }",
    "parts": DEFERRED,
    "the schema": "{ __schema { types { name fields { name type { name ofType { name ofType { name } } } } } } }",
}
NAMES: dict[str, Callable[[], Case]] = {
    "the name of an operation": lambda: Case(asked(HOME, operationName="A" * (BODY - 100)), asked(HOME)),
    "an id": lambda: Case(asked("", documentId="a" * (BODY - 100))),
    "a hash": lambda: Case(
        asked(HOME, extensions={"persistedQuery": {"version": 1, "sha256Hash": "a" * (BODY - 200)}})
    ),
    "extensions": lambda: Case(asked(HOME, extensions={"x": repeated("a")}), asked(HOME)),
    "members": lambda: Case(asked(HOME, **{f"m{number}": 1 for number in range(80_000)}), asked(HOME)),
    "a credential": lambda: Case(asked(HOME), head={"Authorization": "Bearer " + "a" * 30_000}, guest=True),
    "what is accepted": lambda: Case(asked(HOME), head={"Accept": ",".join(["text/html;q=0.1"] * 1_900)}),
    "what is no JSON": lambda: Case(b"[" * BODY),
    "what is one text": lambda: Case(b'"' + b"\\u0041" * 170_000 + b'"'),
    "a number": lambda: Case(b'{"query": ' + b"9" * (BODY - 100) + b"}"),
}
BATCHES: dict[str, Callable[[], Case]] = {
    "most ids ten times": lambda: Case(
        orjson.dumps([{"query": NODES, "variables": {"ids": unknown_ids(VALUES - 10)}}] * 10),
        asked(NODES, variables={"ids": [ID]}),
    ),
    "new documents ten times": lambda: Case(
        orjson.dumps([{"query": f"{escaped(60_000)} # {number}"} for number in range(10)])
    ),
}
MESSAGES: dict[str, Callable[[], Case]] = {
    "ids": lambda: Case(frames=(message(NODES, ids=[ID]), message(NODES, ids=repeated("a", size=MESSAGE - 200)))),
    "most ids": lambda: Case(frames=(message(NODES, ids=[ID]), message(NODES, ids=unknown_ids(VALUES - 10)))),
    "lists in lists": lambda: Case(frames=(frame(TEXT, b"[" * 100_000 + b"]" * 100_000),)),
    "lists beside lists": lambda: Case(frames=(frame(TEXT, b"[" + b"[]," * 80_000 + b"[]]"),)),
    "most lists beside lists": lambda: Case(frames=(frame(TEXT, b"[" + b"[]," * 49_000 + b"[]]"),)),
    "a ping with a list": lambda: Case(
        frames=(frame(TEXT, orjson.dumps({"type": "ping", "payload": {"x": repeated("a", size=MESSAGE - 100)}})),)
    ),
    "pings": lambda: Case(frames=tuple(frame(PING, b"x" * 125) for _ in range(100))),
    "a document": lambda: Case(frames=(message(WIDE),)),
}
STREAMS: dict[str, Callable[[], Case]] = {
    "a document in parts": lambda: Case(
        asked(DEFERRED), head={"Accept": "multipart/mixed;deferSpec=20220824, application/json"}
    ),
    "ids": lambda: with_variables(NODES, {"ids": repeated("a")}, {"ids": [ID]}, head={"Accept": "text/event-stream"}),
}
UNLISTED: dict[str, Callable[[], Case]] = {
    name: partial(Case, asked(DOCUMENTS[name]), guest=True)
    for name in ("escapes", "escapes within the limit", "a block", "ids", "fields")
}
CASES: dict[str, dict[str, Callable[[], Case]]] = {
    "variables": VARIABLES,
    "document": {name: partial(Case, asked(text)) for name, text in DOCUMENTS.items()},
    "request": NAMES,
    "batch": BATCHES,
    "message": MESSAGES,
    "stream": STREAMS,
    "log": UNLISTED,
    "safelist": UNLISTED,
}
"""By what is large, and last by the level at which it is sent."""

"""Whether all servers answer with the same rows; and each request as it goes to each of them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from scripts.benchmark.client import Prepared, WrongAnswer, ask
from scripts.benchmark.operations import PAGED, READS, WRITES, Key, Operation, Request, body
from scripts.benchmark.servers import Server
from scripts.benchmark.workload import Workload

Tokens = Mapping[Key, str]
Asked = tuple[Server, Sequence[Prepared]]
Requests = dict[tuple[str, Operation], list[Prepared]]

CHECKED = 20  # requests of each operation

_ID = re.compile(r"(?:[a-z]{3}_)?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d.*")
_VOLATILE: dict[str, set[str]] = {
    Operation.COMMENT: {"id", "createdAt"},
    Operation.RESOLVE: {"resolvedAt"},
    Operation.EDIT: {"updatedAt"},
}
"""What no two servers answer alike, as each makes a row or a time of its own."""


def prepare(servers: Sequence[Server], workload: Workload, tokens: Tokens) -> Requests:
    """The requests for each server and operation; where one follows the cursor of another, the server is asked."""
    return {
        (server.name, operation): list(_prepared(server, operation, requests=requests, tokens=tokens))
        for server in servers
        for operation, requests in workload.items()
        if operation in server.peer.operations
    }


def check(servers: Sequence[Server], requests: Requests) -> None:
    """Raise WrongAnswer unless all servers answer a sample of the reads with the same rows as the first."""
    first, *others = servers
    for name, operation in requests:
        if name == first.name and operation in READS:
            for server in others:
                compare(operation, (first, requests[name, operation]), (server, requests[server.name, operation]))


def compare(operation: str, one: Asked, other: Asked) -> None:
    """Raise WrongAnswer unless a sample of the requests to one server has the same answers as its twin elsewhere."""
    (server, requests), (twin, alike) = one, other
    for number in range(0, len(requests), max(1, len(requests) // CHECKED)):
        expected = normalized(ask(server.port, requests[number]), operation)
        answer = normalized(ask(twin.port, alike[number]), operation)
        if found := next(differences(expected, answer), None):
            raise WrongAnswer(f"{server.name} and {twin.name} differ in {operation}, request {number}: {found}")


def normalized(data: Any, operation: str) -> Any:
    """What of an answer must be the same everywhere: not the form of ids and times, nor cursors."""
    match data:
        case dict():
            dropped = {"pageInfo", *_VOLATILE.get(operation, ())}
            kept = {key: value for key, value in data.items() if key not in dropped and (key, value) != ("errors", [])}
            return {key: normalized(value, operation) for key, value in kept.items()}
        case list():
            return [normalized(item, operation) for item in data]
        case str() if found := _ID.fullmatch(data):
            return "".join(found.groups())
        case str() if _TIME.fullmatch(data):
            return datetime.fromisoformat(data).astimezone(UTC).isoformat()
    return data


def differences(one: Any, other: Any, path: str = "data") -> Iterator[str]:
    """Where two answers differ, and how."""
    match one, other:
        case dict(), dict() if one.keys() == other.keys():
            for key in one:
                yield from differences(one[key], other[key], f"{path}.{key}")
        case list(), list() if len(one) == len(other):
            for index, (item, twin) in enumerate(zip(one, other, strict=True)):
                yield from differences(item, twin, f"{path}[{index}]")
        case list(), list():
            yield f"{path} has {len(one)} and {len(other)} items"
        case _ if one != other:
            yield f"{path} is {one!r:.200} and {other!r:.200}"


def _prepared(server: Server, operation: Operation, *, requests: list[Request], tokens: Tokens) -> Iterator[Prepared]:
    cursor: dict[str, Any] = {}
    for request in requests:
        asked = Request(request.viewer, request.variables | cursor)
        prepared = Prepared(tokens[request.viewer], body(operation, server.dialect, asked), operation in WRITES)
        yield prepared
        if operation in PAGED:
            page = ask(server.port, prepared)[PAGED[operation]]
            cursor = {"after": page["pageInfo"]["endCursor"]}

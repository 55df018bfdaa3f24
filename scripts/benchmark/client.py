"""One request at a time: for what is checked, not measured."""

from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import orjson

from scripts.benchmark.screen import Stopped

JSON = "application/json"
HOST = "127.0.0.1"
TIMEOUT = 30  # seconds


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request as it goes over the wire."""

    token: str
    body: bytes
    writes: bool = False
    """Whether it changes something, so that another answer is right the second time."""


class WrongAnswer(Stopped):
    """A server answered with an error, or with other rows than the others."""


def ask(port: int, request: Prepared) -> Any:
    """The data of the answer; raises WrongAnswer."""
    connection = HTTPConnection(HOST, port, timeout=TIMEOUT)
    headers = {"Content-Type": JSON, "Accept": JSON, "Authorization": f"Bearer {request.token}"}
    try:
        connection.request("POST", "/graphql", request.body, headers)
        response = connection.getresponse()
        content = response.read()
    finally:
        connection.close()
    answer = orjson.loads(content) if content.startswith(b"{") else {}
    if response.status != 200 or "errors" in answer:
        raise WrongAnswer(f"HTTP {response.status}: {content[:500].decode(errors='replace')}")
    return answer["data"]

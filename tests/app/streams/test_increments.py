"""@defer and @stream over HTTP: the parts of an answer, in the formats of both generations of clients."""

from typing import Any

import orjson
import pytest

from tests.app.serving import Served
from tests.app.streams.reading import reading
from tests.world import World

BOUNDARY = b"\r\n--graphql"
DEFER, INCREMENTAL = "multipart/mixed;deferSpec=20220824", "multipart/mixed;incrementalSpec=v0.2"
DEFERRED = """query ($id: ID!) { repository(id: $id) { name ...More @defer(label: "more") } }
    fragment More on Repository { name commits { totalCount } }"""
STREAMED = """query ($id: ID!) {
    repository(id: $id) { commits(first: 3) { nodes @stream(initialCount: 1, label: "rest") { sha } } } }"""


async def parts(served: Served, world: World, query: str, accept: str) -> list[Any]:
    """The bodies of all parts of an answer about the engine, for Ada."""
    async with reading(served, query, accept=accept, token=world.tokens["ada"], id=world.engine.public_id) as stream:
        said = await stream.rest()
    opening, *middle, ending = said.split(BOUNDARY)
    assert (opening, ending) == (b"", b"--\r\n")
    bodies = [part.partition(b"\r\n\r\n") for part in middle]
    assert {head for head, _, _ in bodies} == {b"\r\nContent-Type: application/json; charset=utf-8"}
    return [orjson.loads(body) for _, _, body in bodies]

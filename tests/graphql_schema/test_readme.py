"""Every example on the page for front-end developers: sent as it stands there, and answered as it says there."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from tests.app.serving import Served, listeners, serving, until
from tests.conftest import Graph
from tests.deadline import DEADLINE
from tests.markdown import Block, Section, sections
from tests.world import World

PAGE = "graphql_schema/README.md"
EXAMPLES = [section for section in sections(PAGE) if section.blocks]
COMMENT = 'mutation ($thread: ID!) { addComment(input: {threadId: $thread, content: "I agree."}) { errors { code } } }'
PLACEHOLDER = re.compile(r"\b([a-z]{3}_)…")
"""An id, a token or a ticket that differs each time, by how it begins."""


@dataclass
class Reader:
    """Ada, as she follows the page. `known` has what stands for each placeholder."""

    served: Served
    world: World
    known: dict[str, str]

    async def follow(self, section: Section) -> None:
        """Send each example of a section, and hold what comes back against what is shown."""
        for asked, shown in _pairs(section.blocks):
            if asked.language == "text":
                await self._converse(asked.text)
            elif asked.language == "graphql":
                answer = await self.served.post(
                    {"query": self._filled(asked.text)}, authorization=self._filled("Bearer TOKEN")
                )
                body = {name: value for name, value in answer.json().items() if name != "extensions"}
                assert self._as_shown(orjson.loads(shown.text), body) == orjson.loads(shown.text)
            else:
                await self._exchange(_Message.parse(asked.text), _Message.parse(shown.text))

    async def _exchange(self, asked: "_Message", shown: "_Message") -> None:
        """One request over HTTP. If it is a subscription, something happens once it is heard."""
        method, _, address = asked.start.partition(" ")
        path, _, parameters = self._filled(address).partition("?")
        async with (
            self.served.client() as client,
            client.stream(
                method,
                path,
                params=dict(parameter.split("=", 1) for parameter in parameters.split("&") if parameter),
                headers={name: self._filled(value) for name, value in asked.headers.items()},
                content=self._filled(asked.body).encode(),
            ) as response,
        ):
            assert {name: response.headers[name] for name in shown.headers} == shown.headers
            assert f"HTTP/1.1 {response.status_code}" == shown.start
            if "subscription" in address:
                await self._happen()
            await self._compare(response, shown)

    async def _compare(self, response: httpx.Response, shown: "_Message") -> None:
        if response.headers["content-type"].startswith("application/json"):
            expected = orjson.loads(shown.body)
            assert self._as_shown(expected, orjson.loads(await response.aread())) == expected
            return
        pattern, body = re.escape(shown.body.strip()).replace("…", ".*"), ""
        async with asyncio.timeout(DEADLINE):
            async for piece in response.aiter_text():
                body += piece.replace("\r\n", "\n")
                if re.match(pattern, body.strip()):
                    return
        assert body == shown.body

    async def _converse(self, lines: str) -> None:
        """A conversation on a socket: what this side says behind an arrow to the right, the other's to the left."""
        async with self.served.socket() as talk:
            for line in lines.splitlines():
                message = orjson.loads(self._filled(line[2:]))
                if line.startswith("→"):
                    await talk.say(**message)
                    if "Events" in line:  # a state is told without anything that happens
                        await self._happen()
                else:
                    assert self._as_shown(message, await talk.hear()) == message

    async def _happen(self) -> None:
        """Ben says something about the requirements, once somebody listens."""
        await until(lambda: listeners(self.served) > 0)
        body = {"query": COMMENT, "variables": {"thread": self.known["thr_"]}}
        await self.served.post(body, authorization=f"Bearer {self.world.tokens['ben']}")

    def _filled(self, text: str) -> str:
        """The text with something real for every placeholder."""
        return PLACEHOLDER.sub(lambda found: self.known[found[1]], text).replace("TOKEN", self.world.tokens["ada"])

    def _as_shown(self, shown: Any, real: Any) -> Any:
        """What was answered, with `…` wherever that is shown. What it stands for is known from then on."""
        match shown, real:
            case dict(), dict():
                return {name: self._as_shown(shown.get(name), value) for name, value in real.items()}
            case list(), list() if len(shown) == len(real):
                return [self._as_shown(*pair) for pair in zip(shown, real, strict=True)]
            case "…", _:
                return shown
            case str(), str() if shown.endswith("…") and real.startswith(shown[:-1]):
                self.known[shown[:-1]] = real
                return shown
        return real


@dataclass(frozen=True)
class _Message:
    """A request or a response of HTTP."""

    start: str
    headers: dict[str, str]
    body: str

    @classmethod
    def parse(cls, text: str) -> "_Message":
        """The message that is written so."""
        head, _, body = text.partition("\n\n")
        start, *headers = head.splitlines()
        return cls(start, dict(line.split(": ", 1) for line in headers), body)


def _pairs(blocks: list[Block]) -> Iterator[tuple[Block, Block]]:
    """Each request with its answer. A conversation has both in it."""
    rest = iter(blocks)
    for asked in rest:
        yield asked, asked if asked.language == "text" else next(rest)


@pytest.fixture
async def reader(database_url: str, redis_url: str, world: World, tmp_path: Path) -> AsyncIterator[Reader]:
    """Ada before a server that has a list of trusted documents."""
    (trusted := tmp_path / "trusted.json").write_text('{"home": "query Home { viewer { name } }"}')
    named = world.atlas, world.requirements, world.thread_0, world.quiz
    known = {row.prefix + "_": row.public_id for row in named}
    async with serving(database_url, redis_url, trusted_documents=trusted) as served:
        yield Reader(served, world, known)


@pytest.mark.parametrize("section", EXAMPLES, ids=attrgetter("title"))
async def test_an_example_is_answered_as_the_page_says(reader: Reader, section: Section) -> None:
    await reader.follow(section)


def test_every_question_has_an_example() -> None:
    assert [section.title for section in sections(PAGE) if section.title.endswith("?")] == [
        section.title for section in EXAMPLES
    ]


async def test_the_sql_on_the_first_page_is_what_its_query_runs_as(graph: Graph, world: World) -> None:
    blocks = [block for section in sections("README.md") for block in section.blocks]
    [query, sql] = [block.text for block in blocks if block.language in {"graphql", "sql"}]
    await graph.data("ada", query, id=world.atlas.public_id)
    [statement] = graph.statements
    assert re.fullmatch(re.escape(_squeezed(sql)).replace("…", ".*"), _squeezed(statement))


def _squeezed(sql: str) -> str:
    """The text without blanks and line breaks."""
    return re.sub(r"\s", "", sql)

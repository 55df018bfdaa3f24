"""The running product and the people who use it: the tour is told with them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.app.serving import PLAIN, Served, Talk, listeners, serving, told, until
from tests.deadline import DEADLINE
from tests.world import World


@dataclass(frozen=True)
class Person:
    """Somebody in front of a client of their own. Without a token it is a guest."""

    served: Served
    client: httpx.AsyncClient
    token: str | None

    async def ask(self, query: str, **variables: Any) -> Any:
        """The data of an answer that has no errors."""
        answer = await self.answer(query, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def refused(self, query: str, **variables: Any) -> str:
        """The code of the one error in an answer."""
        [error] = (await self.answer(query, **variables))["errors"]
        return str(error["extensions"]["code"])

    async def answer(self, query: str, **variables: Any) -> Any:
        """The whole answer, with its data and its errors."""
        return told(await self.post(json={"query": query, "variables": variables}))

    async def post(self, **body: Any) -> httpx.Response:
        """Send whatever you like: `json=` a value, or `content=` some bytes."""
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return await self.client.post(f"http://{self.served.address}/graphql", headers=headers, **body)

    @asynccontextmanager
    async def listen(self, query: str, **variables: Any) -> AsyncIterator["Ear"]:
        """Subscribe on a socket of one's own. Once entered, nothing is missed."""
        async with self.socket() as talk:
            before = listeners(self.served)
            await talk.ask(query, **variables)
            await until(lambda: listeners(self.served) > before)
            yield Ear(talk)

    @asynccontextmanager
    async def socket(self) -> AsyncIterator[Talk]:
        """A socket that knows who it is talking to."""
        async with self.served.talk(**({"Authorization": f"Bearer {self.token}"} if self.token else {})) as talk:
            yield talk

    def with_token(self, token: str) -> "Person":
        """The same client with another token."""
        return Person(self.served, self.client, token)


@dataclass(frozen=True)
class Ear:
    """A subscription that has begun."""

    talk: Talk

    async def hear(self) -> Any:
        """The data of the next event."""
        message = await self.talk.hear()
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        return message["payload"]["data"]

    async def turned_away(self) -> str:
        """The code of the error with which the server ends the subscription."""
        last = await self.talk.hear()
        assert last["type"] == "error", last
        [error] = last["payload"]
        return str(error["extensions"]["code"])


@pytest.fixture
async def served(database_url: str, redis_url: str) -> AsyncIterator[Served]:
    """The product, running over the small world."""
    async with serving(database_url, redis_url) as running:
        yield running


@pytest.fixture
async def guest(served: Served) -> AsyncIterator[Person]:
    """Somebody who has not signed in."""
    limits = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(verify=PLAIN, limits=limits, timeout=DEADLINE) as client:
        yield Person(served, client, None)


@pytest.fixture
def ada(guest: Person, world: World) -> Person:
    """Owns the project Atlas and the organization Analytical."""
    return guest.with_token(world.tokens["ada"])


@pytest.fixture
def ben(guest: Person, world: World) -> Person:
    """Works on Atlas and for Analytical."""
    return guest.with_token(world.tokens["ben"])


@pytest.fixture
def vera(guest: Person, world: World) -> Person:
    """May look at Atlas and at Analytical, and no more."""
    return guest.with_token(world.tokens["vera"])


@pytest.fixture
def rob(guest: Person, world: World) -> Person:
    """Was removed from Atlas."""
    return guest.with_token(world.tokens["rob"])


@pytest.fixture
def ines(guest: Person, world: World) -> Person:
    """Teaches Logic, which is free, and Rhetoric, which is not; writes on a course that is not out yet."""
    return guest.with_token(world.tokens["ines"])


@pytest.fixture
def sam(guest: Person, world: World) -> Person:
    """Takes Logic and has finished the first of its four lessons."""
    return guest.with_token(world.tokens["sam"])


@pytest.fixture
def olga(guest: Person, world: World) -> Person:
    """Has a project, an organization and a repository of her own, and nothing to do with the others."""
    return guest.with_token(world.tokens["olga"])


@pytest.fixture
def root(guest: Person, world: World) -> Person:
    """Runs the platform."""
    return guest.with_token(world.tokens["root"])

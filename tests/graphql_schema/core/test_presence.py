"""Who has a document open, over sockets to two servers: seen by those who are there too, and never by others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest

from tests.app.serving import Served, Talk, serving
from tests.graphql_schema.live.test_access import REMOVE, lost, post
from tests.world import World

PRESENCE = "subscription ($id: ID!) { documentPresence(documentId: $id) { people { name } typing { name } } }"
TYPE = "mutation ($input: SignalTypingInput!) { signalTyping(input: $input) { errors { code path } } }"


@pytest.fixture
async def served(database_url: str, redis_url: str) -> AsyncIterator[Served]:
    async with serving(database_url, redis_url) as running:
        yield running


@pytest.fixture
async def both(database_url: str, redis_url: str) -> AsyncIterator[tuple[Served, Served]]:
    """Two processes of one installation."""
    shared = {"redis_prefix": f"{uuid4().hex}:"}
    async with serving(database_url, redis_url, **shared) as one, serving(database_url, redis_url, **shared) as other:
        yield one, other


@asynccontextmanager
async def opened(served: Served, world: World, who: str, *, document: str = "requirements") -> AsyncIterator[Talk]:
    """A socket of somebody who has a document open."""
    async with served.talk(authorization=f"Bearer {world.tokens[who]}") as talk:
        await talk.ask(PRESENCE, id=world.rows[document].public_id)
        yield talk


async def comes_to(talk: Talk, *people: str, typing: tuple[str, ...] = ()) -> None:
    """Hear states until this is one."""
    expected = {"people": sorted(people), "typing": sorted(typing)}
    while True:
        message = await talk.hear()
        assert message["type"] == "next", message
        state = message["payload"]["data"]["documentPresence"]
        if {name: sorted(person["name"] for person in found) for name, found in state.items()} == expected:
            return


async def test_people_on_two_servers_see_who_comes_types_and_leaves(both: tuple[Served, Served], world: World) -> None:
    one, other = both
    async with opened(one, world, "ada") as ada:
        await comes_to(ada, "Ada")
        async with opened(other, world, "ben") as ben:
            await comes_to(ben, "Ada", "Ben")
            await comes_to(ada, "Ada", "Ben")
            await post(one, world, "ben", TYPE, documentId=world.requirements.public_id)
            await comes_to(ada, "Ada", "Ben", typing=("Ben",))
            await comes_to(ada, "Ada", "Ben")
            await ben.say(id="1", type="complete")
            await comes_to(ada, "Ada")


async def test_who_is_removed_sees_nobody_and_is_seen_by_nobody_from_then_on(
    both: tuple[Served, Served], world: World
) -> None:
    one, other = both
    async with opened(one, world, "ada") as ada, opened(other, world, "vera") as vera:
        await comes_to(vera, "Ada", "Vera")
        await comes_to(ada, "Ada", "Vera")
        await post(one, world, "ada", REMOVE, memberId=world.veras_place.public_id)
        assert lost(await vera.hear())["ids"] == [world.requirements.public_id, world.atlas.public_id]
        await comes_to(ada, "Ada")


async def test_whoever_does_not_see_a_document_does_not_see_who_has_it_open(served: Served, world: World) -> None:
    for who in ("olga", "rob"):
        async with opened(served, world, who) as talk:
            assert lost(await talk.hear()) == {"code": "NOT_FOUND", "argument": "documentId"}


async def test_only_who_may_comment_types(served: Served, world: World) -> None:
    codes: dict[str, Any] = {}
    for who in ("ben", "vera", "olga"):
        body = {"query": TYPE, "variables": {"input": {"documentId": world.requirements.public_id}}}
        answer = await served.post(body, authorization=f"Bearer {world.tokens[who]}")
        codes[who] = [error["code"] for error in answer.json()["data"]["signalTyping"]["errors"]]
    assert codes == {"ben": [], "vera": ["FORBIDDEN"], "olga": ["NOT_FOUND"]}

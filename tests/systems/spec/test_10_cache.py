"""What a project shows is never another viewer's, and never older than what the same client has written.

This holds whatever is kept between two questions, on whichever server they come.
"""

import asyncio
from typing import Any
from uuid import uuid4

from tests.app.serving import Served, serving
from tests.world import World

PROJECT = """
    query ($id: ID!) {
      project(id: $id) {
        name
        viewerMembership { role }
        members { nodes { email user { name email } } }
        auditLogs { totalCount }
        documents { nodes { content status } }
      }
    }
"""
UPDATE = "mutation ($input: UpdateProjectInput!) { updateProject(input: $input) { errors { code } } }"
EDIT = "mutation ($input: EditDocumentInput!) { editDocument(input: $input) { errors { code } } }"
REMOVE = "mutation ($input: RemoveProjectMemberInput!) { removeProjectMember(input: $input) { errors { code } } }"
ROUNDS = 10


async def asked(served: Served, world: World, who: str, query: str, **variables: Any) -> Any:
    """The data of an answer that a server gives somebody."""
    answer = await served.post({"query": query, "variables": variables}, authorization=f"Bearer {world.tokens[who]}")
    assert "errors" not in answer.json()
    return answer.json()["data"]


async def seen(served: Served, world: World, who: str) -> Any:
    return (await asked(served, world, who, PROJECT, id=world.atlas.public_id))["project"]


async def wrote(served: Served, world: World, who: str, mutation: str, **given: Any) -> None:
    [payload] = (await asked(served, world, who, mutation, input=given)).values()
    assert payload["errors"] == []


async def test_10_cache_shows_nobody_what_another_sees(served: Served, world: World) -> None:
    """Each asks the same behind every other, and all of them at once."""
    people = ["ada", "ben", "vera", "rob", "olga", "root"]
    alone = {who: await seen(served, world, who) for who in people}
    assert [who for who in people if alone[who] is None] == ["rob", "olga"]
    assert alone["ben"]["viewerMembership"] == {"role": "MEMBER"}
    assert alone["vera"]["viewerMembership"] == {"role": "VIEWER"}
    addresses = {who: [member["email"] for member in alone[who]["members"]["nodes"]] for who in ("ada", "vera")}
    assert "ben@example.com" in addresses["ada"]
    assert set(addresses["vera"]) == {None}
    for order in (people[::-1], people):
        for who in order:
            assert await seen(served, world, who) == alone[who]
    assert await asyncio.gather(*(seen(served, world, who) for who in people)) == list(alone.values())


async def test_10_cache_is_private_to_who_asked(served: Served, world: World) -> None:
    """Whatever stands between a client and the server gives its answer to nobody else."""
    body = {"query": PROJECT, "variables": {"id": world.atlas.public_id}}
    answer = await served.post(body, authorization=f"Bearer {world.tokens['ada']}")
    assert "private" in answer.headers["cache-control"]
    assert "authorization" in answer.headers["vary"].lower()


async def test_10_cache_is_never_older_than_what_the_client_has_written(
    database_url: str, redis_url: str, world: World
) -> None:
    """Two servers share their Redis: what is written on one is read on the other, while others read it all the time."""
    prefix = {"redis_prefix": f"{uuid4().hex}:"}
    async with serving(database_url, redis_url, **prefix) as one, serving(database_url, redis_url, **prefix) as other:
        stop = asyncio.Event()

        async def read(served: Served) -> None:
            while not stop.is_set():
                await seen(served, world, "vera")

        reading = [asyncio.create_task(read(served)) for served in (one, other)]
        for number in range(ROUNDS):
            here, there = (one, other) if number % 2 else (other, one)
            name, content = f"Atlas {number}", f"# Text {number}"
            await wrote(here, world, "ada", UPDATE, projectId=world.atlas.public_id, name=name)
            assert (await seen(there, world, "ada"))["name"] == name
            edit = {"documentId": world.requirements.public_id, "content": content, "expectedVersion": number + 2}
            await wrote(here, world, "ben", EDIT, **edit)
            for who in ("ben", "ada", "vera"):
                documents = (await seen(there, world, who))["documents"]["nodes"]
                assert documents[0]["content"] == content
        stop.set()
        await asyncio.gather(*reading)


async def test_10_cache_shows_nothing_to_who_was_removed(database_url: str, redis_url: str, world: World) -> None:
    prefix = {"redis_prefix": f"{uuid4().hex}:"}
    async with serving(database_url, redis_url, **prefix) as one, serving(database_url, redis_url, **prefix) as other:
        for served in (one, other):
            assert (await seen(served, world, "vera"))["name"] == "Atlas"
        await wrote(one, world, "ada", REMOVE, memberId=world.veras_place.public_id)
        for served in (other, one):
            assert await seen(served, world, "vera") is None

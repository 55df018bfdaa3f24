"""Row 2: repositories of an organization, whose sensitivity says at each moment who sees one; days in figures."""

import asyncio
from time import monotonic
from typing import Any

import pytest

from db.access import GUEST
from db.tables import RepositoryEventKind
from tests.app.serving import Served, Talk, listeners, until
from tests.conftest import Graph
from tests.graphql_schema.asking import done, refusals
from tests.graphql_schema.repositories.asking import CONNECT, DISCONNECT, UPDATE
from tests.world import World

SEEN = '{ repository(fullName: "analytical/engine") { name } }'
STATS = """
    query ($since: Date, $until: Date) {
      repository(fullName: "analytical/engine") {
        stats(filter: { date: { since: $since, until: $until } }) { nodes { date commits } }
      }
    }
"""
LISTEN = """
    subscription ($id: ID!, $after: String) {
      repositoryEvents(repositoryId: $id, after: $after, kinds: [COMMITS_PUSHED]) { kind cursor commit { message } }
    }
"""
AT_MOST = 5.0
"""Seconds until whoever may not hear any more is told so."""
WHO = ("ada", "ben", "vera", "olga", "root")


async def seers(graph: Graph) -> list[str]:
    """Those who see the engine."""
    return [who for who in WHO if (await graph.data(who, SEEN))["repository"]]


async def test_02_a_repository_is_connected_changed_and_disconnected(graph: Graph, world: World) -> None:
    given = {"organizationId": world.analytical.public_id, "fullName": "octo/mill", "isPrivate": True}
    repository = (await done(graph, "ada", CONNECT, **given))["repository"]["id"]
    await done(graph, "ada", UPDATE, repositoryId=repository, description="Grinds")
    gone = await done(graph, "ada", DISCONNECT, repositoryId=repository, fullName="octo/mill")
    assert gone["deletedRepositoryId"] == repository


async def test_02_its_sensitivity_says_who_sees_it(graph: Graph, world: World) -> None:
    found = {}
    for sensitivity in ("NORMAL", "SENSITIVE", "RESTRICTED", "NORMAL"):
        await done(graph, "ada", UPDATE, repositoryId=world.engine.public_id, sensitivity=sensitivity)
        found[sensitivity] = await seers(graph)
    everybody = ["ada", "ben", "vera", "root"]
    assert found == {"NORMAL": everybody, "SENSITIVE": ["ada", "ben", "root"], "RESTRICTED": ["ada", "root"]}


@pytest.mark.usefixtures("patient")
async def test_02_twenty_who_connect_at_once_find_the_room_that_the_plan_has(graph: Graph, world: World) -> None:
    given = {"organizationId": world.analytical.public_id}
    calls = (refusals(graph, "ada", CONNECT, **given, fullName=f"octo/{number}") for number in range(20))
    told = await asyncio.gather(*calls)
    assert [one for one in told if one] == [[("FORBIDDEN", "")]] * 17


async def test_02_what_happened_on_each_day_of_a_range(graph: Graph) -> None:
    day = {"date": "2026-01-01", "commits": 3}
    for since, until_, found in (
        ("2026-01-01", "2026-01-02", [day]),
        ("2026-01-02", None, []),
        (None, "2026-01-01", []),
    ):
        answer = await graph.data("vera", STATS, since=since, until=until_)
        assert answer["repository"]["stats"]["nodes"] == found


async def push(served: Served, world: World) -> None:
    async with served.app.database.work(GUEST) as work:
        await work.happened(RepositoryEventKind.COMMITS_PUSHED, world.engine_commit)


async def hold(served: Served, world: World, sensitivity: str) -> None:
    given = {"repositoryId": world.engine.public_id, "sensitivity": sensitivity}
    answer = await served.post(
        {"query": UPDATE, "variables": {"input": given}}, authorization=f"Bearer {world.tokens['ada']}"
    )
    assert answer.json()["data"]["updateRepository"]["errors"] == []


async def subscribed(served: Served, world: World, talk: Talk, **given: Any) -> None:
    before = listeners(served)
    await talk.ask(LISTEN, key="1", id=world.engine.public_id, **given)
    await until(lambda: listeners(served) > before)


async def heard(talk: Talk) -> Any:
    message = await talk.hear()
    assert message["type"] == "next", message
    return message["payload"]["data"]["repositoryEvents"]


async def test_02_whoever_may_not_see_it_any_more_is_told_within_five_seconds_and_hears_nothing_of_it(
    served: Served, world: World
) -> None:
    async with (
        served.talk(authorization=f"Bearer {world.tokens['ben']}") as ben,
        served.talk(authorization=f"Bearer {world.tokens['ada']}") as ada,
    ):
        for talk in (ben, ada):
            await subscribed(served, world, talk)
        await push(served, world)
        told = [await heard(talk) for talk in (ben, ada)]
        assert told[0]["commit"] == told[1]["commit"] == {"message": "Change 3 (#1)"}
        begun = monotonic()
        await hold(served, world, "RESTRICTED")
        last = await ben.hear()
        assert monotonic() - begun < AT_MOST
        [error] = last["payload"]
        assert (last["type"], error["extensions"]["code"]) == ("error", "FORBIDDEN")
        assert error["extensions"]["ids"] == [world.engine.public_id]
        await push(served, world)
        assert (await heard(ada))["commit"] == {"message": "Change 3 (#1)"}
        await ben.ask(LISTEN, key="2", id=world.engine.public_id, after=told[0]["cursor"])
        refused = await ben.hear()
        assert (refused["type"], refused["id"]) == ("error", "2")
        assert [one["extensions"]["code"] for one in refused["payload"]] == ["NOT_FOUND"]

"""Repositories: who connects, changes and disconnects them, each once, and no more private ones than a plan allows."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from db import tables
from db.tables import OrganizationPlan, OrganizationRole, Sensitivity
from tests.conftest import Graph
from tests.graphql_schema.asking import add, change, done, refusal, refusals
from tests.graphql_schema.repositories.asking import CONNECT, DISCONNECT, UPDATE
from tests.world import World

OF_ENGINE = (tables.Commit, tables.PullRequest, tables.Issue, tables.Release, tables.RepositoryStats)


async def test_an_organization_follows_a_repository(graph: Graph, world: World) -> None:
    await change(graph.database, world.bens_membership, role=OrganizationRole.ADMIN)
    given = {"fullName": "octo/Mill.js", "description": "Grinds", "sensitivity": "SENSITIVE", "defaultBranch": "trunk"}
    organization = {"organizationId": world.analytical.public_id}
    repository = (await done(graph, "ben", CONNECT, **organization, **given))["repository"]
    assert repository.pop("id").startswith("rep_")
    assert repository == given | {
        "name": "Mill.js",
        "isPrivate": True,
        "isActive": True,
        "organization": {"slug": "analytical"},
    }


@pytest.mark.parametrize(
    ("who", "told"),
    [
        ("ada", None),
        ("root", None),
        ("ben", ("FORBIDDEN", "input.organizationId")),
        ("vera", ("FORBIDDEN", "input.organizationId")),
        ("olga", ("NOT_FOUND", "input.organizationId")),
    ],
)
async def test_a_repository_is_connected_by_those_who_manage_the_organization(
    graph: Graph, world: World, who: str, told: Any
) -> None:
    given = {"organizationId": world.analytical.public_id, "fullName": "octo/mill"}
    if told:
        assert await refusal(graph, who, CONNECT, **given) == told
    else:
        assert (await done(graph, who, CONNECT, **given))["repository"]["fullName"] == "octo/mill"


@pytest.mark.parametrize("full_name", ["remote/shore", "REMOTE/Shore", "analytical/vault"])
async def test_a_name_is_taken_once_and_nobody_is_told_by_whom(graph: Graph, world: World, full_name: str) -> None:
    given = {"organizationId": world.analytical.public_id, "fullName": full_name}
    payload = (await graph.data("ada", CONNECT, input=given))["connectRepository"]
    told = {"code": "CONFLICT", "message": "Another repository has this name.", "path": ["input", "fullName"]}
    assert payload == {"repository": None, "errors": [told]}


async def test_of_many_who_connect_one_name_at_once_one_does(graph: Graph, world: World) -> None:
    both = (("ada", world.analytical), ("olga", world.remote)) * 5
    calls = (refusals(graph, who, CONNECT, organizationId=of.public_id, fullName="octo/mill") for who, of in both)
    assert sorted(map(tuple, await asyncio.gather(*calls))) == [(), *[(("CONFLICT", "input.fullName"),)] * 9]


@pytest.mark.parametrize(
    "full_name", ["", "mill", "octo/", "/mill", "octo/mill/wheel", "octo/mi ll", "octo/mill\n", "öcto/mill"]
)
async def test_a_name_has_the_form_of_an_address(graph: Graph, world: World, full_name: str) -> None:
    given = {"organizationId": world.analytical.public_id, "fullName": full_name}
    assert await refusal(graph, "ada", CONNECT, **given) == ("BAD_USER_INPUT", "input.fullName")


@pytest.mark.usefixtures("patient")
async def test_a_free_plan_has_three_private_repositories_also_where_twenty_come_at_once(
    graph: Graph, world: World
) -> None:
    given = {"organizationId": world.analytical.public_id}
    calls = (refusals(graph, "ada", CONNECT, **given, fullName=f"octo/mill-{number}") for number in range(20))
    told = sorted(map(tuple, await asyncio.gather(*calls)))
    assert told == [()] * 3 + [(("FORBIDDEN", ""),)] * 17
    async with graph.database.read() as session:
        assert await session.scalar(select(func.count()).where(tables.Repository.is_private)) == 3


async def test_what_everybody_sees_on_github_is_not_counted(graph: Graph, world: World) -> None:
    given = {"organizationId": world.analytical.public_id, "isPrivate": False}
    for number in range(4):
        await done(graph, "ada", CONNECT, **given, fullName=f"octo/open-{number}")
    await change(graph.database, world.analytical, plan=OrganizationPlan.PRO)
    for number in range(4):
        await done(graph, "ada", CONNECT, **given | {"isPrivate": True}, fullName=f"octo/private-{number}")


async def test_who_manages_a_repository_changes_what_is_known_of_it(graph: Graph, world: World) -> None:
    given = {"repositoryId": world.engine.public_id}
    values = {"description": "Steam", "defaultBranch": "trunk", "sensitivity": "RESTRICTED", "isActive": False}
    assert (await done(graph, "ada", UPDATE, **given, **values))["repository"] == values
    emptied = (await done(graph, "ada", UPDATE, **given, description=None))["repository"]
    assert emptied == values | {"description": None}
    assert await refusal(graph, "ada", UPDATE, **given, sensitivity=None) == ("BAD_USER_INPUT", "input.sensitivity")
    assert await refusal(graph, "ada", UPDATE, **given, defaultBranch=" ") == ("BAD_USER_INPUT", "input.defaultBranch")


@pytest.mark.parametrize("mutation", [UPDATE, DISCONNECT])
@pytest.mark.parametrize(
    ("who", "repository", "told"),
    [
        ("ben", "engine", "FORBIDDEN"),
        ("vera", "engine", "FORBIDDEN"),
        ("ben", "vault", "NOT_FOUND"),
        ("olga", "engine", "NOT_FOUND"),
        ("ada", "shore", "NOT_FOUND"),
    ],
)
async def test_a_repository_is_changed_and_disconnected_by_those_who_manage_it(
    graph: Graph, world: World, who: str, repository: str, told: str, mutation: str
) -> None:
    row: Any = world.rows[repository]
    given = {"fullName": row.full_name} if mutation is DISCONNECT else {"sensitivity": "NORMAL"}
    refused = await refusal(graph, who, mutation, repositoryId=row.public_id, **given)
    assert refused == (told, "input.repositoryId")


async def test_who_disconnects_a_repository_names_it_twice(graph: Graph, world: World) -> None:
    given = {"repositoryId": world.engine.public_id, "fullName": "analytical/engines"}
    assert await refusal(graph, "ada", DISCONNECT, **given) == ("BAD_USER_INPUT", "input.fullName")


async def test_of_a_repository_that_is_disconnected_nothing_is_left_but_the_projects_that_specify_it(
    graph: Graph, world: World
) -> None:
    given = {"repositoryId": world.engine.public_id, "fullName": "analytical/engine"}
    payload = await done(graph, "ada", DISCONNECT, **given)
    assert payload["organization"] == {"repositories": {"nodes": [{"name": "vault"}]}}
    assert payload["deletedRepositoryId"] == world.engine.public_id
    async with graph.database.read() as session:
        for table in OF_ENGINE:
            assert await session.scalar(select(func.count()).where(table.repository_id == world.engine.id)) == 0, table
    query = "query ($id: ID!) { project(id: $id) { name repository { name } commits { totalCount } } }"
    atlas = (await graph.data("ada", query, id=world.atlas.public_id))["project"]
    assert atlas == {"name": "Atlas", "repository": None, "commits": {"totalCount": 0}}


async def test_a_name_is_free_again_once_its_repository_is_disconnected(graph: Graph, world: World) -> None:
    await done(graph, "ada", DISCONNECT, repositoryId=world.engine.public_id, fullName="analytical/engine")
    again = {"organizationId": world.remote.public_id, "fullName": "analytical/engine"}
    assert (await done(graph, "olga", CONNECT, **again))["repository"]["organization"] == {"slug": "remote"}


async def test_a_place_that_is_given_up_can_be_taken(graph: Graph, world: World) -> None:
    given = {"organizationId": world.remote.public_id}
    rows = [
        tables.Repository(organization_id=world.remote.id, name=name, full_name=f"octo/{name}", is_private=True)
        for name in ("one", "two", "three")
    ]
    await add(graph.database, *rows)
    assert await refusal(graph, "olga", CONNECT, **given, fullName="octo/four") == ("FORBIDDEN", "")
    await done(graph, "olga", DISCONNECT, repositoryId=rows[0].public_id, fullName="octo/one")
    assert (await done(graph, "olga", CONNECT, **given, fullName="octo/four"))["repository"]["isPrivate"]


async def test_what_is_held_more_closely_is_seen_by_fewer(graph: Graph, world: World) -> None:
    query = "query ($id: ID!) { node(id: $id) { id } }"
    seen = {}
    for sensitivity in Sensitivity:
        await done(graph, "ada", UPDATE, repositoryId=world.engine.public_id, sensitivity=sensitivity.value)
        found = {who: await graph.data(who, query, id=world.engine.public_id) for who in ("ada", "ben", "vera", "olga")}
        seen[sensitivity.value] = [who for who, answer in found.items() if answer["node"]]
    assert seen == {"NORMAL": ["ada", "ben", "vera"], "SENSITIVE": ["ada", "ben"], "RESTRICTED": ["ada"]}

"""Accounts at providers in the graph: whose they are, and how one of them is taken away."""

import asyncio

import pytest

from db import tables
from graphql_schema.execution import RequestError
from tests.conftest import Graph
from tests.graphql_schema.asking import add, done, refusal
from tests.world import World

UNLINK = """
    mutation ($input: UnlinkAccountInput!) {
      unlinkAccount(input: $input) { user { accounts { nodes { provider name } } } errors { code path } }
    }
"""
MINE = "{ viewer { accounts { nodes { id provider name createdAt user { name } } } } }"
OF = "query ($id: ID!) { node(id: $id) { ... on Account { provider name } } }"


async def test_people_see_their_own_accounts_and_no_token(graph: Graph, world: World) -> None:
    (account,) = (await graph.data("olga", MINE))["viewer"]["accounts"]["nodes"]
    assert (account["provider"], account["name"], account["user"]) == ("github", "olga", {"name": "Olga"})
    for who in ("ben", None):
        assert (await graph.data(who, OF, id=world.olgas_account.public_id))["node"] is None
    for token in ("accessToken", "refreshToken", "idToken"):
        with pytest.raises(RequestError, match=f"Cannot query field '{token}'"):
            await graph("olga", f"{{ viewer {{ accounts {{ nodes {{ {token} }} }} }} }}")


async def test_an_account_is_taken_away_where_there_is_another_way_in(graph: Graph, world: World) -> None:
    unlinked = await done(graph, "ada", UNLINK, accountId=world.adas_account.public_id)
    assert unlinked["user"]["accounts"]["nodes"] == []
    assert await refusal(graph, "ada", UNLINK, accountId=world.adas_account.public_id) == (
        "NOT_FOUND",
        "input.accountId",
    )


async def test_the_only_way_in_is_not_taken_away(graph: Graph, world: World) -> None:
    olgas = world.olgas_account.public_id
    assert await refusal(graph, "olga", UNLINK, accountId=olgas) == ("CONFLICT", "input.accountId")
    await add(graph.database, tables.Account(user_id=world.olga.id, provider="acme", provider_account_id="olga"))
    await done(graph, "olga", UNLINK, accountId=olgas)


async def test_of_two_that_are_taken_away_at_once_one_stays(graph: Graph, world: World) -> None:
    other = tables.Account(user_id=world.olga.id, provider="acme", provider_account_id="olga")
    await add(graph.database, other)
    both = (world.olgas_account.public_id, other.public_id)

    async def take(key: str) -> list[str]:
        answer = await graph("olga", UNLINK, input={"accountId": key})
        return [error["code"] for error in answer["data"]["unlinkAccount"]["errors"]]

    for _ in range(3):
        found = await asyncio.gather(*map(take, both * 5))
    assert {code for codes in found for code in codes} == {"CONFLICT", "NOT_FOUND"}
    left = (await graph.data("olga", MINE))["viewer"]["accounts"]["nodes"]
    assert len(left) == 1


async def test_the_account_of_somebody_else_is_not_found(graph: Graph, world: World) -> None:
    refused = await refusal(graph, "ben", UNLINK, accountId=world.adas_account.public_id)
    assert refused == ("NOT_FOUND", "input.accountId")

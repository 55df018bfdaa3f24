"""Whose an address is, as those who manage an organization say it, and as they take it back."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from db import tables
from db.actions.authorship import follow_identities
from db.tables import IdentityKind, OrganizationRole
from tests.conftest import Graph
from tests.db.actions.test_media import run
from tests.graphql_schema.asking import add, change, done, listed, refusal
from tests.world import World
from tests.world.identities import BENS

MERGE = """
    mutation ($input: MergeIdentityInput!) {
      mergeIdentity(input: $input) {
        identity { id kind value isProven user { name } organization { slug } }
        errors { code path }
      }
    }
"""
UNMERGE = """
    mutation ($input: UnmergeIdentityInput!) {
      unmergeIdentity(input: $input) {
        deletedIdentityId organization { identities { nodes { value } } } errors { code path }
      }
    }
"""
IDENTITIES = '{ organization(slug: "analytical") { identities { nodes { value user { name } } } } }'
MINE = "{ viewer { identities { nodes { value isProven } } } }"


async def merge(graph: Graph, value: str, *, member: str = "bens_membership", who: str = "ada") -> Any:
    return (await done(graph, who, MERGE, memberId=getattr(graph.world, member).public_id, value=value))["identity"]


async def test_a_manager_says_that_an_address_or_a_login_is_a_members(graph: Graph) -> None:
    merged = await merge(graph, " Ben@Home.example ")
    assert merged.pop("id").startswith("idn_")
    whose = {"isProven": False, "user": {"name": "Ben"}, "organization": {"slug": "analytical"}}
    assert merged == {"kind": "EMAIL", "value": "ben@home.example"} | whose
    for value in ("Ben-B", "42+ben-c@users.noreply.github.com"):
        merged = await merge(graph, value)
        assert (merged["kind"], merged["value"]) == ("LOGIN", "ben-b" if value == "Ben-B" else "ben-c")


@pytest.mark.parametrize(
    "value",
    [
        *("", "two words", "a@", "-ben", "x" * 255),
        *("noreply@example.com", "root@localhost", "ci@example.com", "info@example.com", "me@laptop.local"),
        *("dependabot[bot]", "web-flow", "1+renovate[bot]@users.noreply.github.com"),
    ],
)
async def test_what_names_nobody_is_refused(graph: Graph, world: World, value: str) -> None:
    asked = {"memberId": world.bens_membership.public_id, "value": value}
    assert await refusal(graph, "ada", MERGE, **asked) == ("BAD_USER_INPUT", "input.value")


async def test_an_identity_is_merged_once_and_the_conflict_shows_with_whom(graph: Graph, world: World) -> None:
    asked = {"memberId": world.veras_membership.public_id, "value": BENS}
    payload = (await graph.data("ada", MERGE, input=asked))["mergeIdentity"]
    assert payload["errors"] == [{"code": "CONFLICT", "path": ["input", "value"]}]
    assert (payload["identity"]["value"], payload["identity"]["user"]) == (BENS, {"name": "Ben"})


async def test_of_many_who_merge_one_address_at_once_one_does(graph: Graph, world: World) -> None:
    members = [world.bens_membership, world.veras_membership, world.adas_membership] * 4
    asked = [{"memberId": member.public_id, "value": "pair@example.com"} for member in members]
    found = await asyncio.gather(*(graph.data("ada", MERGE, input=one) for one in asked))
    codes = [[error["code"] for error in one["mergeIdentity"]["errors"]] for one in found]
    assert sorted(codes) == [[], *[["CONFLICT"]] * 11]


async def test_that_somebody_else_has_proven_an_address_is_not_told(graph: Graph, world: World) -> None:
    """Olga is nobody whom Analytical knows: what is hers stays hers, and nobody learns that she is here."""
    merged = await merge(graph, "olga@example.com")
    assert merged["user"] == {"name": "Ben"}
    commit = world.engine_commit
    await change(graph.database, commit, author_id=None, author_email="olga@example.com")
    await run(graph.database, follow_identities.name, user=world.ben.public_id)
    async with graph.database.read() as session:
        author = select(tables.Commit.author_id).where(tables.Commit.id == commit.id)
        assert await session.scalar(author) == world.olga.id


@pytest.mark.parametrize(
    ("who", "expected"),
    [("ben", ("FORBIDDEN", "input.memberId")), ("vera", ("FORBIDDEN", "input.memberId"))]
    + [(who, ("NOT_FOUND", "input.memberId")) for who in ("olga", "sam")],
)
async def test_only_managers_merge(graph: Graph, world: World, who: str, expected: tuple[str, str]) -> None:
    asked = {"memberId": world.bens_membership.public_id, "value": "x@example.com"}
    assert await refusal(graph, who, MERGE, **asked) == expected


async def test_an_administrator_of_the_organization_may_merge_and_unmerge(graph: Graph, world: World) -> None:
    await change(graph.database, world.veras_membership, role=OrganizationRole.ADMIN)
    identity = await merge(graph, "x@example.com", who="vera")
    gone = await done(graph, "vera", UNMERGE, identityId=identity["id"])
    assert gone["deletedIdentityId"] == identity["id"]
    assert gone["organization"]["identities"]["nodes"] == [{"value": BENS}]


@pytest.mark.parametrize(
    ("who", "identity", "expected"),
    [
        ("ben", "bens_old_address", "FORBIDDEN"),
        ("ben", "bens_address", "FORBIDDEN"),
        ("vera", "bens_old_address", "NOT_FOUND"),
        ("ada", "bens_address", "NOT_FOUND"),
        ("olga", "bens_old_address", "NOT_FOUND"),
        ("root", "bens_address", "BAD_USER_INPUT"),
    ],
)
async def test_what_is_not_merged_by_ones_organization_is_not_unmerged(
    graph: Graph, world: World, who: str, identity: str, expected: str
) -> None:
    asked = {"identityId": getattr(world, identity).public_id}
    assert await refusal(graph, who, UNMERGE, **asked) == (expected, "input.identityId")


async def test_people_see_all_that_is_theirs_and_managers_what_they_have_merged(graph: Graph, world: World) -> None:
    mine = await listed(graph, "ben", MINE)
    assert mine == [{"value": "ben@example.com", "isProven": True}, {"value": BENS, "isProven": False}]
    assert await listed(graph, "ada", IDENTITIES) == [{"value": BENS, "user": {"name": "Ben"}}]
    assert len(graph.statements) == 1
    assert await listed(graph, "vera", IDENTITIES) == []
    await add(graph.database, tables.Identity(user_id=world.ben.id, kind=IdentityKind.LOGIN, value="secret"))
    assert "secret" not in str(await graph.data("ada", IDENTITIES))

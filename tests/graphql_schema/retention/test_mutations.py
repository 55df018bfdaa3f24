"""How long an organization keeps what grows by itself: said by its managers, within bounds."""

import pytest

from tests.conftest import Graph
from tests.graphql_schema.asking import done, listed, refusal
from tests.world import World

UPDATE = """
    mutation ($input: UpdateRetentionInput!) {
      updateRetention(input: $input) { policy { id kind days organization { slug } } errors { code path message } }
    }
"""
POLICIES = '{ organization(slug: "analytical") { retentionPolicies { nodes { kind days } } } }'


async def test_a_manager_says_how_long_and_says_otherwise_later(graph: Graph, world: World) -> None:
    of = {"organizationId": world.analytical.public_id}
    policy = (await done(graph, "ada", UPDATE, **of, kind="AUDIT", days=400))["policy"]
    assert policy.pop("id").startswith("rtp_")
    assert policy == {"kind": "AUDIT", "days": 400, "organization": {"slug": "analytical"}}
    again = (await done(graph, "ada", UPDATE, **of, kind="EVENTS", days=90))["policy"]
    assert again["id"] == world.analytical_keeps.public_id
    kept = [{"kind": "AUDIT", "days": 400}, {"kind": "EVENTS", "days": 90}]
    assert sorted(await listed(graph, "ada", POLICIES), key=str) == sorted(kept, key=str)


@pytest.mark.parametrize(
    ("kind", "days"), [("EVENTS", 6), ("EVENTS", 91), ("AUDIT", 364), ("AUDIT", 2_556), ("AUDIT", -1), ("EVENTS", 0)]
)
async def test_what_is_out_of_bounds_is_refused(graph: Graph, world: World, kind: str, days: int) -> None:
    asked = {"organizationId": world.analytical.public_id, "kind": kind, "days": days}
    assert await refusal(graph, "ada", UPDATE, **asked) == ("BAD_USER_INPUT", "input.days")


@pytest.mark.parametrize(("kind", "days"), [("EVENTS", 7), ("EVENTS", 90), ("AUDIT", 365), ("AUDIT", 2_555)])
async def test_the_bounds_themselves_are_possible(graph: Graph, world: World, kind: str, days: int) -> None:
    asked = {"organizationId": world.analytical.public_id, "kind": kind, "days": days}
    assert (await done(graph, "ada", UPDATE, **asked))["policy"]["days"] == days


@pytest.mark.parametrize(("who", "code"), [("ben", "FORBIDDEN"), ("vera", "FORBIDDEN"), ("olga", "NOT_FOUND")])
async def test_only_managers_say_and_see_it(graph: Graph, world: World, who: str, code: str) -> None:
    asked = {"organizationId": world.analytical.public_id, "kind": "EVENTS", "days": 7}
    assert await refusal(graph, who, UPDATE, **asked) == (code, "input.organizationId")
    if who != "olga":
        assert await listed(graph, who, POLICIES) == []

"""A project with all that its first page shows, in one operation, for its owner and its active members alone."""

import pytest

from db.tables import MembershipStatus
from tests.conftest import Graph
from tests.graphql_schema.asking import change
from tests.world import World

PROJECT = """
    query ($id: ID!) {
      project(id: $id) {
        name
        owner { name }
        members(filter: {status: [ACTIVE]}) { nodes { role user { name } } }
        documents {
          nodes {
            phase
            latestReview { documentVersion overallScore }
            threads(filter: {status: [OPEN]}) {
              totalCount
              nodes { position { line } comments(last: 1) { nodes { content author { name } } } }
            }
          }
        }
      }
    }
"""


async def test_01_project_in_one_operation_is_one_statement(graph: Graph, world: World) -> None:
    found = (await graph.data("ada", PROJECT, id=world.atlas.public_id))["project"]
    assert len(graph.statements) == 1
    assert found["owner"] == {"name": "Ada"}
    assert [(one["role"], one["user"]["name"]) for one in found["members"]["nodes"]] == [
        ("MEMBER", "Ben"),
        ("VIEWER", "Vera"),
    ]
    requirements, design = found["documents"]["nodes"]
    assert [requirements["phase"], design["phase"]] == ["REQUIREMENTS", "DESIGN"]
    assert requirements["latestReview"] == {"documentVersion": 2, "overallScore": world.reviewed.overall_score}
    assert design["latestReview"] is None
    assert requirements["threads"] == {
        "totalCount": 2,
        "nodes": [
            {
                "position": {"line": line},
                "comments": {"nodes": [{"content": f"ada on {line}", "author": {"name": "Ada"}}]},
            }
            for line in (0, 2)
        ],
    }
    assert design["threads"]["totalCount"] == 0


@pytest.mark.parametrize("who", ["ada", "ben", "vera"])
async def test_01_project_is_the_same_for_its_owner_and_active_members(graph: Graph, world: World, who: str) -> None:
    expected = await graph.data("ada", PROJECT, id=world.atlas.public_id)
    assert await graph.data(who, PROJECT, id=world.atlas.public_id) == expected
    assert expected["project"]


@pytest.mark.parametrize("who", ["olga", "sam", "rob", None])
async def test_01_project_is_null_for_strangers_guests_and_removed_members(
    graph: Graph, world: World, who: str | None
) -> None:
    assert await graph.data(who, PROJECT, id=world.atlas.public_id) == {"project": None}


@pytest.mark.parametrize("status", [MembershipStatus.REMOVED, MembershipStatus.INVITED])
async def test_01_project_is_null_from_the_moment_on_that_a_membership_does_not_hold(
    graph: Graph, world: World, status: MembershipStatus
) -> None:
    assert (await graph.data("ben", PROJECT, id=world.atlas.public_id))["project"]
    await change(graph.database, world.bens_place, status=status)
    assert await graph.data("ben", PROJECT, id=world.atlas.public_id) == {"project": None}

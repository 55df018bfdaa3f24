"""Nodes: one type for each table that the graph shows, and one id for each object."""

import pytest

from db.base import Base, tables
from db.tables import Course
from graphql_schema.core import NODES, node
from graphql_schema.schema import executor
from graphql_schema.specs.types import Project
from tests.conftest import Graph
from tests.world import World

HIDDEN = {
    "course_prerequisites": "an edge between courses: `requiredCourses`",
    "touched_days": "marks for a job",
    "delivery_keys": "what is unique of what rules have told",
    "webhook_deliveries": "what is unique of the events of webhooks",
    "learning_module_prerequisites": "an edge leads over them",
    "outbox_events": "clients hear them",
    "outbox_topics": "clients hear their events",
    "outbox_epochs": "cursors of events have it in them",
    "passwords": "nobody reads them",
    "passkey_challenges": "a browser has them from a mutation",
    "verification_tokens": "they are mailed",
    "idempotency_keys": "answers that their reader had once",
}
"""The tables without a type in the graph, with the reason."""


def test_a_table_is_a_type_of_the_graph_or_hidden_for_a_reason() -> None:
    assert {table.__tablename__ for table in tables() if table not in NODES} == HIDDEN.keys()
    assert all(executor.schema.get_type(table.__name__) for table in NODES)


@pytest.mark.parametrize("table", NODES, ids=lambda table: table.__name__)
def test_a_row_is_told_from_the_rows_of_other_tables(table: type[Base]) -> None:
    type_ = executor.schema.get_type(table.__name__)
    matching = [other.__name__ for other in NODES if type_.is_type_of(other(), None)]  # type: ignore[union-attr]
    assert matching == [table.__name__]


async def test_an_object_is_found_again_by_its_id(graph: Graph, world: World) -> None:
    rows = [row for row in world.rows.values() if type(row) in NODES]
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
    found = (await graph.data("root", query, ids=[row.public_id for row in rows[:100]]))["nodes"]
    assert found == [{"__typename": type(row).__name__, "id": row.public_id} for row in rows[:100]]


async def test_the_fields_of_a_type_are_asked_for_by_fragments(graph: Graph, world: World) -> None:
    query = """
        query ($ids: [ID!]!) {
            nodes(ids: $ids) {
                ... on Node { id }
                ... on User { label: name }
                ... on Course { label: title }
            }
        }
    """
    found = await graph.data("root", query, ids=[world.logic.public_id, world.ada.public_id, world.atlas.public_id])
    assert found["nodes"] == [
        {"id": world.logic.public_id, "label": "Logic"},
        {"id": world.ada.public_id, "label": "Ada"},
        {"id": world.atlas.public_id},
    ]


async def test_what_nodes_have_in_common_is_asked_for_on_their_interface(
    graph: Graph, resolved: Graph, world: World
) -> None:
    query = """
        query ($ids: [ID!]!) {
            nodes(ids: $ids) {
                ... on Project { id name description isArchived createdAt updatedAt owner { name } }
                ... on SpecificationProject { currentPhase }
            }
        }
    """
    ids = [world.atlas.public_id, world.ada.public_id]
    atlas, user = (await graph.data("vera", query, ids=ids))["nodes"]
    assert (await resolved.data("vera", query, ids=ids))["nodes"] == [atlas, user]
    assert {atlas.pop("createdAt"), atlas.pop("updatedAt")}
    assert atlas == {
        "id": world.atlas.public_id,
        "name": "Atlas",
        "description": "Maps of everything",
        "isArchived": False,
        "owner": {"name": "Ada"},
        "currentPhase": "REQUIREMENTS",
    }
    assert user == {}


def test_a_node_declares_all_fields_of_its_interfaces() -> None:
    with pytest.raises(TypeError, match="Course lacks fields of its interfaces: created_at, description, is_archived"):
        node(Course, implements=(Project,))(type("Course", (), {"name": None}))

"""Row 7: programs come with API keys, which do what their scopes allow and no more; every change leaves an entry."""

from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from db import tables
from db.access import GUEST
from db.errors import Conflict
from tests.app.serving import Served
from tests.conftest import Graph
from tests.graphql_schema.asking import done, refusal
from tests.graphql_schema.keys.test_mutations import CREATE, REVOKE, ROTATE
from tests.graphql_schema.organizations.asking import CHANGE, REMOVE
from tests.graphql_schema.organizations.asking import UPDATE as UPDATE_ORGANIZATION
from tests.graphql_schema.repositories.asking import CONNECT, DISCONNECT, UPDATE
from tests.world import World

REPOSITORIES = "{ repositories { nodes { name } } }"
ENTRIES = """
    query ($slug: String!) {
      organization(slug: $slug) { auditLogs { nodes { action resourceId before after actor { name } } } }
    }
"""
WORDS = "Words that Ada wrote"


async def asked(served: Served, secret: str, query: str, **variables: Any) -> Any:
    body = {"query": query, "variables": variables}
    return await served.post(body, authorization=f"Bearer {secret}")


async def entries(graph: Graph, who: str) -> list[Any]:
    nodes: list[Any] = (await graph.data(who, ENTRIES, slug="analytical"))["organization"]["auditLogs"]["nodes"]
    return nodes


async def test_07_a_key_reads_what_its_scopes_allow_and_changes_nothing(
    served: Served, graph: Graph, world: World
) -> None:
    made = await done(graph, "ada", CREATE, name="Nightly", scopes=["repositories:read"])
    found = (await asked(served, made["secret"], REPOSITORIES)).json()
    assert sorted(one["name"] for one in found["data"]["repositories"]["nodes"]) == ["engine", "vault"]
    given = {"repositoryId": world.engine.public_id, "description": "Mine"}
    changed = (await asked(served, made["secret"], UPDATE, input=given)).json()["data"]["updateRepository"]
    assert [error["code"] for error in changed["errors"]] == ["FORBIDDEN"]
    assert made["secret"] not in repr(await graph.data("ada", "{ viewer { apiKeys { nodes { name prefix } } } }"))


async def test_07_a_key_that_is_rotated_holds_beside_its_successor_and_one_that_is_revoked_does_not(
    served: Served, graph: Graph
) -> None:
    made = await done(graph, "ada", CREATE, name="Nightly", scopes=["repositories:read"])
    again = await done(graph, "ada", ROTATE, keyId=made["apiKey"]["id"])
    both = [made["secret"], again["secret"]]
    assert [(await asked(served, secret, REPOSITORIES)).status_code for secret in both] == [200, 200]
    await done(graph, "ada", REVOKE, keyId=made["apiKey"]["id"])
    assert [(await asked(served, secret, REPOSITORIES)).status_code for secret in both] == [401, 401]


async def test_07_a_key_allows_so_many_operations_an_hour(served: Served, graph: Graph) -> None:
    made = await done(graph, "ada", CREATE, name="Nightly", scopes=["repositories:read"], rateLimit=2)
    found = [(await asked(served, made["secret"], REPOSITORIES)).status_code for _ in range(3)]
    assert found == [200, 200, 429]


async def test_07_what_was_done_with_a_key_names_it(served: Served, graph: Graph, world: World) -> None:
    made = await done(graph, "ada", CREATE, name="Nightly", scopes=["repositories:write", "repositories:read"])
    given = {"repositoryId": world.engine.public_id, "sensitivity": "SENSITIVE"}
    answer = await asked(served, made["secret"], UPDATE, input=given)
    assert answer.json()["data"]["updateRepository"]["errors"] == []
    async with graph.database.read() as session:
        of_engine = select(tables.AuditLog).where(tables.AuditLog.resource_id == world.engine.id)
        entry = (await session.scalars(of_engine)).one()
    key = tables.ApiKey(id=entry.api_key_id)
    assert (key.public_id, entry.actor_id, entry.action) == (made["apiKey"]["id"], world.ada.id, "repository_changed")


async def test_07_every_change_of_an_organization_is_read_by_those_who_manage_it(graph: Graph, world: World) -> None:
    analytical, engine = world.analytical.public_id, world.engine.public_id
    await done(graph, "ada", UPDATE_ORGANIZATION, organizationId=analytical, name=WORDS)
    await done(graph, "ada", CHANGE, memberId=world.bens_membership.public_id, role="ADMIN")
    await done(graph, "ben", CONNECT, organizationId=analytical, fullName="octo/mill", description=WORDS)
    await done(graph, "ben", UPDATE, repositoryId=engine, sensitivity="RESTRICTED", description=WORDS)
    await done(graph, "ben", DISCONNECT, repositoryId=engine, fullName="analytical/engine")
    await done(graph, "ada", REMOVE, memberId=world.veras_membership.public_id)
    found = await entries(graph, "ada")
    assert [(one["action"], one["actor"]["name"]) for one in found] == [
        ("member_removed", "Ada"),
        ("repository_disconnected", "Ben"),
        ("repository_changed", "Ben"),
        ("repository_connected", "Ben"),
        ("member_changed", "Ada"),
        ("organization_changed", "Ada"),
    ]
    changed = found[2]
    assert (changed["resourceId"], changed["before"], changed["after"]) == (
        engine,
        {"sensitivity": "NORMAL"},
        {"sensitivity": "RESTRICTED"},
    )
    assert WORDS not in repr(found)
    assert await entries(graph, "root") == found


@pytest.mark.parametrize("statement", [update(tables.AuditLog).values(action="other"), delete(tables.AuditLog)])
async def test_07_an_entry_stays_as_it_is(graph: Graph, world: World, statement: Any) -> None:
    await done(graph, "ada", UPDATE, repositoryId=world.engine.public_id, description="Steam")
    with pytest.raises(Conflict, match="stay as they are"):
        async with graph.database.work(GUEST) as work:
            await work.execute(statement)
    async with graph.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(tables.AuditLog))


async def test_07_an_administrator_writes_nothing_under_anothers_name(graph: Graph, world: World) -> None:
    edit = "mutation ($input: EditCommentInput!) { editComment(input: $input) { errors { code path } } }"
    given = {"commentId": world.comment.public_id, "content": "Rewritten"}
    assert await refusal(graph, "root", edit, **given) == ("FORBIDDEN", "input.commentId")

"""What happens in a repository is heard by those who see it, for as long as they do."""

import asyncio
from typing import Any

import pytest

from db.access import GUEST
from db.base import Base
from db.errors import AccessLost
from db.tables import RepositoryEventKind
from graphql_schema.execution import RequestError
from tests.conftest import Graph
from tests.graphql_schema.asking import done
from tests.graphql_schema.conftest import Listen
from tests.graphql_schema.repositories.asking import DISCONNECT, EVENTS, UPDATE
from tests.world import World

NOTHING = {"repository": None, "commit": None, "pullRequest": None, "issue": None}
OTHERS = {
    "projectEvents": """
        subscription ($id: ID!) {
          projectEvents(projectId: $id) { kind project { repository { name } commits { totalCount } } }
        }
    """,
    "organizationEvents": """
        subscription ($id: ID!) {
          organizationEvents(organizationId: $id) { kind organization { repositories { nodes { name } } } }
        }
    """,
}
UPDATE_PROJECT = "mutation ($input: UpdateProjectInput!) { updateProject(input: $input) { errors { code } } }"
UPDATE_ORGANIZATION = (
    "mutation ($input: UpdateOrganizationInput!) { updateOrganization(input: $input) { errors { code } } }"
)


async def happen(graph: Graph, kind: RepositoryEventKind, row: Base) -> None:
    async with graph.database.work(GUEST) as work:
        await work.happened(kind, row)
    await graph.database.settle()


async def hold(graph: Graph, sensitivity: str) -> None:
    await done(graph, "ada", UPDATE, repositoryId=graph.world.engine.public_id, sensitivity=sensitivity)


def event(heard: Any) -> Any:
    """An event without its cursor."""
    (found,) = heard["data"].values()
    return {name: value for name, value in found.items() if name != "cursor"}


async def test_members_hear_what_happens_in_a_repository(graph: Graph, world: World, listen: Listen) -> None:
    async with listen("vera", EVENTS, id=world.engine.public_id) as ear:
        await ear.begun()
        await happen(graph, RepositoryEventKind.COMMITS_PUSHED, world.engine_commit)
        await happen(graph, RepositoryEventKind.PULL_REQUEST_CHANGED, world.engine_pull)
        await happen(graph, RepositoryEventKind.ISSUE_CHANGED, world.engine_issue)
        heard = [event(await ear.hear()) for _ in range(3)]
        await happen(graph, RepositoryEventKind.COMMITS_PUSHED, world.vault_commit)  # which is another's
        await done(graph, "ada", UPDATE, repositoryId=world.engine.public_id, description="Steam")
        heard.append(event(await ear.hear()))
    of = NOTHING | {"repository": {"description": None}}
    assert heard == [
        of | {"kind": "COMMITS_PUSHED", "commit": {"sha": world.engine_commit.sha}},
        of | {"kind": "PULL_REQUEST_CHANGED", "pullRequest": {"number": 1}},
        of | {"kind": "ISSUE_CHANGED", "issue": {"number": 2}},
        of | {"kind": "REPOSITORY_CHANGED", "repository": {"description": "Steam"}},
    ]


async def test_who_asks_for_some_kinds_hears_of_these_alone(graph: Graph, world: World, listen: Listen) -> None:
    kinds = ["ISSUE_CHANGED", "RELEASE_PUBLISHED"]
    async with listen("vera", EVENTS, id=world.engine.public_id, kinds=kinds) as ear:
        await ear.begun()
        await happen(graph, RepositoryEventKind.COMMITS_PUSHED, world.engine_commit)
        await happen(graph, RepositoryEventKind.ISSUE_CHANGED, world.engine_issue)
        await happen(graph, RepositoryEventKind.PULL_REQUEST_CHANGED, world.engine_pull)
        await happen(graph, RepositoryEventKind.RELEASE_PUBLISHED, world.engine_release)
        assert [event(await ear.hear())["kind"] for _ in range(2)] == kinds


async def test_two_who_ask_for_other_kinds_share_no_stream(graph: Graph, world: World, listen: Listen) -> None:
    given = {"id": world.engine.public_id}
    async with (
        listen("vera", EVENTS, **given, kinds=["ISSUE_CHANGED"]) as one,
        listen("vera", EVENTS, **given, kinds=["COMMITS_PUSHED"]) as other,
    ):
        await asyncio.gather(one.begun(), other.begun())
        await happen(graph, RepositoryEventKind.ISSUE_CHANGED, world.engine_issue)
        await happen(graph, RepositoryEventKind.COMMITS_PUSHED, world.engine_commit)
        heard = [event(await ear.hear())["kind"] for ear in (one, other)]
    assert heard == ["ISSUE_CHANGED", "COMMITS_PUSHED"]


async def test_a_kind_that_there_is_not_is_refused(graph: Graph, world: World, listen: Listen) -> None:
    with pytest.raises(RequestError):
        async with listen("vera", EVENTS, id=world.engine.public_id, kinds=["DOCUMENT_EDITED"]):
            pass


@pytest.mark.parametrize("who", ["olga", "sam", None])
async def test_a_stranger_hears_nothing(graph: Graph, world: World, listen: Listen, who: str | None) -> None:
    with pytest.raises(RequestError) as refused:
        async with listen(who, EVENTS, id=world.engine.public_id):
            pass
    assert [error["extensions"]["code"] for error in refused.value.errors] == ["NOT_FOUND"]


@pytest.mark.parametrize("kinds", [None, ["ISSUE_CHANGED"]])
@pytest.mark.parametrize(
    ("sensitivity", "loses", "hears"),
    [("SENSITIVE", ["vera"], ["ada", "ben"]), ("RESTRICTED", ["ben", "vera"], ["ada", "root"])],
)
async def test_who_may_not_see_it_any_more_is_told_so_and_the_others_hear_on(
    graph: Graph, world: World, listen: Listen, sensitivity: str, loses: list[str], hears: list[str], kinds: Any
) -> None:
    """Also those who have asked for nothing of what happens to the repository itself."""
    for who in loses:
        await hold(graph, "NORMAL")
        async with listen(who, EVENTS, id=world.engine.public_id, kinds=kinds) as ear:
            await ear.begun()
            await hold(graph, sensitivity)
            with pytest.raises(AccessLost) as lost:
                await ear.hear()
            assert lost.value.details == {"ids": [world.engine.public_id]}
    for who in hears:
        await hold(graph, "NORMAL")
        async with listen(who, EVENTS, id=world.engine.public_id, kinds=["ISSUE_CHANGED"]) as ear:
            await ear.begun()
            await hold(graph, sensitivity)
            await happen(graph, RepositoryEventKind.ISSUE_CHANGED, world.engine_issue)
            assert event(await ear.hear())["kind"] == "ISSUE_CHANGED"


async def test_a_cursor_from_before_leads_to_nothing_that_is_held_more_closely_by_now(
    graph: Graph, world: World, listen: Listen
) -> None:
    async with listen("ben", EVENTS, id=world.engine.public_id) as ear:
        await ear.begun()
        await happen(graph, RepositoryEventKind.ISSUE_CHANGED, world.engine_issue)
        cursor = (await ear.hear())["data"]["repositoryEvents"]["cursor"]
    await happen(graph, RepositoryEventKind.COMMITS_PUSHED, world.engine_commit)
    await hold(graph, "RESTRICTED")
    with pytest.raises(RequestError) as refused:
        async with listen("ben", EVENTS, id=world.engine.public_id, after=cursor):
            pass
    assert [error["extensions"]["code"] for error in refused.value.errors] == ["NOT_FOUND"]
    await hold(graph, "NORMAL")
    async with listen("ben", EVENTS, id=world.engine.public_id, after=cursor) as ear:
        missed = [event(await ear.hear())["kind"] for _ in range(3)]
    assert missed == ["COMMITS_PUSHED", "REPOSITORY_CHANGED", "REPOSITORY_CHANGED"]


@pytest.mark.parametrize("who", ["ben", "root"])
async def test_of_a_repository_that_is_disconnected_nothing_more_is_heard(
    graph: Graph, world: World, listen: Listen, who: str
) -> None:
    async with listen(who, EVENTS, id=world.engine.public_id) as ear:
        await ear.begun()
        await done(graph, "ada", DISCONNECT, repositoryId=world.engine.public_id, fullName="analytical/engine")
        with pytest.raises(AccessLost):
            await ear.hear()


async def test_the_other_streams_of_who_lost_a_repository_go_on_without_it(
    graph: Graph, world: World, listen: Listen
) -> None:
    given = {"projectId": world.atlas.public_id, "description": "Maps"}
    async with (
        listen("ben", OTHERS["projectEvents"], id=world.atlas.public_id) as of_project,
        listen("ben", OTHERS["organizationEvents"], id=world.analytical.public_id) as of_organization,
    ):
        assert event(await of_project.hear())["project"] == {
            "repository": {"name": "engine"},
            "commits": {"totalCount": 3},
        }
        assert event(await of_organization.hear())["organization"] == {"repositories": {"nodes": [{"name": "engine"}]}}
        await hold(graph, "RESTRICTED")
        await done(graph, "ada", UPDATE_PROJECT, **given)
        await done(graph, "ada", UPDATE_ORGANIZATION, organizationId=world.analytical.public_id, description="Engines")
        assert event(await of_project.hear())["project"] == {"repository": None, "commits": {"totalCount": 0}}
        assert event(await of_organization.hear())["organization"] == {"repositories": {"nodes": []}}

"""A project that is changed, and a comment that is taken back: by whom, what becomes of it, and who hears of it."""

import asyncio
from typing import Any

import pytest

from db import tables
from db.tables import MembershipStatus, ProjectRole
from graphql_schema.execution import RequestError
from tests.conftest import Graph
from tests.graphql_schema.asking import add, change, done, listed, refusal, refusals
from tests.graphql_schema.conftest import Listen
from tests.graphql_schema.specs.test_mutations import CREATE_PROJECT, DELETE_COMMENT, DELETE_THREAD, UPDATE_PROJECT
from tests.graphql_schema.specs.test_subscriptions import KINDS
from tests.world import World

COMMENTS = '{ node(id: "%s") { ... on CommentThread { comments { nodes { id } } } } }'
PEOPLE = "query ($id: ID!) { project(id: $id) { people { nodes { name } } } }"
UPDATE_SETTINGS = """
    mutation ($input: UpdateProjectInput!) {
      updateProject(input: $input) { project { settings } errors { code message path } }
    }
"""
STUDENTS = "query ($id: ID!) { course(id: $id) { students { nodes { name } totalCount } } }"
PROJECT_EVENTS = "subscription ($id: ID!) { projectEvents(projectId: $id) { kind project { name } } }"


async def update(graph: Graph, who: str, world: World, **given: Any) -> Any:
    return (await done(graph, who, UPDATE_PROJECT, projectId=world.atlas.public_id, **given))["project"]


async def test_who_has_not_shown_their_address_begins_no_project(graph: Graph, world: World) -> None:
    await change(graph.database, world.sam, email_verified_at=None)
    assert await refusals(graph, "sam", CREATE_PROJECT, name="Globe") == [("FORBIDDEN", "")]


async def test_only_what_is_given_of_a_project_changes(graph: Graph, world: World) -> None:
    before = await update(graph, "ada", world)
    assert before["description"] == "Maps of everything"
    assert await update(graph, "ada", world, name="Globe") == before | {"name": "Globe"}
    assert await update(graph, "ada", world, description=None) == before | {"name": "Globe", "description": None}


async def test_a_project_moves_to_where_its_owner_works(graph: Graph, world: World) -> None:
    assert (await update(graph, "ada", world, organizationId=None, repositoryId=None))["organization"] is None
    moved = await update(
        graph, "ada", world, organizationId=world.analytical.public_id, repositoryId=world.vault.public_id
    )
    assert (moved["organization"], moved["repository"]) == ({"name": "Analytical"}, {"name": "vault"})


async def test_what_cannot_be_given_to_a_project_is_told_at_its_field(graph: Graph, world: World) -> None:
    project = {"projectId": world.atlas.public_id}
    assert await refusals(graph, "ada", UPDATE_PROJECT, **project, name=None) == [("BAD_USER_INPUT", "input.name")]
    assert await refusal(graph, "ada", UPDATE_PROJECT, **project, name=" ") == ("BAD_USER_INPUT", "input.name")
    foreign = await refusal(graph, "ada", UPDATE_PROJECT, **project, organizationId=world.remote.public_id)
    assert foreign == ("NOT_FOUND", "input.organizationId")


async def test_who_leads_a_project_changes_it_and_a_member_does_not(graph: Graph, world: World) -> None:
    given = {"projectId": world.atlas.public_id, "name": "Globe"}
    assert await refusal(graph, "ben", UPDATE_PROJECT, **given) == ("FORBIDDEN", "input.projectId")
    place = tables.ProjectMember(project_id=world.atlas.id, user_id=world.sam.id, role=ProjectRole.LEAD)
    await add(graph.database, place)
    assert (await update(graph, "sam", world, name="Globe"))["name"] == "Globe"


async def test_changes_of_different_fields_at_the_same_time_are_both_kept(graph: Graph, world: World) -> None:
    await asyncio.gather(update(graph, "ada", world, name="Globe"), update(graph, "root", world, description="Round"))
    project = await update(graph, "ada", world)
    assert (project["name"], project["description"]) == ("Globe", "Round")


async def test_a_change_of_a_project_is_heard_and_what_changes_nothing_is_not(
    graph: Graph, world: World, listen: Listen
) -> None:
    async with listen("vera", PROJECT_EVENTS, id=world.atlas.public_id) as ear:
        await ear.begun()
        await update(graph, "ada", world, name="Atlas")
        await update(graph, "ada", world, name="Globe")
        assert (await ear.hear())["data"]["projectEvents"] == {"kind": "PROJECT_CHANGED", "project": {"name": "Globe"}}


async def test_a_comment_is_taken_back_with_its_reactions_and_the_others_stay(graph: Graph, world: World) -> None:
    thread = COMMENTS % world.thread_1.public_id
    before = (await graph.data("ada", thread))["node"]["comments"]["nodes"]
    payload = await done(graph, "ada", DELETE_COMMENT, commentId=world.comment.public_id)
    assert payload["deletedCommentId"] == world.comment.public_id
    after = [node for node in before if node["id"] != world.comment.public_id]
    assert (payload["thread"]["comments"]["nodes"], len(after)) == (after, len(before) - 1)
    assert await graph.data("ada", f'{{ node(id: "{world.comment.public_id}") {{ id }} }}') == {"node": None}
    gone = await refusal(graph, "ada", DELETE_COMMENT, commentId=world.comment.public_id)
    assert gone == ("NOT_FOUND", "input.commentId")


@pytest.mark.parametrize(("who", "refused"), [("ben", None), ("ada", None), ("root", None), ("vera", "FORBIDDEN")])
async def test_a_comment_is_taken_back_by_its_author_or_who_manages_the_project(
    graph: Graph, world: World, who: str, refused: str | None
) -> None:
    await change(graph.database, world.comment, author_id=world.ben.id)
    given = {"commentId": world.comment.public_id}
    if refused:
        assert await refusal(graph, who, DELETE_COMMENT, **given) == (refused, "input.commentId")
    else:
        await done(graph, who, DELETE_COMMENT, **given)


async def test_a_comment_of_others_is_not_taken_back_by_a_member(graph: Graph, world: World) -> None:
    given = {"commentId": world.comment.public_id}  # Ada's
    assert await refusal(graph, "ben", DELETE_COMMENT, **given) == ("FORBIDDEN", "input.commentId")


async def test_an_author_who_was_removed_from_the_project_does_not_find_their_comment(
    graph: Graph, world: World
) -> None:
    await change(graph.database, world.comment, author_id=world.rob.id)
    given = {"commentId": world.comment.public_id}
    assert await refusal(graph, "rob", DELETE_COMMENT, **given) == ("NOT_FOUND", "input.commentId")


async def test_of_two_who_take_a_comment_back_at_the_same_time_one_is_told_that_it_is_gone(
    graph: Graph, world: World, told: Any
) -> None:
    given = {"commentId": world.comment.public_id}
    ends = await asyncio.gather(*(graph.data("ada", DELETE_COMMENT, input=given) for _ in range(2)))
    codes = [[error["code"] for error in end["deleteComment"]["errors"]] for end in ends]
    assert sorted(codes) == [[], ["NOT_FOUND"]]
    assert [kind for kind, _ in told] == ["COMMENT_DELETED"]


async def test_who_hears_of_a_comment_that_is_gone_is_told_its_id(graph: Graph, world: World, listen: Listen) -> None:
    query = KINDS.replace("{ kind }", "{ kind deletedCommentId comment { id } thread { id } }")
    async with listen("vera", query, document=world.requirements.public_id) as ear:
        await done(graph, "ada", DELETE_COMMENT, commentId=world.comment.public_id)
        event = (await ear.hear())["data"]["documentEvents"]
    assert event == {
        "kind": "COMMENT_DELETED",
        "deletedCommentId": world.comment.public_id,
        "comment": None,
        "thread": {"id": world.thread_1.public_id},
    }


async def test_a_thread_is_deleted_with_all_that_was_said_in_it_and_the_others_stay(graph: Graph, world: World) -> None:
    payload = await done(graph, "ada", DELETE_THREAD, threadId=world.thread_1.public_id)
    assert payload["deletedThreadId"] == world.thread_1.public_id
    assert payload["document"]["threads"]["nodes"] == [{"id": world.thread_0.public_id}]
    rows = [world.thread_1, world.comment, world.thread_0]
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    found = (await graph.data("ada", query, ids=[row.public_id for row in rows]))["nodes"]
    assert found == [None, None, {"id": world.thread_0.public_id}]
    gone = await refusal(graph, "ada", DELETE_THREAD, threadId=world.thread_1.public_id)
    assert gone == ("NOT_FOUND", "input.threadId")


async def test_a_thread_is_deleted_by_who_manages_the_project_and_by_no_author(graph: Graph, world: World) -> None:
    given = {"threadId": world.thread_0.public_id}
    for who, code in {"ben": "FORBIDDEN", "vera": "FORBIDDEN", "rob": "NOT_FOUND", "olga": "NOT_FOUND"}.items():
        assert await refusal(graph, who, DELETE_THREAD, **given) == (code, "input.threadId")
    await change(graph.database, world.bens_place, role=ProjectRole.LEAD)
    await done(graph, "ben", DELETE_THREAD, **given)


async def test_who_hears_of_a_thread_that_is_gone_is_told_its_id(graph: Graph, world: World, listen: Listen) -> None:
    query = KINDS.replace("{ kind }", "{ kind deletedThreadId thread { id } }")
    async with listen("vera", query, document=world.requirements.public_id) as ear:
        await done(graph, "ada", DELETE_THREAD, threadId=world.thread_1.public_id)
        event = (await ear.hear())["data"]["documentEvents"]
    assert event == {"kind": "THREAD_DELETED", "deletedThreadId": world.thread_1.public_id, "thread": None}


async def test_the_people_of_a_project_are_its_active_members(graph: Graph, world: World) -> None:
    assert await listed(graph, "vera", PEOPLE, id=world.atlas.public_id) == [{"name": "Ben"}, {"name": "Vera"}]
    places = await add_ines(graph, world)
    assert {"name": "Ines"} not in await listed(graph, "vera", PEOPLE, id=world.atlas.public_id)
    await change(graph.database, places, status=MembershipStatus.ACTIVE)
    assert {"name": "Ines"} in await listed(graph, "vera", PEOPLE, id=world.atlas.public_id)


async def add_ines(graph: Graph, world: World) -> tables.ProjectMember:
    place = tables.ProjectMember(
        project_id=world.atlas.id, user_id=world.ines.id, status=MembershipStatus.INVITED, role=ProjectRole.VIEWER
    )
    await add(graph.database, place)
    return place


@pytest.mark.parametrize(("who", "names"), [("ines", ["Sam"]), ("sam", ["Sam"]), ("ada", []), (None, [])])
async def test_who_takes_a_course_is_seen_by_its_teacher_and_by_themselves(
    graph: Graph, world: World, who: str | None, names: list[str]
) -> None:
    students = (await graph.data(who, STUDENTS, id=world.logic.public_id))["course"]["students"]
    assert students == {"nodes": [{"name": name} for name in names], "totalCount": len(names)}


async def patched(graph: Graph, world: World, patch: Any) -> Any:
    """The settings of Atlas, once they are patched."""
    given = {"projectId": world.atlas.public_id, "settings": patch}
    payload = (await graph.data("ada", UPDATE_SETTINGS, input=given))["updateProject"]
    assert payload["errors"] == []
    return payload["project"]["settings"]


async def test_a_patch_changes_what_it_names_and_null_takes_it_away(graph: Graph, world: World) -> None:
    await change(graph.database, world.atlas, settings={"a": 1, "view": {"wide": True, "dark": False}, "b": [1, 2]})
    found = await patched(graph, world, {"a": None, "view": {"dark": True}, "b": [3], "new": {"x": None, "y": 0}})
    assert found == {"view": {"wide": True, "dark": True}, "b": [3], "new": {"y": 0}}


async def test_what_is_left_out_leaves_the_settings_as_they_are(graph: Graph, world: World) -> None:
    await change(graph.database, world.atlas, settings={"a": 1})
    given = {"projectId": world.atlas.public_id, "name": "Globe"}
    payload = (await graph.data("ada", UPDATE_SETTINGS, input=given))["updateProject"]
    assert payload["project"]["settings"] == {"a": 1}


async def test_settings_are_there_as_long_as_the_project_is(graph: Graph, world: World) -> None:
    given = {"projectId": world.atlas.public_id, "settings": None}
    assert await refusal(graph, "ada", UPDATE_SETTINGS, **given) == ("BAD_USER_INPUT", "input.settings")


@pytest.mark.parametrize("patch", [[], [{"a": 1}], "dark", 1, True])
async def test_settings_are_an_object(graph: Graph, world: World, patch: Any) -> None:
    with pytest.raises(RequestError) as refused:
        await graph("ada", UPDATE_SETTINGS, input={"projectId": world.atlas.public_id, "settings": patch})
    assert [error["extensions"]["code"] for error in refused.value.errors] == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("text", ["a\0b", "\ud83d"])
@pytest.mark.parametrize("patch", [{"%": 1}, {"a": ["%"]}, {"a": {"b": "%"}}])
async def test_what_no_text_can_have_is_refused(graph: Graph, world: World, text: str, patch: Any) -> None:
    given = {"projectId": world.atlas.public_id, "settings": replaced(patch, text)}
    assert await refusal(graph, "ada", UPDATE_SETTINGS, **given) == ("BAD_USER_INPUT", "input.settings")


async def test_a_number_beyond_all_is_refused(graph: Graph, world: World) -> None:
    given = {"projectId": world.atlas.public_id, "settings": {"a": [float("inf")]}}
    assert await refusal(graph, "ada", UPDATE_SETTINGS, **given) == ("BAD_USER_INPUT", "input.settings")


async def test_all_settings_together_have_a_greatest_size(graph: Graph, world: World) -> None:
    half = "x" * 8_000
    assert await patched(graph, world, {"a": half, "b": half}) == {"a": half, "b": half}
    given = {"projectId": world.atlas.public_id, "settings": {"c": "x" * 1_000}}
    assert await refusal(graph, "ada", UPDATE_SETTINGS, **given) == ("BAD_USER_INPUT", "input.settings")


async def test_patches_at_the_same_time_are_all_kept(graph: Graph, world: World) -> None:
    await asyncio.gather(*(patched(graph, world, {f"member {number}": number}) for number in range(6)))
    assert await patched(graph, world, {}) == {f"member {number}": number for number in range(6)}


def replaced(value: Any, text: str) -> Any:
    """The value with the text for every `%`."""
    match value:
        case dict():
            return {replaced(name, text): replaced(one, text) for name, one in value.items()}
        case list():
            return [replaced(one, text) for one in value]
    return text if value == "%" else value

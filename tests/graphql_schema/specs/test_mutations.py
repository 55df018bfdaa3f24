"""Working on projects: what each mutation does, whom it refuses, and that races lose nothing."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select, text
from structlog.testing import capture_logs

from db import tables
from db.tables import ProjectRole, ProjectStatus, ReactionType
from graphql_schema.core.strawberry_seam import declared_of
from tests.conftest import Graph
from tests.graphql_schema.asking import UNKNOWN, change, done, error_code, refusal, refusals, values, with_ids
from tests.invariants.schema import object_type
from tests.world import World

CREATE_PROJECT = """
    mutation ($input: CreateProjectInput!) {
      createProject(input: $input) {
        project {
          id name description status currentPhase
          owner { name }
          documents { nodes { phase content version } }
          members { nodes { role status user { name } } }
        }
        errors { code message path }
      }
    }
"""
MEMBERS = "{ project { members { nodes { role status user { name } } } } errors { code message path } }"
ADD_MEMBERS = f"mutation ($input: AddProjectMembersInput!) {{ addProjectMembers(input: $input) {MEMBERS} }}"
EDIT_DOCUMENT = """
    mutation ($input: EditDocumentInput!) {
      editDocument(input: $input) {
        document {
          version content status
          currentVersion { version content summary author { name } }
          versions { nodes { version content summary author { name } } }
        }
        errors { code message path }
      }
    }
"""
OPEN_THREAD = """
    mutation ($input: OpenThreadInput!) {
      openThread(input: $input) {
        thread { status position { line character } comments { nodes { content } } }
        comment { content author { name } }
        errors { code message path }
      }
    }
"""
COMMENT = "{ comment { content editedAt author { name } thread { id } } errors { code message path } }"
ADD_COMMENT = f"mutation ($input: AddCommentInput!) {{ addComment(input: $input) {COMMENT} }}"
EDIT_COMMENT = f"mutation ($input: EditCommentInput!) {{ editComment(input: $input) {COMMENT} }}"
REACTIONS = "{ comment { reactions { nodes { type user { name } } } } errors { code message path } }"
ADD_REACTION = f"mutation ($input: ReactionInput!) {{ addReaction(input: $input) {REACTIONS} }}"
REMOVE_REACTION = f"mutation ($input: ReactionInput!) {{ removeReaction(input: $input) {REACTIONS} }}"
UPDATED = "{ project { name description organization { name } repository { name } } errors { code message path } }"
UPDATE_PROJECT = f"mutation ($input: UpdateProjectInput!) {{ updateProject(input: $input) {UPDATED} }}"
DELETED = "{ thread { comments { nodes { id } } } deletedCommentId errors { code message path } }"
DELETE_COMMENT = f"mutation ($input: DeleteCommentInput!) {{ deleteComment(input: $input) {DELETED} }}"
DOCUMENT = "{ document { status version approvedAt approvedBy { name } } errors { code message path } }"
APPLY_SUGGESTION = f"mutation ($input: ApplySuggestionInput!) {{ applySuggestion(input: $input) {DOCUMENT} }}"
SUBMIT = f"mutation ($input: DocumentInput!) {{ submitDocument(input: $input) {DOCUMENT} }}"
APPROVE = f"mutation ($input: ApproveDocumentInput!) {{ approveDocument(input: $input) {DOCUMENT} }}"
REQUEST_CHANGES = f"mutation ($input: DocumentInput!) {{ requestChanges(input: $input) {DOCUMENT} }}"
TRANSITION_PHASE = """
    mutation ($input: TransitionPhaseInput!) {
      transitionPhase(input: $input) {
        project { currentPhase documents { nodes { phase status } } }
        document { phase status version content approvedAt currentVersion { author { name } } }
        errors { code message path }
      }
    }
"""
DELETED_THREAD = "{ document { threads { nodes { id } } } deletedThreadId errors { code message path } }"
DELETE_THREAD = f"mutation ($input: ThreadInput!) {{ deleteThread(input: $input) {DELETED_THREAD} }}"
THREAD = "{ thread { status resolvedAt resolvedBy { name } } errors { code message path } }"
RESOLVE = f"mutation ($input: ThreadInput!) {{ resolveThread(input: $input) {THREAD} }}"
REOPEN = f"mutation ($input: ThreadInput!) {{ reopenThread(input: $input) {THREAD} }}"
SIGNAL_TYPING = """
    mutation ($input: SignalTypingInput!) { signalTyping(input: $input) { errors { code message path } } }
"""

CHANGES: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "updateProject": (UPDATE_PROJECT, "projectId", "atlas", {"name": "Globe"}),
    "addProjectMembers": (ADD_MEMBERS, "projectId", "atlas", {"members": []}),
    "applySuggestion": (APPLY_SUGGESTION, "suggestionId", "proposal", {"expectedVersion": 2}),
    "editDocument": (EDIT_DOCUMENT, "documentId", "requirements", {"content": "New", "expectedVersion": 3}),
    "submitDocument": (SUBMIT, "documentId", "requirements", {}),
    "approveDocument": (APPROVE, "documentId", "requirements", {"expectedVersion": 4}),
    "transitionPhase": (TRANSITION_PHASE, "projectId", "atlas", {"phase": "DESIGN", "expectedPhase": "REQUIREMENTS"}),
    "requestChanges": (REQUEST_CHANGES, "documentId", "requirements", {}),
    "openThread": (OPEN_THREAD, "documentId", "requirements", {"content": "Why?", "position": {"line": 0}}),
    "addComment": (ADD_COMMENT, "threadId", "thread_0", {"content": "Because"}),
    "editComment": (EDIT_COMMENT, "commentId", "comment", {"content": "I see"}),
    "addReaction": (ADD_REACTION, "commentId", "comment", {"type": "HELPFUL"}),
    "removeReaction": (REMOVE_REACTION, "commentId", "comment", {"type": "LIKE"}),
    "resolveThread": (RESOLVE, "threadId", "thread_0", {}),
    "reopenThread": (REOPEN, "threadId", "settled", {}),
    "deleteComment": (DELETE_COMMENT, "commentId", "comment", {}),
    "signalTyping": (SIGNAL_TYPING, "documentId", "requirements", {}),
    "deleteThread": (DELETE_THREAD, "threadId", "thread_1", {}),
}
"""Each mutation of something that exists: its text, the field of the id, a row of Ada's project, the other input.

They can be done in this order.
"""
ELSEWHERE = {"createProject", "removeProjectMember", "leaveProject", "changeProjectMember"}
ELSEWHERE |= {"changeProjectStatus", "transferProject", "deleteProject"}
"""Those that are done whatever the status of the project."""


async def test_its_owner_may_change_everything(graph: Graph, world: World) -> None:
    for mutation, field, row, rest in CHANGES.values():
        await done(graph, "ada", mutation, **with_ids(world, {field: f"@{row}", **rest}))


@pytest.mark.parametrize(("who", "code"), [("olga", "NOT_FOUND"), ("rob", "NOT_FOUND"), ("vera", "FORBIDDEN")])
async def test_what_is_not_seen_is_not_found_and_what_is_only_seen_is_forbidden(
    graph: Graph, world: World, told: Any, who: str, code: str
) -> None:
    refused = {
        name: await refusal(graph, who, mutation, **with_ids(world, {field: f"@{row}", **rest}))
        for name, (mutation, field, row, rest) in CHANGES.items()
    }
    assert refused == {name: (code, f"input.{field}") for name, (_, field, _, _) in CHANGES.items()}
    assert told == []


async def test_an_id_of_nothing_is_refused_like_one_of_others(graph: Graph, world: World) -> None:
    for mutation, field, row, rest in CHANGES.values():
        refused = await graph.data("olga", mutation, input=with_ids(world, {field: f"@{row}", **rest}))
        for nothing in (f"{getattr(world, row).prefix}_{UNKNOWN}", world.logic.public_id, "nonsense", ""):
            assert await graph.data("olga", mutation, input={**rest, field: nothing}) == refused


async def test_a_guest_must_sign_in(graph: Graph, world: World) -> None:
    for mutation, field, row, rest in CHANGES.values():
        given = with_ids(world, {field: f"@{row}", **rest})
        assert await error_code(graph, None, mutation, input=given) == "UNAUTHENTICATED"


async def test_a_reviewer_talks_but_does_not_edit(graph: Graph, world: World) -> None:
    async with graph.database.work(world.viewer("ada")) as work:
        place = select(tables.ProjectMember).where(tables.ProjectMember.user_id == world.vera.id)
        (await work.scalars(place)).one().role = ProjectRole.REVIEWER
    await done(graph, "vera", ADD_COMMENT, threadId=world.thread_0.public_id, content="Fine")
    edit = {"documentId": world.requirements.public_id, "content": "", "expectedVersion": 2}
    assert await refusal(graph, "vera", EDIT_DOCUMENT, **edit) == ("FORBIDDEN", "input.documentId")


@pytest.mark.parametrize("status", [ProjectStatus.ARCHIVED, ProjectStatus.SUSPENDED])
@pytest.mark.parametrize("who", ["ada", "root"])
async def test_nothing_changes_in_a_closed_project_whoever_asks(
    graph: Graph, world: World, told: Any, who: str, status: ProjectStatus
) -> None:
    await change(graph.database, world.atlas, status=status)
    await change(graph.database, world.comment, author_id=getattr(world, who).id)
    before = await contents(graph)
    for mutation, field, row, rest in CHANGES.values():
        given = with_ids(world, {field: f"@{row}", **rest})
        (payload,) = (await graph.data(who, mutation, input=given)).values()
        (error,) = payload["errors"]
        assert (error["code"], error["path"]) == ("FORBIDDEN", ["input", field])
        assert f"project is {status.lower()}" in error["message"]
    assert (await contents(graph), told) == (before, [])


async def test_a_completed_project_is_still_worked_on(graph: Graph, world: World) -> None:
    await change(graph.database, world.atlas, status=ProjectStatus.COMPLETED)
    for mutation, field, row, rest in CHANGES.values():
        await done(graph, "ada", mutation, **with_ids(world, {field: f"@{row}", **rest}))


async def test_a_closed_project_is_read_as_before_and_does_not_exist_for_others(graph: Graph, world: World) -> None:
    await change(graph.database, world.atlas, status=ProjectStatus.ARCHIVED)
    assert await values(graph, "vera", "{ projects { nodes { name } } }") == ["Atlas"]
    mutation, field, row, rest = CHANGES["addComment"]
    given = with_ids(world, {field: f"@{row}", **rest})
    refused = await graph.data("olga", mutation, input=given)
    assert refused == await graph.data("olga", mutation, input={**given, field: f"thr_{UNKNOWN}"})


def test_every_mutation_of_a_project_is_among_those_that_are_tried_here() -> None:
    fields = {name: declared_of(field) for name, field in object_type("Mutation").fields.items()}
    declared = {name for name, field in fields.items() if field and field.declared.slice == "specs"}
    assert declared - ELSEWHERE == set(CHANGES)


# --- projects --------------------------------------------------------------------------------------------------------


async def test_a_project_begins_with_three_documents(graph: Graph) -> None:
    project = (await done(graph, "sam", CREATE_PROJECT, name="Globe", description="Round"))["project"]
    assert (project["name"], project["description"], project["owner"]) == ("Globe", "Round", {"name": "Sam"})
    assert (project["status"], project["currentPhase"], project["members"]) == ("ACTIVE", "REQUIREMENTS", {"nodes": []})
    documents = project["documents"]["nodes"]
    assert [document["phase"] for document in documents] == ["REQUIREMENTS", "DESIGN", "TASKS"]
    assert all(document["version"] == 1 and document["content"] for document in documents)


async def test_its_members_may_work_on_it_at_once(graph: Graph, world: World) -> None:
    members = [{"userId": world.ben.public_id, "role": "REVIEWER"}, {"userId": world.vera.public_id}]
    project = (await done(graph, "ada", CREATE_PROJECT, name="Globe", members=members))["project"]
    assert project["members"]["nodes"] == [
        {"role": "REVIEWER", "status": "ACTIVE", "user": {"name": "Ben"}},
        {"role": "MEMBER", "status": "ACTIVE", "user": {"name": "Vera"}},
    ]
    assert await values(graph, "vera", "{ projects(orderBy: NAME_ASC) { nodes { name } } }") == ["Atlas", "Globe"]


async def test_a_project_has_a_name(graph: Graph) -> None:
    for name in ("", " ", "\n\t\u3000"):
        assert await refusal(graph, "ada", CREATE_PROJECT, name=name) == ("BAD_USER_INPUT", "input.name")


async def test_every_member_is_named_once_and_the_owner_is_not(graph: Graph, world: World) -> None:
    for people in (["@ada"], ["@ben", "@ben"], ["@ben", "@vera", "@ada"]):
        given = with_ids(world, {"name": "Globe", "members": [{"userId": name} for name in people]})
        at = f"input.members.{len(people) - 1}.userId"
        assert await refusal(graph, "ada", CREATE_PROJECT, **given) == ("BAD_USER_INPUT", at)


async def test_with_a_member_who_is_not_seen_nothing_is_made(graph: Graph, world: World) -> None:
    before = await contents(graph)
    for member in ("@olga", f"usr_{UNKNOWN}", "@logic", "nobody"):
        given = with_ids(world, {"name": "Globe", "members": [{"userId": "@ben"}, {"userId": member}]})
        assert await refusal(graph, "ada", CREATE_PROJECT, **given) == ("NOT_FOUND", "input.members.1.userId")
    assert await contents(graph) == before


async def test_every_member_who_cannot_be_one_is_named_at_once(graph: Graph, world: World) -> None:
    people = ["@ben", "@olga", "@ada", "@vera"]
    given = with_ids(world, {"name": "Globe", "members": [{"userId": name} for name in people]})
    assert await refusals(graph, "ada", CREATE_PROJECT, **given) == [
        ("NOT_FOUND", "input.members.1.userId"),
        ("BAD_USER_INPUT", "input.members.2.userId"),
    ]


async def test_a_project_that_fails_at_its_last_step_leaves_nothing(graph: Graph, world: World) -> None:
    before = await contents(graph)
    async with graph.database.work(world.viewer("root")) as work:
        await work.execute(text("ALTER TABLE project_members ADD CHECK (role <> 'REVIEWER')"))
    given = with_ids(world, {"name": "Globe", "members": [{"userId": "@ben"}, {"userId": "@vera", "role": "REVIEWER"}]})
    with capture_logs() as logged:
        assert await error_code(graph, "ada", CREATE_PROJECT, input=given) == "INTERNAL_SERVER_ERROR"
    assert [entry["event"] for entry in logged] == ["unexpected"]
    assert await contents(graph) == before


async def test_a_guest_begins_no_project(graph: Graph) -> None:
    assert await error_code(graph, None, CREATE_PROJECT, input={"name": "Globe"}) == "UNAUTHENTICATED"


async def test_the_same_person_may_begin_many_projects_at_once(graph: Graph) -> None:
    await asyncio.gather(*(done(graph, "sam", CREATE_PROJECT, name=f"Globe {number}") for number in range(5)))
    assert await graph.data("sam", "{ projects { totalCount } }") == {"projects": {"totalCount": 5}}


# --- talk ------------------------------------------------------------------------------------------------------------


async def test_a_thread_is_opened_at_a_place_with_a_comment(graph: Graph, world: World, told: Any) -> None:
    document = world.requirements.public_id
    opened = await done(
        graph, "ben", OPEN_THREAD, documentId=document, content="Why?", position={"line": 2, "character": 3}
    )
    assert opened["thread"] == {
        "status": "OPEN",
        "position": {"line": 2, "character": 3},
        "comments": {"nodes": [{"content": "Why?"}]},
    }
    assert opened["comment"] == {"content": "Why?", "author": {"name": "Ben"}}
    named = {"project", "document", "thread", "comment"}
    assert [(kind, set(ids)) for kind, ids in told] == [("THREAD_OPENED", named)]


async def test_a_place_is_counted_from_zero(graph: Graph, world: World) -> None:
    for place in ({"line": -1}, {"line": 0, "character": -1}):
        given = {"documentId": world.requirements.public_id, "content": "Why?", "position": place}
        assert await refusal(graph, "ben", OPEN_THREAD, **given) == ("BAD_USER_INPUT", "input.position")


async def test_a_comment_says_something(graph: Graph, world: World, told: Any) -> None:
    for name in ("openThread", "addComment", "editComment"):
        mutation, field, row, rest = CHANGES[name]
        given = with_ids(world, {**rest, field: f"@{row}", "content": " \n"})
        assert await refusal(graph, "ada", mutation, **given) == ("BAD_USER_INPUT", "input.content")
    assert told == []


async def test_a_thread_whose_first_comment_cannot_be_stored_is_not_opened(
    graph: Graph, world: World, told: Any
) -> None:
    before = await contents(graph)
    given = {"documentId": world.requirements.public_id, "content": "Why\0", "position": {"line": 1}}
    assert await refusal(graph, "ben", OPEN_THREAD, **given) == ("BAD_USER_INPUT", "input.content")
    assert (await contents(graph), told) == (before, [])


async def test_a_text_with_half_a_character_is_refused(graph: Graph, world: World, told: Any) -> None:
    given = {"threadId": world.thread_0.public_id, "content": "\ud83d"}
    assert await refusal(graph, "ben", ADD_COMMENT, **given) == ("BAD_USER_INPUT", "input.content")
    assert told == []


async def test_a_comment_is_added_to_a_settled_thread_too(graph: Graph, world: World, told: Any) -> None:
    said = (await done(graph, "ben", ADD_COMMENT, threadId=world.settled.public_id, content="Still"))["comment"]
    assert said == {
        "content": "Still",
        "editedAt": None,
        "author": {"name": "Ben"},
        "thread": {"id": world.settled.public_id},
    }
    assert told[0][0] == "COMMENT_ADDED"
    assert told[0][1]["thread"] == world.settled.public_id


async def test_comments_at_the_same_time_are_all_kept(graph: Graph, world: World, told: Any) -> None:
    thread = world.thread_0.public_id
    texts = {f"Comment {number}" for number in range(8)}
    await asyncio.gather(*(done(graph, "ben", ADD_COMMENT, threadId=thread, content=text) for text in texts))
    said = await values(
        graph, "ada", '{ node(id: "@thread_0") { ... on CommentThread { comments { nodes { content } } } } }'
    )
    assert texts < set(said)
    assert len(told) == 8


async def test_an_author_changes_what_they_said(graph: Graph, world: World, told: Any) -> None:
    said = (await done(graph, "ada", EDIT_COMMENT, commentId=world.comment.public_id, content="Better"))["comment"]
    assert (said["content"], said["author"]) == ("Better", {"name": "Ada"})
    assert said["editedAt"] is not None
    assert told == [("COMMENT_EDITED", about(world, "requirements", thread="thread_1", comment="comment"))]


@pytest.mark.parametrize("who", ["ben", "root"])
async def test_nobody_else_changes_what_somebody_said_not_even_an_administrator(
    graph: Graph, world: World, who: str
) -> None:
    given = {"commentId": world.comment.public_id, "content": "Never said"}
    assert await refusal(graph, who, EDIT_COMMENT, **given) == ("FORBIDDEN", "input.commentId")


async def test_an_administrator_changes_what_they_said_themselves(graph: Graph, world: World) -> None:
    said = await done(graph, "root", ADD_COMMENT, threadId=world.thread_0.public_id, content="Be civil")
    assert said["comment"]["author"] == {"name": "Root"}
    await change(graph.database, world.comment, author_id=world.root.id)
    await done(graph, "root", EDIT_COMMENT, commentId=world.comment.public_id, content="Please be civil")


async def test_a_removed_author_changes_nothing_more(graph: Graph, world: World) -> None:
    await change(graph.database, world.comment, author_id=world.rob.id)
    given = {"commentId": world.comment.public_id, "content": "Once more"}
    assert await refusal(graph, "rob", EDIT_COMMENT, **given) == ("NOT_FOUND", "input.commentId")


async def test_a_reaction_is_given_once(graph: Graph, world: World, told: Any) -> None:
    given = {"commentId": world.comment.public_id, "type": "HELPFUL"}
    for _ in range(2):
        comment = (await done(graph, "ada", ADD_REACTION, **given))["comment"]
        assert [reaction["type"] for reaction in comment["reactions"]["nodes"]] == ["LIKE", "HELPFUL"]
    assert [kind for kind, _ in told] == ["REACTION_ADDED"]


async def test_of_the_same_reaction_given_many_times_at_once_one_counts(graph: Graph, world: World, told: Any) -> None:
    given = {"commentId": world.comment.public_id, "type": "CONFUSED"}
    await asyncio.gather(*(done(graph, "ada", ADD_REACTION, **given) for _ in range(6)))
    counted = select(func.count()).where(tables.Reaction.type == ReactionType.CONFUSED)
    async with graph.database.read() as session:
        assert await session.scalar(counted) == 1
    assert len(told) == 1


async def test_only_ones_own_reaction_is_taken_back(graph: Graph, world: World, told: Any) -> None:
    given = {"commentId": world.comment.public_id, "type": "LIKE"}
    kept = (await done(graph, "ada", REMOVE_REACTION, **given))["comment"]["reactions"]["nodes"]
    assert (kept, told) == ([{"type": "LIKE", "user": {"name": "Ben"}}], [])
    left = (await done(graph, "ben", REMOVE_REACTION, **given))["comment"]["reactions"]["nodes"]
    assert (left, [kind for kind, _ in told]) == ([], ["REACTION_REMOVED"])


async def test_a_thread_is_resolved_once_by_the_first(graph: Graph, world: World, told: Any) -> None:
    given = {"threadId": world.thread_0.public_id}
    first = (await done(graph, "ben", RESOLVE, **given))["thread"]
    assert (first["status"], first["resolvedBy"]) == ("RESOLVED", {"name": "Ben"})
    assert (await done(graph, "ada", RESOLVE, **given))["thread"] == first
    assert told == [("THREAD_RESOLVED", about(world, "requirements", thread="thread_0"))]


async def test_of_resolutions_at_the_same_time_one_counts(graph: Graph, world: World, told: Any) -> None:
    given = {"threadId": world.thread_0.public_id}
    payloads = await asyncio.gather(*(done(graph, who, RESOLVE, **given) for who in ("ada", "ben") * 3))
    assert len({payload["thread"]["resolvedBy"]["name"] for payload in payloads}) == len(told) == 1


async def test_a_settled_thread_is_opened_again(graph: Graph, world: World, told: Any) -> None:
    given = {"threadId": world.settled.public_id}
    for _ in range(2):
        thread = (await done(graph, "ben", REOPEN, **given))["thread"]
        assert thread == {"status": "OPEN", "resolvedAt": None, "resolvedBy": None}
    assert told == [("THREAD_REOPENED", about(world, "design", thread="settled"))]


async def test_mutations_of_one_operation_are_done_in_their_order_each_by_itself(graph: Graph, world: World) -> None:
    mutation = """
        mutation ($good: AddCommentInput!, $bad: AddCommentInput!) {
          first: addComment(input: $good) { comment { thread { comments { totalCount } } } errors { code } }
          second: addComment(input: $bad) { comment { id } errors { code } }
          third: addComment(input: $good) { comment { thread { comments { totalCount } } } errors { code } }
        }
    """
    good = {"threadId": world.thread_0.public_id, "content": "More"}
    data = await graph.data("ben", mutation, good=good, bad={**good, "content": ""})
    assert data["first"]["comment"]["thread"]["comments"] == {"totalCount": 4}
    assert data["second"] == {"comment": None, "errors": [{"code": "BAD_USER_INPUT"}]}
    assert data["third"]["comment"]["thread"]["comments"] == {"totalCount": 5}


async def test_an_event_is_told_once_its_change_can_be_read(graph: Graph, world: World) -> None:
    read: list[Any] = []

    async def publish(_event: Any) -> None:
        async with graph.database.read() as session:
            read.extend(
                await session.scalars(select(tables.Comment.content).where(tables.Comment.content == "Committed"))
            )

    graph.database.publish = publish  # type: ignore[method-assign,assignment]
    await done(graph, "ben", ADD_COMMENT, threadId=world.thread_0.public_id, content="Committed")
    assert read == ["Committed"]


def about(world: World, document: str, **rows: str) -> dict[str, str]:
    """The ids in an event of something in this document of Atlas."""
    named = {"project": "atlas", "document": document, **rows}
    return {name: getattr(world, row).public_id for name, row in named.items()}


def edit(world: World, content: str, *, expected: int, **more: str) -> dict[str, Any]:
    return {"documentId": world.requirements.public_id, "content": content, "expectedVersion": expected, **more}


async def contents(graph: Graph) -> list[Any]:
    """How many rows there are of everything that a project is made of."""
    made = (
        tables.SpecificationProject,
        tables.ProjectMember,
        tables.SpecificationDocument,
        tables.CommentThread,
        tables.Comment,
    )
    async with graph.database.read() as session:
        return [await session.scalar(select(func.count()).select_from(table)) for table in made]

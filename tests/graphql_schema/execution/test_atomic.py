"""Mutations that are one transaction: all fields or none, and one effect for all that come with the same key."""

import asyncio
from typing import Any

import orjson
import pytest
from sqlalchemy import func, select, text
from structlog.testing import capture_logs

from db import tables
from db.access import GUEST
from db.base import Base
from db.errors import BadInput, KeyReused, TooSlow
from db.outbox import CHANGED, Event
from db.tables import MembershipStatus
from graphql_schema.execution import Executor, Request
from graphql_schema.execution.atomic import key_locks
from tests.conftest import Graph, NotingDatabase
from tests.db.waiting import until
from tests.graphql_schema.asking import change
from tests.world import World
from tests.world.accounts import PASSWORD

pytestmark = pytest.mark.usefixtures("patient")

COMMENT = "{ comment { content author { name } thread { comments { totalCount } } } errors { code message path } }"
ADD = f"mutation Add($input: AddCommentInput!) {{ addComment(input: $input) {COMMENT} }}"
TWICE = f"""
    mutation Twice($a: AddCommentInput!, $b: AddCommentInput!) @atomic {{
      __typename first: addComment(input: $a) {COMMENT} second: addComment(input: $b) {COMMENT}
    }}
"""
SAVE = """
    mutation Save($comment: AddCommentInput!, $one: EditDocumentInput!, $two: EditDocumentInput!) @atomic {
      addComment(input: $comment) { comment { id } errors { code } }
      one: editDocument(input: $one) { document { version content } errors { code } }
      two: editDocument(input: $two) { document { version content } errors { code } }
    }
"""
SIGN_IN = "mutation ($input: SignInInput!) @atomic { signIn(input: $input) { token errors { code } } }"
CREATE = "mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id } errors { code } } }"
ADD_MEMBERS = """
    mutation ($input: AddProjectMembersInput!) { addProjectMembers(input: $input) { project { name } errors { code } } }
"""
FAILING = text("ALTER TABLE comments ADD CHECK (1 / char_length(replace(content, 'No', '')) >= 0)")
"""From then on PostgreSQL divides by zero when a comment says No, and nothing else."""
BOTH = """
    mutation ($a: ID!, $b: ID!) @atomic {
      a: %s(input: {threadId: $a}) { thread { status } errors { code } }
      b: %s(input: {threadId: $b}) { thread { status } errors { code } }
    }
"""
MADE = (tables.Comment, tables.DocumentVersion, tables.SpecificationProject, tables.IdempotencyKey)


async def send(graph: Graph, who: str | None, query: str, *, key: Any, **variables: Any) -> bytes:
    """The answer to an operation with an idempotency key, as it would be sent."""
    operation = graph.executor.prepare(Request(query, variables=variables, extensions={"idempotencyKey": key}))
    answer = orjson.dumps(await graph.executor.execute(operation, graph.context(who)))
    await graph.database.settle()
    return answer


def said(world: World, content: str) -> dict[str, str]:
    return {"threadId": world.thread_0.public_id, "content": content}


def edited(world: World, content: str, version: int) -> dict[str, Any]:
    return {"documentId": world.requirements.public_id, "content": content, "expectedVersion": version}


async def execute(graph: Graph, statement: Any) -> None:
    """Run a statement that the graph does not know."""
    async with graph.database.work(GUEST) as work:
        await work.execute(statement)


async def counted(graph: Graph, *made: type[Base]) -> list[int]:
    async with graph.database.read() as session:
        return [await session.scalar(select(func.count()).select_from(table)) or 0 for table in made or MADE]


@pytest.fixture
def told(database: NotingDatabase) -> list[str]:
    """The kind of every event that was published."""
    kinds: list[str] = []

    async def publish(event: Event) -> None:
        if event.kind != CHANGED:
            kinds.append(event.kind)

    database.publish = publish  # type: ignore[method-assign]
    return kinds


# --- all or nothing --------------------------------------------------------------------------------------------------


async def test_each_field_sees_those_before_it(either: Graph, world: World, told: list[str]) -> None:
    data = await either.data("ben", TWICE, a=said(world, "One"), b=said(world, "Two"))
    assert data == {
        "__typename": "Mutation",
        "first": comment("One", together=4),
        "second": comment("Two", together=5),
    }
    assert told == ["COMMENT_ADDED"] * 2
    assert await counted(either, tables.IdempotencyKey) == [0]


def comment(content: str, *, together: int) -> dict[str, Any]:
    thread = {"comments": {"totalCount": together}}
    return {"comment": {"content": content, "author": {"name": "Ben"}, "thread": thread}, "errors": []}


@pytest.mark.parametrize(("refused", "other"), [("first", "second"), ("second", "first")])
async def test_what_is_refused_undoes_all_and_says_so_in_every_payload(
    either: Graph, world: World, told: list[str], refused: str, other: str
) -> None:
    before = await counted(either)
    given = {"a": said(world, "Fine"), "b": said(world, "Fine")}
    given["a" if refused == "first" else "b"]["content"] = " "
    data = await either.data("ben", TWICE, **given)
    empty = {"code": "BAD_USER_INPUT", "message": "This must not be empty.", "path": ["input", "content"]}
    message = f"Nothing of this operation was done, because of `{refused}`."
    assert list(data) == ["__typename", "first", "second"]
    assert data[refused] == {"comment": None, "errors": [empty]}
    assert data[other] == {"comment": None, "errors": [{"code": "ROLLED_BACK", "message": message, "path": []}]}
    assert (await counted(either), told) == (before, [])


async def test_what_fails_undoes_all_and_names_every_field(either: Graph, world: World, told: list[str]) -> None:
    await execute(either, FAILING)
    before = await counted(either)
    answer = await either("ben", TWICE, a=said(world, "Fine"), b=said(world, "No"))
    assert answer["data"] == {"__typename": "Mutation", "first": None, "second": None}
    assert [(error["extensions"]["code"], error["path"]) for error in answer["errors"]] == [
        ("BAD_USER_INPUT", ["second"]),
        ("ROLLED_BACK", ["first"]),
    ]
    assert (await counted(either), told) == (before, [])


async def test_what_cannot_be_shown_is_not_done(either: Graph, world: World, told: list[str]) -> None:
    before = await counted(either)
    mutation = TWICE.replace("totalCount", "nodes { id }").replace("comments {", "comments(first: 1000) {")
    answer = await either("ben", mutation, a=said(world, "One"), b=said(world, "Two"))
    assert answer["data"] == {"__typename": "Mutation", "first": None, "second": None}
    assert [(error["extensions"]["code"], error["path"]) for error in answer["errors"]] == [
        ("BAD_USER_INPUT", ["first", "comment", "thread", "comments"]),
        ("ROLLED_BACK", ["second"]),
    ]
    assert (await counted(either), told) == (before, [])


async def test_a_conflict_shows_the_object_as_it_stands_and_not_as_it_was_for_a_moment(
    either: Graph, world: World, told: list[str]
) -> None:
    given = {"comment": said(world, "Saved"), "one": edited(world, "One", 2), "two": edited(world, "Two", 2)}
    data = await either.data("ben", SAVE, **given)
    assert data["two"]["errors"] == [{"code": "CONFLICT"}]
    assert data["two"]["document"] == {"version": 2, "content": world.requirements.content}
    assert data["one"] == {"document": None, "errors": [{"code": "ROLLED_BACK"}]}
    assert told == []


async def test_nobody_sees_a_part_of_it(graph: Graph, world: World, told: list[str]) -> None:
    """The second field waits for a row that somebody holds; the first is done by then."""
    before = await counted(graph)
    given = {"comment": said(world, "Saved"), "one": edited(world, "One", 2), "two": edited(world, "Two", 3)}
    async with graph.database.work(world.viewer("ada")) as holding:
        await holding.get(tables.SpecificationDocument, world.requirements.public_id, at="documentId", lock=True)
        saving = asyncio.create_task(graph.data("ben", SAVE, **given))
        await until_somebody_waits(graph)
        assert (await counted(graph), told) == (before, [])
    assert (await saving)["two"] == {"document": {"version": 4, "content": "Two"}, "errors": []}
    assert told == ["COMMENT_ADDED", "DOCUMENT_EDITED", "DOCUMENT_EDITED"]


async def test_a_connection_that_is_lost_in_between_leaves_nothing(graph: Graph, world: World, told: list[str]) -> None:
    before = await counted(graph)
    given = {"comment": said(world, "Saved"), "one": edited(world, "One", 2), "two": edited(world, "Two", 3)}
    async with graph.database.work(world.viewer("ada")) as holding:
        await holding.get(tables.SpecificationDocument, world.requirements.public_id, at="documentId", lock=True)
        saving = asyncio.create_task(send(graph, "ben", SAVE, key="crash", **given))
        await until_somebody_waits(graph)
        await terminate_who_waits(graph)
        with capture_logs():
            answer = orjson.loads(await saving)
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"SERVICE_UNAVAILABLE", "ROLLED_BACK"}
    assert (await counted(graph), told) == (before, [])
    again = orjson.loads(await send(graph, "ben", SAVE, key="crash", **given))
    assert again["data"]["two"] == {"document": {"version": 4, "content": "Two"}, "errors": []}


async def test_what_takes_too_long_leaves_nothing(graph: Graph, world: World, told: list[str]) -> None:
    before = await counted(graph)
    hasty = Graph(graph.database, world, Executor(graph.executor.schema, deadline=0.2))
    given = {"comment": said(world, "Saved"), "one": edited(world, "One", 2), "two": edited(world, "Two", 3)}
    async with graph.database.work(world.viewer("ada")) as holding:
        await holding.get(tables.SpecificationDocument, world.requirements.public_id, at="documentId", lock=True)
        with pytest.raises(TooSlow):
            await send(hasty, "ben", SAVE, key="slow", **given)
    assert (await counted(graph), told) == (before, [])


async def test_a_sign_in_that_fails_is_counted_whatever_it_is_sent_with(graph: Graph, world: World) -> None:
    wrong = {"email": world.ada.email, "password": "wrong"}
    for who in (None, "ben"):
        with pytest.raises(BadInput, match="`signIn` is done by itself"):
            await graph(who, SIGN_IN, input=wrong)
    with pytest.raises(BadInput, match="`signIn` is done by itself"):
        await send(graph, "ben", SIGN_IN.replace("@atomic", ""), key="k", input=wrong)


async def test_who_signs_out_reads_the_rest_as_a_guest(either: Graph, world: World) -> None:
    query = (
        f"mutation ($input: AddCommentInput!) @atomic {{ signOut {{ signedOut }} addComment(input: $input) {COMMENT} }}"
    )
    answer = await either("ben", query, input=said(world, "Gone"))
    codes = [error["extensions"]["code"] for error in answer["errors"]]
    assert answer["data"] == {"signOut": None, "addComment": None}
    assert codes == ["UNAUTHENTICATED", "ROLLED_BACK"]
    context = either.context("ben")
    operation = either.executor.prepare(Request("mutation @atomic { signOut { signedOut } }"))
    assert await either.executor.execute(operation, context) == {"data": {"signOut": {"signedOut": True}}}
    assert context.viewer.is_guest


async def test_what_is_skipped_stops_nothing(either: Graph, world: World) -> None:
    people = [{"userId": world.rob.public_id}, {"userId": world.ben.public_id}]
    given = {"projectId": world.atlas.public_id, "members": people, "onError": "SKIP"}
    first = await send(either, "ada", ADD_MEMBERS, key="k", input=given)
    assert orjson.loads(first)["data"]["addProjectMembers"]["errors"] == [{"code": "CONFLICT"}]
    assert await send(either, "ada", ADD_MEMBERS, key="k", input=given) == first


# --- idempotency keys ------------------------------------------------------------------------------------------------


async def test_of_fifty_at_the_same_time_one_is_done_and_all_are_told_the_same(
    either: Graph, world: World, told: list[str]
) -> None:
    before = await counted(either)
    answers = await asyncio.gather(
        *(send(either, "ben", ADD, key="fifty", input=said(world, "Once")) for _ in range(50))
    )
    assert {orjson.loads(answer)["data"]["addComment"]["comment"]["content"] for answer in answers} == {"Once"}
    assert len(set(answers)) == len(told) == 1
    assert [now - then for now, then in zip(await counted(either), before, strict=True)] == [1, 0, 0, 1]
    assert "fifty" not in {key.key for _, key in key_locks}


async def test_who_repeats_what_is_still_being_done_keeps_nobody_else_waiting(graph: Graph, world: World) -> None:
    given = {"comment": said(world, "Saved"), "one": edited(world, "One", 2), "two": edited(world, "Two", 3)}
    async with graph.database.work(world.viewer("ada")) as holding:
        await holding.get(tables.SpecificationDocument, world.requirements.public_id, at="documentId", lock=True)
        first = asyncio.create_task(send(graph, "ben", SAVE, key="k", **given))
        await until_somebody_waits(graph)
        repeated = [asyncio.create_task(send(graph, "ben", SAVE, key="k", **given)) for _ in range(9)]
        await graph.data("sam", "{ viewer { name } }")  # in the meantime they begin
        await graph.data("sam", CREATE, input={"name": "Globe", "members": [{"userId": world.ines.public_id}]})
        assert not first.done()
    assert set(await asyncio.gather(*repeated)) == {await first}


async def test_processes_agree_too(database: NotingDatabase, world: World) -> None:
    """Turns are kept within a process; between processes the database keeps them."""
    graph = Graph(database, world)

    async def alone() -> bytes:
        key_locks.clear()  # as in another process
        return await send(graph, "ben", ADD, key="one", input=said(world, "Once"))

    before = await counted(graph, tables.Comment)
    assert len(set(await asyncio.gather(*(alone() for _ in range(4))))) == 1
    assert await counted(graph, tables.Comment) == [before[0] + 1]


async def test_the_answer_stays_what_it_was(either: Graph, world: World) -> None:
    first = await send(either, "ben", ADD, key="k", input=said(world, "Once"))
    async with either.database.work(GUEST) as work:
        await work.execute(text("UPDATE comments SET content = 'Other'"))
    assert await send(either, "ben", ADD, key="k", input=said(world, "Once")) == first


@pytest.mark.parametrize("other", ["variables", "document", "operation"])
async def test_a_key_is_not_taken_for_something_else(graph: Graph, world: World, other: str) -> None:
    await send(graph, "ben", ADD, key="k", input=said(world, "Once"))
    query = ADD.replace("author { name }", "") if other == "document" else ADD
    name = "Add" if other == "operation" else None
    content = "Twice" if other == "variables" else "Once"
    request = Request(query, name, {"input": said(world, content)}, {"idempotencyKey": "k"})
    with pytest.raises(KeyReused):
        await graph.executor.execute(graph.executor.prepare(request), graph.context("ben"))


async def test_a_key_is_ones_own_and_for_one_mutation(graph: Graph, world: World) -> None:
    before = await counted(graph)
    for who in ("ben", "ada"):
        await send(graph, who, ADD, key="k", input=said(world, who))
    await send(graph, "ben", CREATE, key="k", input={"name": "Globe"})
    assert [now - then for now, then in zip(await counted(graph), before, strict=True)] == [2, 3, 1, 3]


async def test_the_order_of_variables_makes_no_difference(graph: Graph, world: World) -> None:
    given = said(world, "Once")
    first = await send(graph, "ben", ADD, key="k", input=given)
    assert await send(graph, "ben", ADD, key="k", input=dict(reversed(given.items()))) == first


async def test_what_was_refused_can_be_sent_again_under_its_key(either: Graph, world: World) -> None:
    refused = orjson.loads(await send(either, "ben", ADD, key="k", input=said(world, " ")))
    assert [error["code"] for error in refused["data"]["addComment"]["errors"]] == ["BAD_USER_INPUT"]
    await execute(either, FAILING)
    failed = orjson.loads(await send(either, "ben", ADD, key="k", input=said(world, "No")))
    assert [error["extensions"]["code"] for error in failed["errors"]] == ["BAD_USER_INPUT"]
    assert await counted(either, tables.IdempotencyKey) == [0]
    assert orjson.loads(await send(either, "ben", ADD, key="k", input=said(world, "Yes")))["data"]["addComment"][
        "comment"
    ]


async def test_fields_under_a_key_are_done_together(either: Graph, world: World) -> None:
    before = await counted(either)
    several = TWICE.replace("@atomic", "")
    answer = orjson.loads(await send(either, "ben", several, key="k", a=said(world, "One"), b=said(world, "")))
    assert answer["data"]["first"]["errors"][0]["code"] == "ROLLED_BACK"
    assert await counted(either) == before
    first = await send(either, "ben", several, key="k", a=said(world, "One"), b=said(world, "Two"))
    assert await send(either, "ben", several, key="k", a=said(world, "One"), b=said(world, "Two")) == first
    assert await counted(either, tables.Comment) == [before[0] + 2]


async def test_who_sees_no_more_what_was_done_is_not_shown_it_again(either: Graph, world: World) -> None:
    """Nor what was found from there; to everybody else the answer is the same, to the byte."""
    first = await send(either, "ben", ADD, key="k", input=said(world, "Once"))
    assert orjson.loads(first)["data"]["addComment"]["comment"]
    before = await counted(either, tables.Comment)
    await change(either.database, *await memberships(either, world), status=MembershipStatus.REMOVED)
    again = orjson.loads(await send(either, "ben", ADD, key="k", input=said(world, "Once")))
    assert again == {"data": {"addComment": {"comment": None, "errors": []}}}
    assert await counted(either, tables.Comment) == before
    await change(either.database, *await memberships(either, world), status=MembershipStatus.ACTIVE)
    assert await send(either, "ben", ADD, key="k", input=said(world, "Once")) == first


async def memberships(graph: Graph, world: World) -> list[Any]:
    mine = select(tables.ProjectMember).where(
        tables.ProjectMember.project_id == world.atlas.id, tables.ProjectMember.user_id == world.ben.id
    )
    async with graph.database.read() as session:
        return list(await session.scalars(mine))


@pytest.mark.parametrize("key", ["", "k" * 256, 7, ["k"], "k\0"])
async def test_a_key_is_a_text_of_at_most_255_characters(graph: Graph, world: World, key: Any) -> None:
    with pytest.raises(BadInput, match="1 to 255 characters"):
        await send(graph, "ben", ADD, key=key, input=said(world, "Once"))
    await send(graph, "ben", ADD, key="é" * 255, input=said(world, "Once"))


async def test_a_guest_signs_in_as_often_as_they_like_whatever_the_key(graph: Graph, world: World) -> None:
    given = {"email": world.ada.email, "password": PASSWORD}
    query = SIGN_IN.replace("@atomic", "")
    answers = [orjson.loads(await send(graph, None, query, key="k", input=given)) for _ in range(2)]
    assert len({answer["data"]["signIn"]["token"] for answer in answers}) == 2
    assert await counted(graph, tables.IdempotencyKey) == [0]


async def test_a_key_is_for_mutations(graph: Graph) -> None:
    answer = await send(graph, "ben", "{ viewer { name } }", key="k" * 999)
    assert orjson.loads(answer) == {"data": {"viewer": {"name": "Ben"}}}


async def test_a_key_is_forgotten_after_a_day(graph: Graph, world: World) -> None:
    before = await counted(graph, tables.Comment)
    await send(graph, "ben", ADD, key="k", input=said(world, "Once"))
    await age(graph, "23 hours 59 minutes")
    await send(graph, "ben", ADD, key="k", input=said(world, "Once"))
    assert await counted(graph, tables.Comment) == [before[0] + 1]
    await age(graph, "1 minute")
    await send(graph, "ben", ADD, key="k", input=said(world, "Something else"))
    await send(graph, "ben", ADD, key="k", input=said(world, "Something else"))
    assert await counted(graph, tables.Comment, tables.IdempotencyKey) == [before[0] + 2, 1]


async def test_a_person_takes_their_keys_with_them(graph: Graph, world: World) -> None:
    await send(graph, "sam", CREATE, key="k", input={"name": "Globe"})
    async with graph.database.work(GUEST) as work:
        await work.execute(text("DELETE FROM specification_projects WHERE owner_id = :id"), {"id": world.sam.id})
        await work.execute(text("DELETE FROM users WHERE id = :id"), {"id": world.sam.id})
    assert await counted(graph, tables.IdempotencyKey) == [0]


async def age(graph: Graph, by: str) -> None:
    async with graph.database.work(GUEST) as work:
        older = text("UPDATE idempotency_keys SET created_at = created_at - CAST(:by AS text)::interval")
        await work.execute(older, {"by": by})


WAITING = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def until_somebody_waits(graph: Graph) -> None:
    await until(graph.database, f"SELECT count(*) > 0 {WAITING}")


async def terminate_who_waits(graph: Graph) -> None:
    async with graph.database.read() as session:
        await session.execute(text(f"SELECT pg_terminate_backend(pid) {WAITING}"))


# --- in each other's way ---------------------------------------------------------------------------------------------


async def test_two_in_opposite_order_are_both_done(either: Graph, world: World, told: list[str]) -> None:
    """Each waits for what the other has locked, until one is undone; it is done again."""
    threads = world.thread_0.public_id, world.thread_1.public_id
    rounds = 0
    async with asyncio.timeout(30):
        while not await deadlocks(either):
            for change in ("resolveThread", "reopenThread"):
                both = (either.data("ben", BOTH % (change, change), a=a, b=b) for a, b in (threads, threads[::-1]))
                await asyncio.gather(*both)
                rounds += 1
    assert sorted(told) == sorted(["THREAD_RESOLVED", "THREAD_REOPENED"] * rounds)


async def deadlocks(graph: Graph) -> int:
    """How many deadlocks there were in this test's database."""
    async with graph.database.read() as session:
        return (
            await session.scalar(text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")) or 0
        )

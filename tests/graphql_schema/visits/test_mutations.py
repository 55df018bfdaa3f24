"""Marking a document as seen: for oneself alone, from several devices, whatever is committed meanwhile."""

import asyncio
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select, text

from db import tables
from db.access import GUEST
from db.address import Address
from db.engine import Database
from db.outbox import OutboxEvent, OutboxTopic, topic
from db.tables import DocumentStatus, MembershipStatus, ProjectStatus
from db.write import Work
from tests.conftest import Graph
from tests.deadline import DEADLINE
from tests.graphql_schema.asking import add, change, done, error_code, refusal
from tests.graphql_schema.specs.test_mutations import ADD_COMMENT
from tests.world import World

ERRORS = "errors { code path }"
MARK = f"""
    mutation ($input: MarkDocumentSeenInput!) {{
      markDocumentSeen(input: $input) {{
        visit {{ id version sequence seenAt document {{ id }} }} document {{ viewerVisit {{ version }} }} {ERRORS}
      }}
    }}
"""
SEEN = """
    query ($id: ID!) {
      specificationDocument: node(id: $id) {
        ... on SpecificationDocument {
          viewerVisit { version sequence seenAt } unreadThreads { totalCount nodes { id isUnread } }
        }
      }
    }
"""
VISITS = "{ viewer { documentVisits { nodes { document { id } version } } } }"
EDIT = f"mutation ($input: EditDocumentInput!) {{ editDocument(input: $input) {{ document {{ version }} {ERRORS} }} }}"


async def mark(graph: Graph, who: str, document: Any, version: int = 2) -> Any:
    """The visit after somebody has marked a document as seen."""
    return (await done(graph, who, MARK, documentId=document.public_id, version=version))["visit"]


async def seen(graph: Graph, who: str, document: Any) -> Any:
    """What somebody finds of their visit to a document, and of what is new to them."""
    return (await graph.data(who, SEEN, id=document.public_id))["specificationDocument"]


async def unread(graph: Graph, who: str, document: Any) -> list[str]:
    """The ids of the threads that are new to somebody."""
    found = (await seen(graph, who, document))["unreadThreads"]
    assert found["totalCount"] == len(found["nodes"])
    assert all(thread["isUnread"] for thread in found["nodes"])
    return [thread["id"] for thread in found["nodes"]]


async def say(graph: Graph, who: str, thread: Any) -> None:
    """Say something in a thread."""
    await done(graph, who, ADD_COMMENT, threadId=thread.public_id, content="News")


async def sequence(database: Database, name: str) -> int:
    """The number of the last event of a topic."""
    async with database.read() as session:
        return await session.scalar(select(OutboxTopic.sequence).where(OutboxTopic.topic == name)) or 0


async def test_a_visit_has_what_was_there_when_it_was_marked(graph: Graph, world: World) -> None:
    await say(graph, "ada", world.thread_0)
    visit = await mark(graph, "vera", world.requirements)
    assert visit["version"] == 2
    assert visit["document"] == {"id": world.requirements.public_id}
    of_project = await sequence(graph.database, topic("project", world.atlas.id))
    assert int(visit["sequence"]) == of_project > 0
    found = (await seen(graph, "vera", world.requirements))["viewerVisit"]
    assert found == {name: visit[name] for name in ("version", "sequence", "seenAt")}


async def test_the_answer_has_the_document_as_it_is_then(graph: Graph, world: World) -> None:
    given = {"documentId": world.requirements.public_id, "version": 2}
    assert (await done(graph, "vera", MARK, **given))["document"] == {"viewerVisit": {"version": 2}}


async def test_before_the_first_visit_all_that_others_have_said_is_unread(graph: Graph, world: World) -> None:
    found = await seen(graph, "vera", world.requirements)
    assert found["viewerVisit"] is None
    assert await unread(graph, "vera", world.requirements) == [world.thread_1.public_id, world.thread_0.public_id]


async def test_what_was_there_is_read_and_what_comes_later_is_not(graph: Graph, world: World) -> None:
    await mark(graph, "vera", world.requirements)
    assert await unread(graph, "vera", world.requirements) == []
    await say(graph, "ada", world.thread_0)
    assert await unread(graph, "vera", world.requirements) == [world.thread_0.public_id]


async def test_what_one_said_oneself_is_never_unread(graph: Graph, world: World) -> None:
    await mark(graph, "ben", world.requirements)
    await say(graph, "ben", world.thread_0)
    assert await unread(graph, "ben", world.requirements) == []
    assert await unread(graph, "vera", world.requirements) != []


async def test_to_say_something_marks_nothing_as_seen(graph: Graph, world: World) -> None:
    await mark(graph, "ben", world.requirements)
    await say(graph, "ada", world.thread_0)
    await say(graph, "ben", world.thread_0)
    assert await unread(graph, "ben", world.requirements) == [world.thread_0.public_id]


async def test_a_comment_of_a_transaction_that_began_before_and_ends_after_is_unread(
    graph: Graph, world: World, database_url: str
) -> None:
    connection = await Address.parse(database_url).connect()
    late = connection.transaction()
    await late.start()
    thread, author = world.thread_0.id, world.ada.id
    statement = "INSERT INTO comments (id, thread_id, author_id, content) VALUES (gen_random_uuid(), $1, $2, 'Late')"
    await connection.execute(statement, thread, author)
    began: datetime = await connection.fetchval("SELECT now()")
    visit = await mark(graph, "vera", world.requirements)
    assert datetime.fromisoformat(visit["seenAt"]) > began
    assert await unread(graph, "vera", world.requirements) == []
    await late.commit()
    await connection.close()
    assert await unread(graph, "vera", world.requirements) == [world.thread_0.public_id]


async def test_what_was_said_long_before_a_visit_is_read_without_being_noted(graph: Graph, world: World) -> None:
    async with graph.database.work(GUEST) as work:
        await work.execute(text("UPDATE comments SET created_at = created_at - interval '1 day'"))
    await mark(graph, "vera", world.requirements)
    async with graph.database.read() as session:
        noted = select(tables.DocumentVisit.recent).where(tables.DocumentVisit.user_id == world.vera.id)
        assert await session.scalar(noted) == []
    assert await unread(graph, "vera", world.requirements) == []


async def test_a_visit_never_goes_back(graph: Graph, world: World) -> None:
    await say(graph, "ada", world.thread_0)
    now = await mark(graph, "vera", world.requirements, version=2)
    later = await mark(graph, "vera", world.requirements, version=1)
    assert (later["id"], later["version"]) == (now["id"], 2)
    assert later["seenAt"] > now["seenAt"]


async def test_of_two_devices_the_one_that_saw_less_takes_nothing_back(
    graph: Graph, world: World, database_url: str
) -> None:
    """A statement that waits for the row of the other has an older state of the database, as a slow device would."""
    await mark(graph, "vera", world.requirements)
    connection = await Address.parse(database_url).connect()
    faster = connection.transaction()
    await faster.start()
    statement = "UPDATE document_visits SET sequence = 1000, seen_at = now(), version = 3 WHERE user_id = $1"
    await connection.execute(statement, world.vera.id)
    slower = asyncio.create_task(mark(graph, "vera", world.requirements))
    waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
    async with asyncio.timeout(DEADLINE):
        while not await connection.fetchval(waits):  # noqa: ASYNC110  (nobody tells of it)
            await asyncio.sleep(0.02)
    at = await connection.fetchval("SELECT now()")
    await faster.commit()
    await connection.close()
    visit = await slower
    assert (visit["version"], visit["sequence"], datetime.fromisoformat(visit["seenAt"])) == (3, "1000", at)


async def test_two_devices_at_once_make_one_visit(graph: Graph, world: World) -> None:
    visits = await asyncio.gather(*(mark(graph, "vera", world.requirements) for _ in range(10)))
    assert len({visit["id"] for visit in visits}) == 1
    assert len((await graph.data("vera", VISITS))["viewer"]["documentVisits"]["nodes"]) == 1


async def test_people_who_mark_at_once_have_a_visit_each(graph: Graph, world: World) -> None:
    people = ("ada", "ben", "vera", "root")
    visits = await asyncio.gather(*(mark(graph, who, world.design) for who in people))
    again = await asyncio.gather(*(mark(graph, who, world.design) for who in people))
    assert [visit["id"] for visit in again] == [visit["id"] for visit in visits]
    assert len({visit["id"] for visit in visits}) == len(people)


async def test_a_mark_moves_the_viewers_own_topic_and_no_other(graph: Graph, world: World) -> None:
    project, own = topic("project", world.atlas.id), topic("visits", world.vera.id)
    before = await sequence(graph.database, project), await sequence(graph.database, own)
    await mark(graph, "vera", world.requirements)
    after = await sequence(graph.database, project), await sequence(graph.database, own)
    assert after == (before[0], before[1] + 1)
    async with graph.database.read() as session:
        events = list(await session.scalars(select(OutboxEvent.topic)))
    assert events == [own]


async def test_a_mark_is_one_statement(graph: Graph, world: World) -> None:
    asked = "mutation ($input: MarkDocumentSeenInput!) { markDocumentSeen(input: $input) { visit { version } } }"
    given = {"documentId": world.requirements.public_id, "version": 2}
    runs, run = list[str](), graph.database.changes.run

    async def noting(sql: str, *arguments: Any, **options: Any) -> Any:
        runs.append(sql)
        return await run(sql, *arguments, **options)

    graph.database.changes.run = noting
    assert (await graph.data("vera", asked, input=given))["markDocumentSeen"]["visit"] == {"version": 2}
    assert (len(runs), graph.statements) == (1, [])


@pytest.mark.parametrize("who", ["olga", "rob", "sam"])
async def test_who_does_not_see_a_document_marks_nothing(graph: Graph, world: World, who: str) -> None:
    given = {"documentId": world.requirements.public_id, "version": 2}
    assert await refusal(graph, who, MARK, **given) == ("NOT_FOUND", "input.documentId")


async def test_a_guest_marks_nothing(graph: Graph, world: World) -> None:
    given = {"documentId": world.requirements.public_id, "version": 2}
    assert await error_code(graph, None, MARK, input=given) == "UNAUTHENTICATED"


async def test_versions_are_counted_from_1(graph: Graph, world: World) -> None:
    given = {"documentId": world.requirements.public_id, "version": 0}
    assert await refusal(graph, "vera", MARK, **given) == ("BAD_USER_INPUT", "input.version")


@pytest.mark.parametrize("status", [ProjectStatus.ARCHIVED, ProjectStatus.SUSPENDED])
async def test_what_is_closed_is_seen_all_the_same(graph: Graph, world: World, status: ProjectStatus) -> None:
    await change(graph.database, world.atlas, status=status)
    await change(graph.database, world.requirements, status=DocumentStatus.ARCHIVED)
    assert (await mark(graph, "vera", world.requirements))["version"] == 2


async def test_what_is_closed_is_still_changed_by_nobody(graph: Graph, world: World) -> None:
    await change(graph.database, world.atlas, status=ProjectStatus.ARCHIVED)
    given = {"documentId": world.requirements.public_id, "content": "New", "expectedVersion": 2}
    assert await refusal(graph, "ada", EDIT, **given) == ("FORBIDDEN", "input.documentId")


async def test_a_visit_is_seen_by_its_person_for_as_long_as_they_see_the_document(graph: Graph, world: World) -> None:
    node = "query ($id: ID!) { node(id: $id) { id } }"
    id_ = (await mark(graph, "vera", world.requirements))["id"]
    assert (await graph.data("vera", node, id=id_))["node"] == {"id": id_}
    for who in ("ada", "ben", None):
        assert (await graph.data(who, node, id=id_))["node"] is None
    await change(graph.database, world.veras_place, status=MembershipStatus.REMOVED)
    assert (await graph.data("vera", node, id=id_))["node"] is None
    assert (await graph.data("vera", VISITS))["viewer"]["documentVisits"]["nodes"] == []


async def test_who_is_removed_between_marks_nothing_more(graph: Graph, world: World) -> None:
    await mark(graph, "vera", world.requirements)
    await change(graph.database, world.veras_place, status=MembershipStatus.REMOVED)
    given = {"documentId": world.requirements.public_id, "version": 2}
    assert await refusal(graph, "vera", MARK, **given) == ("NOT_FOUND", "input.documentId")
    assert (await graph.data("vera", SEEN, id=world.requirements.public_id))["specificationDocument"] is None


async def test_visits_go_with_the_document(graph: Graph, world: World) -> None:
    await mark(graph, "vera", world.design)
    async with graph.database.work(GUEST) as work:
        await work.execute(text("DELETE FROM specification_documents WHERE id = :id"), {"id": world.design.id})
        assert await visits_of(work, world.design) == 0


async def visits_of(work: Work, document: Any) -> int:
    """The number of visits to a document."""
    found = select(func.count()).where(tables.DocumentVisit.document_id == document.id)
    return await work.scalar(found) or 0


async def test_ones_visits_are_listed_the_last_one_first(graph: Graph, world: World) -> None:
    await mark(graph, "vera", world.requirements)
    await mark(graph, "vera", world.design)
    found = (await graph.data("vera", VISITS))["viewer"]["documentVisits"]["nodes"]
    assert [visit["document"]["id"] for visit in found] == [world.design.public_id, world.requirements.public_id]


async def test_the_threads_of_many_documents_are_counted_in_one_statement(graph: Graph, world: World) -> None:
    asked = "{ projects { nodes { documents { nodes { phase unreadThreads { totalCount } } } } } }"
    await add(graph.database, tables.CommentThread(document_id=world.design.id, line=0))
    graph.database.statements.clear()
    (project,) = (await graph.data("vera", asked))["projects"]["nodes"]
    counts = {one["phase"]: one["unreadThreads"]["totalCount"] for one in project["documents"]["nodes"]}
    assert counts == {"REQUIREMENTS": 2, "DESIGN": 0}
    assert len(graph.database.statements) == 1

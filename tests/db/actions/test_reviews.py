"""The job that reviews a document: what becomes of it when the reviewer fails, or the world changes meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from db import tables
from db.actions import reviews
from db.actions.reviews import TRIES, review_document
from db.queue.declared import JobKind
from db.reviewing import RULE_SET, Finding, Review, review
from db.tables import ReviewStatus, SpecificationPhase
from tests.conftest import Graph
from tests.db.queue.conftest import Working
from tests.db.queue.waiting import Queue
from tests.deadline import DEADLINE
from tests.graphql_schema.asking import change, done
from tests.graphql_schema.reviews.asking import REQUEST
from tests.graphql_schema.specs.test_mutations import EDIT_DOCUMENT
from tests.world import World

PLACES = [*Finding.__dataclass_fields__]


@dataclass
class Interrupted:
    """The set of rules, before which something else happens: it is done at the first try, or at each."""

    happens: Callable[[], Awaitable[Any]]
    always: bool = False
    name: str = RULE_SET.name
    texts: list[str] = field(default_factory=list)
    """The texts that it was asked to review."""

    async def review(self, phase: SpecificationPhase, text: str) -> Review:
        self.texts.append(text)
        if self.always or len(self.texts) == 1:
            await self.happens()
        return await RULE_SET.review(phase, text)


Plug = Callable[..., Interrupted]


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> Plug:
    """Puts a reviewer in the place of the set of rules."""

    def plug(happens: Callable[[], Awaitable[Any]], *, always: bool = False) -> Interrupted:
        reviewer = Interrupted(happens, always)
        monkeypatch.setitem(reviews.REVIEWERS, RULE_SET.name, reviewer)
        return reviewer

    return plug


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that fails is tried again at once."""
    monkeypatch.setattr(JobKind, "pause", lambda _kind, _tries: timedelta(milliseconds=10))


async def broken() -> None:
    raise RuntimeError("secret of the reviewer")


async def asked(graph: Graph) -> str:
    """The id of a new review of the design of Atlas."""
    found = await done(graph, "ben", REQUEST, documentId=graph.world.design.public_id)
    return str(found["review"]["id"])


async def shown(graph: Graph) -> tuple[str, str | None]:
    """How far the review of the design is, and why it has failed."""
    found = (await done(graph, "ben", REQUEST, documentId=graph.world.design.public_id))["review"]
    return found["status"], found["error"]


async def suggestions(graph: Graph, review_id: str) -> list[dict[str, Any]]:
    """The rows of the suggestions of a review, as a reviewer says them."""
    table = tables.Suggestion
    async with graph.database.work(graph.world.viewer("ada")) as work:
        of_it = select(table).join(tables.DocumentReview, tables.DocumentReview.id == table.review_id)
        found = (await work.scalars(of_it.order_by(table.number))).all()
        return [{name: getattr(one, name) for name in PLACES} for one in found if one.review_id.hex == review_id[4:]]


async def until_done(queue: Queue, working: Working) -> None:
    """Have a worker do all that waits."""
    async with working():
        await queue.until_empty()


async def test_a_document_is_reviewed_and_all_of_it_is_there_at_once(
    graph: Graph, world: World, queue: Queue, working: Working
) -> None:
    review_id = await asked(graph)
    await until_done(queue, working)
    assert await shown(graph) == ("COMPLETED", None)
    found = review(SpecificationPhase.DESIGN, world.design.content)
    assert len(found.findings) > 1
    assert await suggestions(graph, review_id) == [asdict(finding) for finding in found.findings]


async def test_a_reviewer_that_fails_once_is_asked_again(
    graph: Graph, queue: Queue, working: Working, plugged: Plug, told: list[Any]
) -> None:
    reviewer = plugged(broken)
    await asked(graph)
    await until_done(queue, working)
    assert len(reviewer.texts) == 2
    assert await shown(graph) == ("COMPLETED", None)
    await graph.database.relay(graph.database._publish_all)
    assert [kind for kind, _ in told] == ["REVIEW_REQUESTED", "REVIEW_FAILED", "REVIEW_COMPLETED"]


async def test_a_review_that_fails_for_good_says_so_for_people_and_is_begun_again_by_asking(
    graph: Graph, queue: Queue, working: Working, plugged: Plug
) -> None:
    reviewer = plugged(broken, always=True)
    review_id = await asked(graph)
    await until_done(queue, working)
    assert len(reviewer.texts) == TRIES
    async with graph.database.work(graph.world.viewer("ada")) as work:
        row = await work.get(tables.DocumentReview, review_id, at="id")
        assert (row.status, row.error) == (ReviewStatus.FAILED, "The reviewer could not review this text.")
    reviewer.always = False
    assert await asked(graph) == review_id
    await until_done(queue, working)
    assert await shown(graph) == ("COMPLETED", None)
    assert await suggestions(graph, review_id) != []


async def test_a_reviewer_that_is_not_known_any_more_is_a_failure(
    graph: Graph, world: World, queue: Queue, working: Working
) -> None:
    await change(graph.database, world.failed_review, reviewer="rules/0", status=ReviewStatus.PENDING, error=None)
    await queue.add((review_document, {"review": world.failed_review.public_id}))
    await until_done(queue, working)
    assert await queue.value("SELECT status FROM document_reviews WHERE reviewer = 'rules/0'") == "FAILED"


async def test_a_document_that_is_deleted_meanwhile_leaves_nothing(
    graph: Graph, world: World, queue: Queue, working: Working, plugged: Plug
) -> None:
    async def gone() -> None:
        async with graph.database.work(graph.world.viewer("ada")) as work:
            await work.execute(
                delete(tables.SpecificationProject).where(tables.SpecificationProject.id == world.atlas.id)
            )

    plugged(gone)
    await asked(graph)
    await until_done(queue, working)
    assert await queue.value("SELECT count(*) FROM document_reviews") == 0
    assert await queue.value("SELECT count(*) FROM suggestions") == 0
    assert await queue.value("SELECT count(*) FROM queue.pgqueuer") == 0


async def test_a_document_that_is_edited_meanwhile_is_reviewed_as_it_was(
    graph: Graph, world: World, queue: Queue, working: Working, plugged: Plug
) -> None:
    review_id = await asked(graph)
    reviewer = plugged(_nothing)
    given = {"documentId": world.design.public_id, "content": "Another text", "expectedVersion": 2}
    await done(graph, "ada", EDIT_DOCUMENT, **given)
    await until_done(queue, working)
    assert reviewer.texts == [world.design.content]
    found = await suggestions(graph, review_id)
    assert found == [asdict(one) for one in review(SpecificationPhase.DESIGN, world.design.content).findings]


async def _nothing() -> None:
    """Let the reviewer go on."""


async def test_a_worker_that_ends_in_the_middle_leaves_the_review_to_another(
    graph: Graph, world: World, queue: Queue, working: Working, plugged: Plug
) -> None:
    begun = asyncio.Event()

    async def hangs() -> None:
        begun.set()
        await asyncio.Event().wait()

    reviewer = plugged(hangs)
    review_id = await asked(graph)
    async with working() as worker, asyncio.timeout(DEADLINE):
        await begun.wait()
        assert (await shown(graph))[0] == "RUNNING"
        worker.give_up()
    await until_done(queue, working)
    assert len(reviewer.texts) == 2
    assert await shown(graph) == ("COMPLETED", None)
    expected = review(SpecificationPhase.DESIGN, world.design.content).findings
    assert await suggestions(graph, review_id) == [asdict(one) for one in expected]


async def test_a_review_that_is_done_is_not_done_again(
    graph: Graph, world: World, queue: Queue, working: Working
) -> None:
    review_id = await asked(graph)
    await until_done(queue, working)
    once = await suggestions(graph, review_id)
    await queue.add((review_document, {"review": review_id}))
    await until_done(queue, working)
    assert await suggestions(graph, review_id) == once
    assert await queue.value("SELECT count(*) FROM queue.pgqueuer") == 0

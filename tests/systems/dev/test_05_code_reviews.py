"""Reviews of pull requests, from the request to the risk, over the graph and a worker.

`tests/db/code_reviewing` has what the rules find, and `tests/graphql_schema/code_reviews` who may ask.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import delete

from db import tables
from db.actions import code_reviews
from db.code_reviewing import RULE_SET, Change, Verdict
from db.tables import PullRequestState
from tests.conftest import Graph
from tests.db.queue.conftest import Working
from tests.db.queue.waiting import Queue
from tests.deadline import DEADLINE
from tests.graphql_schema.asking import add, change, done
from tests.graphql_schema.code_reviews.asking import OF_PULL_REQUEST, REQUEST
from tests.world import NOON, World


async def reviewed(graph: Graph, queue: Queue, working: Working, pull: tables.PullRequest) -> Any:
    """Ask for a review, have a worker make it, and read it."""
    asked = (await done(graph, "ben", REQUEST, pullRequestId=pull.public_id))["review"]
    assert asked["status"] == "PENDING"
    async with working():
        await queue.until_empty()
    return await shown(graph, pull)


async def shown(graph: Graph, pull: tables.PullRequest) -> Any:
    """The newest review of a pull request."""
    found = (await graph.data("vera", OF_PULL_REQUEST, id=pull.public_id))["node"]["codeReviews"]["nodes"]
    assert len(graph.statements) == 1
    return found[0]


def push(world: World, branch: str, *paths: str) -> tables.WebhookEvent:
    """A push to a branch of Engine, as GitHub tells of it, whose one commit adds these files."""
    commit = {"id": f"{9:040x}", "added": list(paths), "modified": [], "removed": []}
    return tables.WebhookEvent(
        delivery_id=f"push-{branch}-{len(paths)}",
        repository_id=world.engine.id,
        organization_id=world.analytical.id,
        event="push",
        payload={"ref": f"refs/heads/{branch}", "commits": [commit]},
        received_at=NOON,
    )


def earlier(world: World, number: int, **values: Any) -> tables.PullRequest:
    """A pull request of Ada in Engine from before."""
    return tables.PullRequest(
        repository_id=world.engine.id,
        number=number,
        title="Before",
        author_id=world.ada.id,
        author_name="Ada",
        head_sha=f"{number:040x}",
        opened_at=NOON.replace(year=2025),
        **values,
    )


async def test_05_a_large_change_of_what_is_sensitive_without_tests_is_risky(
    graph: Graph, world: World, queue: Queue, working: Working
) -> None:
    await change(
        graph.database, world.engine_pull, head_branch="topic", additions=900, deletions=300, files_changed=2, body=""
    )
    await add(
        graph.database,
        push(world, "topic", "db/migrations/0002_more.py", "app/auth/tokens.py"),
        push(world, "other", "tests/test_everything.py", "README.md", "CHANGELOG.md"),
    )
    review = await reviewed(graph, queue, working, world.engine_pull)
    assert (review["status"], review["riskScore"], review["riskLevel"]) == ("COMPLETED", 100, "CRITICAL")
    assert review["summary"].startswith("It changes 1,200 lines")
    points = {(one["rule"], one["path"]): one["points"] for one in review["findings"]}
    assert points == {
        ("size/lines", None): 30,
        ("code/untested", "app/auth/tokens.py"): 20,
        ("paths/sensitive", "app/auth/tokens.py"): 15,
        ("paths/sensitive", "db/migrations/0002_more.py"): 15,
        ("history/new-author", None): 15,
        ("description/empty", None): 5,
    }


async def test_05_the_history_of_the_author_in_the_repository_counts(
    graph: Graph, world: World, queue: Queue, working: Working
) -> None:
    merged = {"state": PullRequestState.MERGED, "merged_at": NOON.replace(year=2025), "closed_at": NOON}
    closed = {"state": PullRequestState.CLOSED, "closed_at": NOON.replace(year=2025)}
    await add(
        graph.database,
        *(earlier(world, number, **merged) for number in range(10, 13)),
        *(earlier(world, number, **closed) for number in range(20, 24)),
    )
    review = await reviewed(graph, queue, working, world.engine_pull)
    assert [(one["rule"], one["points"]) for one in review["findings"] if one["points"]] == [("history/declined", 10)]
    assert review["riskLevel"] == "LOW"


async def test_05_what_nobody_has_told_of_a_change_is_said(
    graph: Graph, world: World, queue: Queue, working: Working
) -> None:
    review = await reviewed(graph, queue, working, world.engine_pull)
    unknown = [one["rule"] for one in review["findings"] if not one["points"]]
    assert unknown == ["size/unknown", "files/unknown", "description/unknown"]


async def test_05_the_same_change_has_the_same_review_however_often_the_job_is_done(
    graph: Graph, world: World, queue: Queue, working: Working
) -> None:
    review = await reviewed(graph, queue, working, world.engine_pull)
    await queue.add((code_reviews.review_code, {"review": review["id"]}))
    async with working():
        await queue.until_empty()
    assert await shown(graph, world.engine_pull) == review


async def test_05_nobody_reads_a_review_in_a_repository_that_is_restricted(graph: Graph, world: World) -> None:
    for who, number in (("ada", 1), ("ben", None), ("olga", None), (None, None)):
        node = (await graph.data(who, OF_PULL_REQUEST, id=world.vault_pull.public_id))["node"]
        assert (len(node["codeReviews"]["nodes"]) if node else None) == number


class Interrupted:
    """The set of rules, before which something else happens, once or always."""

    name = RULE_SET.name

    def __init__(self, happens: Callable[[], Awaitable[Any]], *, always: bool = False) -> None:
        self.happens, self.always, self.times = happens, always, 0

    async def review(self, change: Change) -> Verdict:
        self.times += 1
        if self.always or self.times == 1:
            await self.happens()
        return await RULE_SET.review(change)


async def broken() -> None:
    raise RuntimeError("secret of the reviewer")


async def test_05_a_reviewer_that_fails_says_so_for_people_and_is_begun_again_by_asking(
    graph: Graph, world: World, queue: Queue, working: Working, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewer = Interrupted(broken, always=True)
    monkeypatch.setitem(code_reviews.REVIEWERS, RULE_SET.name, reviewer)
    review = await reviewed(graph, queue, working, world.engine_pull)
    assert reviewer.times == code_reviews.TRIES
    assert (review["status"], review["error"]) == ("FAILED", "The reviewer could not review this pull request.")
    reviewer.always = False
    again = await reviewed(graph, queue, working, world.engine_pull)
    assert (again["id"], again["status"], again["error"]) == (review["id"], "COMPLETED", None)


async def test_05_a_worker_that_ends_in_the_middle_leaves_the_review_to_another(
    graph: Graph, world: World, queue: Queue, working: Working, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def hangs() -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setitem(code_reviews.REVIEWERS, RULE_SET.name, reviewer := Interrupted(hangs))
    await done(graph, "ben", REQUEST, pullRequestId=world.engine_pull.public_id)
    async with working() as worker, asyncio.timeout(DEADLINE):
        await begun.wait()
        assert (await shown(graph, world.engine_pull))["status"] == "RUNNING"
        worker.give_up()
    async with working():
        await queue.until_empty()
    assert ((await shown(graph, world.engine_pull))["status"], reviewer.times) == ("COMPLETED", 2)


async def test_05_a_repository_that_is_deleted_meanwhile_leaves_nothing(
    graph: Graph, world: World, queue: Queue, working: Working, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone() -> None:
        async with graph.database.work(world.viewer("ada")) as work:
            await work.execute(delete(tables.Repository).where(tables.Repository.id == world.engine.id))

    monkeypatch.setitem(code_reviews.REVIEWERS, RULE_SET.name, Interrupted(gone))
    await done(graph, "ben", REQUEST, pullRequestId=world.engine_pull.public_id)
    async with working():
        await queue.until_empty()
    assert (
        await queue.value("SELECT count(*) FROM code_reviews WHERE reviewer = 'rules/1' AND status <> 'COMPLETED'") == 0
    )
    assert await queue.value("SELECT count(*) FROM queue.pgqueuer") == 0

"""Row 3: what GitHub tells of repositories comes to the same rows however it arrives, and nobody else tells anything.

`tests/db/ingestion` has every order of single messages, `tests/app/webhooks` what is refused.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from random import Random
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import Select, delete, insert, select

from app.settings import Settings
from app.webhooks.signatures import HEADER, signed
from app.work import Working
from db import tables
from db.access import GUEST
from db.actions import webhooks
from db.actions.webhooks import Delivery
from db.base import new_id
from db.demo.sources import Sources
from db.engine import Database
from db.queue.batches import MOST
from tests.app.oauth.fakes import running
from tests.app.rest import TOKEN, FakeGitHub, Shown, commits_of
from tests.app.serving import Served, serving
from tests.conftest import SECRET, Graph, NotingDatabase
from tests.db.actions.test_media import run
from tests.db.ingesting import found, keep
from tests.db.telling import issue, pull_request, pushed, release, review, sha
from tests.db.waiting import until
from tests.deadline import DEADLINE
from tests.graphql_schema.asking import add, change, done
from tests.graphql_schema.webhooks.test_mutations import REQUEST, SET_TOKEN
from tests.world import NOON, World

WORKERS = 2
SENDERS = 8
ROTATE = """
    mutation ($input: RotateWebhookSecretInput!) { rotateWebhookSecret(input: $input) { secret errors { code } } }
"""
ALL_PROJECTED = "SELECT NOT EXISTS (SELECT FROM webhook_events WHERE NOT is_processed AND repository_id = :repository)"
ALL_CLOSED = "SELECT NOT EXISTS (SELECT FROM ingestion_gaps WHERE is_open AND repository_id = :repository)"
PROJECTED = (
    tables.Repository,
    tables.PullRequest,
    tables.PullRequestReview,
    tables.Issue,
    tables.Commit,
    tables.Release,
)
IT_WAITS = """
    SELECT 1 FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database() AND query LIKE 'INSERT INTO releases%'
"""
OF_A_RUN = {"id", "created_at", "updated_at", "last_event_at", "pull_request_id", "repository_id"}
"""The columns that are others each time."""
HELLO = "Codertocat/Hello-World"


@pytest.fixture
async def served(database_url: str, redis_url: str) -> AsyncIterator[Served]:
    """The product over the small world: a server that GitHub tells, and two workers."""
    prefix = f"{uuid4().hex}:"
    settings = Settings(database_url=database_url, redis_url=redis_url, redis_prefix=prefix)
    async with AsyncExitStack() as running:
        host = await running.enter_async_context(serving(database_url, redis_url, redis_prefix=prefix))
        for _ in range(WORKERS):
            await running.enter_async_context(Working(settings))
        yield host


async def tell(served: Served, secret: str, messages: Sequence[tuple[str, str, Any]]) -> None:
    """Tell the server of messages, several at a time: again, if it has too much to do."""
    waiting = iter(messages)

    async def send() -> None:
        async with served.client() as client, asyncio.timeout(DEADLINE):
            for delivery, event, payload in waiting:
                body = orjson.dumps(payload)
                headers = {HEADER: signed(body, secret), "X-GitHub-Delivery": delivery, "X-GitHub-Event": event}
                status = 503
                while status == 503:
                    answer = await client.post("/webhooks/github/analytical", content=body, headers=headers)
                    status = answer.status_code
                assert status == 202, answer.text

    await asyncio.gather(*(send() for _ in range(SENDERS)))


async def rows(database: Database, repository: tables.Repository) -> dict[str, list[Any]]:
    """All that is known of a repository, but for what is another each time."""
    async with database.read() as reading:
        return {
            table.__tablename__: sorted(map(tuple, await reading.execute(_rows(table, repository.id))), key=repr)
            for table in PROJECTED
        }


def _rows(table: Any, repository: UUID) -> Select[Any]:
    columns = table.__table__.c
    shown = [column for column in columns if column.name not in OF_A_RUN]
    if table is tables.PullRequestReview:
        pulls = select(tables.PullRequest.id).where(tables.PullRequest.repository_id == repository)
        return select(*shown).where(columns.pull_request_id.in_(pulls))
    return select(*shown).where(columns["id" if table is tables.Repository else "repository_id"] == repository)


async def follow(database: Database, world: World) -> tables.Repository:
    """A repository that Analytical follows from now on."""
    repository = tables.Repository(organization_id=world.analytical.id, name="Hello-World", full_name=HELLO)
    await add(database, repository)
    return repository


async def secret_of(graph: Graph, world: World) -> str:
    return str((await done(graph, "ada", ROTATE, organizationId=world.analytical.public_id))["secret"])


@pytest.mark.usefixtures("patient")
async def test_03_what_github_told_ends_alike_in_any_order_and_however_often(
    served: Served, graph: Graph, world: World
) -> None:
    sent = [(one["delivery"], one["event"], one["payload"]) for one in Sources.read().webhooks]
    secret, database = await secret_of(graph, world), served.app.database
    ends = []
    for tripled in (False, True):
        repository = await follow(database, world)
        arriving = 3 * sent if tripled else sent
        if tripled:
            Random(3).shuffle(arriving)
        await tell(served, secret, [(f"{delivery}-{tripled}", *rest) for delivery, *rest in arriving])
        await until(database, ALL_PROJECTED, repository=repository.id)
        ends.append(await rows(database, repository))
        named = tables.WebhookEvent.delivery_id.like(f"%-{tripled}")
        assert len(await found(database, tables.WebhookEvent, named)) == len(sent)
        async with database.work(world.viewer("ada")) as work:
            await work.delete(await work.get(tables.Repository, repository.public_id, at="id", lock=True))
    assert ends[0] == ends[1]
    assert all(ends[0].values())


def history(numbers: range) -> list[tuple[str, str, Any]]:
    """What happens to many issues and pull requests, in order: each is changed twice, and three in four are ended."""
    told: list[tuple[str, Any]] = []
    for number in numbers:
        make, event = (issue, "issues") if number % 2 else (pull_request, "pull_request")
        told += [(event, make(number, minutes=0)), (event, make(number, minutes=1, title="Another title"))]
        if number % 4:
            told.append((event, make(number, minutes=2, state="closed", action="closed")))
        told.append(("push", pushed(number)))
        if number % 10 == 0:
            told += [("pull_request_review", review(number, pull=number)), ("release", release(f"{number}.0"))]
    return [(f"{at}-of-a-history-of-many", event, payload) for at, (event, payload) in enumerate(told)]


@pytest.mark.usefixtures("patient")
async def test_03_a_thousand_deliveries_shuffled_and_tripled_end_as_in_order_and_once(
    database: NotingDatabase, world: World
) -> None:
    sent, ends = history(range(4, 270)), []
    assert len(sent) >= 1_000
    for arriving in (sent, Random(9).sample(3 * sent, 3 * len(sent))):
        repository = await follow(database, world)
        about = {"full_name": HELLO, "id": 99}
        told = [
            Delivery(
                world.analytical.id, delivery, event, dumped(payload | {"repository": payload["repository"] | about})
            )
            for delivery, event, payload in arriving
        ]
        for at in range(0, len(told), MOST):
            async with database.work(GUEST) as work:
                await webhooks.keep(work, told[at : at + MOST])
        jobs = [("project_webhooks", {"repository": repository.public_id}), ("retry_webhooks", {})]
        await asyncio.gather(*(run(database, name, **given) for name, given in jobs))
        ends.append(await rows(database, repository) | {"gaps": await gaps(database, repository)})
        await change(database, repository, full_name=uuid4().hex + "/old", name=uuid4().hex, github_id=None)
        async with database.work(GUEST) as work:
            await work.execute(delete(tables.WebhookDelivery))
    assert ends[0] == ends[1]
    assert len(ends[0]["issues"]) == len(ends[0]["pull_requests"]) == 133


def dumped(payload: Any) -> str:
    return orjson.dumps(payload).decode()


async def gaps(database: Database, repository: tables.Repository) -> list[Any]:
    """What is missing in the end."""
    gap = tables.IngestionGap
    of_it = select(gap.kind, gap.after_sha, gap.first_number, gap.last_number)
    async with database.read() as reading:
        return sorted(map(tuple, await reading.execute(of_it.where(gap.repository_id == repository.id, gap.is_open))))


@pytest.mark.usefixtures("patient")
async def test_03_a_worker_that_is_killed_in_the_middle_leaves_nothing_half_done(
    database: NotingDatabase, database_url: str, redis_url: str, world: World
) -> None:
    """Somebody holds the place of a release, for which the worker waits when it is killed: all else is written then."""
    await keep(database, world, *((event, payload) for _, event, payload in history(range(4, 30))))
    place = {"repository_id": world.engine.id, "tag": "20.0", "published_at": NOON}
    async with database.engine.connect() as other:
        await other.execute(insert(tables.Release).values(id=new_id(), **place))
        killed = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app", "work"),
            env=os.environ | {"DATABASE_URL": database_url, "REDIS_URL": redis_url},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await until(database, f"SELECT EXISTS ({IT_WAITS})")
        killed.kill()
        await killed.wait()
        await until(database, f"SELECT NOT EXISTS ({IT_WAITS})")
    assert await found(database, tables.Issue, tables.Issue.number > 3) == []
    await run(database, "retry_webhooks")  # as any other worker does every minute
    assert await found(database, tables.WebhookEvent, ~tables.WebhookEvent.is_processed) == []
    counts = {
        table.__tablename__: len(await found(database, table, table.repository_id == world.engine.id))
        for table in (tables.Issue, tables.PullRequest, tables.Commit, tables.Release)
    }
    assert counts == {"issues": 13 + 1, "pull_requests": 13 + 1, "commits": 26 + 3, "releases": 2 + 1}


@pytest.mark.usefixtures("patient")
async def test_03_what_github_never_told_is_asked_for_and_its_gaps_are_closed(
    database_url: str, redis_url: str, graph: Graph, world: World
) -> None:
    async with AsyncExitStack() as running_:
        github = await running_.enter_async_context(running(FakeGitHub()))
        prefix = f"{uuid4().hex}:"
        served = await running_.enter_async_context(serving(database_url, redis_url, redis_prefix=prefix))
        settings = {"redis_prefix": prefix, "github_api": github.address, "secrets": (SECRET,)}
        await running_.enter_async_context(
            Working(Settings(database_url=database_url, redis_url=redis_url, **settings))
        )
        database, secret = served.app.database, await secret_of(graph, world)
        lost = range(6, 9)
        github.repositories["analytical/engine"] = Shown(
            {**pushed(1)["repository"]},
            {number: issue(number)["issue"] for number in lost},
            commits_of(map(pushed, range(1, 10))),
        )
        sent = [("issues", issue(number)) for number in (5, 9)] + [("push", pushed(number)) for number in (4, 9)]
        await tell(served, secret, [(f"lost-{at}", event, payload) for at, (event, payload) in enumerate(sent)])
        await until(database, ALL_PROJECTED, repository=world.engine.id)
        assert len(await gaps(database, world.engine)) >= 2
        await done(graph, "ada", SET_TOKEN, organizationId=world.analytical.public_id, token=TOKEN)
        await done(graph, "ada", REQUEST, repositoryId=world.engine.public_id)
        await until(database, ALL_CLOSED, repository=world.engine.id)
        issues = await found(database, tables.Issue, tables.Issue.number.in_(lost))
        assert [one.title for one in issues] == [f"Issue {number}" for number in lost]
        commits = await found(database, tables.Commit, tables.Commit.repository_id == world.engine.id)
        assert {one.sha for one in commits} == {sha(number) for number in range(1, 10)}

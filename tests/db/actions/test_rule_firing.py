"""What rules tell of: whatever meets them, as far as their owners see it, once, and not while they are silent."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from db import tables
from db.access import GUEST
from db.actions.notification_rules import notice_risk, noticed
from db.actions.rule_firing import look_at_rules
from db.engine import Database
from db.tables import (
    OrganizationRole,
    PullRequestState,
    ReviewState,
    ReviewStatus,
    RiskLevel,
    RuleTrigger,
    Sensitivity,
)
from tests.conftest import Graph
from tests.db.queue.conftest import Working
from tests.db.queue.waiting import Queue
from tests.graphql_schema.asking import add, change, done
from tests.graphql_schema.notification_rules.asking import UPDATE, deliveries, issue, made, news, notice, opened
from tests.world import NOON, World


@pytest.fixture(autouse=True)
async def quiet(database: Database) -> None:
    """The rules of the world tell nothing here."""
    async with database.work(GUEST) as work:
        await work.execute(update(tables.NotificationRule).values(is_active=False))


async def titles(graph: Graph, who: str) -> list[str]:
    return [one["title"] for one in await news(graph, who)]


async def pull(graph: Graph, repository: tables.Repository, number: int, **columns: Any) -> tables.PullRequest:
    """A pull request of a repository that nobody has noticed."""
    usual = {"title": f"Change {number}", "author_name": "grace", "head_sha": f"{number:040x}", "opened_at": NOON}
    found = tables.PullRequest(repository_id=repository.id, number=number, **usual | columns)
    await add(graph.database, found)
    return found


async def look(graph: Graph) -> None:
    """Look at what is looked at once a day."""
    async with graph.database.work(GUEST) as work:
        await look_at_rules.function(work)


async def test_the_owner_of_a_rule_is_notified_of_what_happens(graph: Graph, world: World) -> None:
    rule = (await made(graph, "ben"))["rule"]["id"]
    row = await opened(graph, world, "engine", 11, title="It smokes")
    assert await news(graph, "ben") == [
        {
            "title": "Issue #11 was opened in analytical/engine",
            "message": "It smokes",
            "data": {
                "ruleId": rule,
                "organizationId": world.analytical.public_id,
                "repositoryId": world.engine.public_id,
                "subjectId": row.public_id,
            },
        }
    ]
    (delivery,) = await deliveries(graph, "ben", rule)
    assert (delivery["channel"], delivery["status"], delivery["repository"]) == ("IN_APP", "SENT", {"name": "engine"})


@pytest.mark.parametrize(
    ("trigger", "conditions", "is_told"),
    [
        ("PULL_REQUEST_OPENED", {}, True),
        ("PULL_REQUEST_OPENED", {"author": "Grace", "branch": "main"}, True),
        ("PULL_REQUEST_OPENED", {"author": "ada"}, False),
        ("PULL_REQUEST_OPENED", {"branch": "next"}, False),
        ("PULL_REQUEST_MERGED", {}, False),
        ("ISSUE_OPENED", {}, False),
    ],
)
async def test_a_rule_tells_of_its_trigger_where_all_conditions_are_met(
    graph: Graph, world: World, trigger: str, conditions: dict[str, str], is_told: bool
) -> None:
    await made(graph, "ben", trigger=trigger, conditions=conditions)
    row = await pull(graph, world.engine, 11, base_branch="main")
    await notice(graph.database, RuleTrigger.PULL_REQUEST_OPENED, row)
    assert bool(await news(graph, "ben")) == is_told


async def test_a_label_is_one_of_those_of_the_issue(graph: Graph, world: World) -> None:
    await made(graph, "ben", conditions={"label": "bug"})
    await opened(graph, world, "engine", 11, labels=["idea", "bug"])
    await opened(graph, world, "engine", 12, labels=["buggy"])
    assert await titles(graph, "ben") == ["Issue #11 was opened in analytical/engine"]


async def test_every_trigger_of_a_row_tells_of_it(graph: Graph, world: World) -> None:
    for trigger in ("PULL_REQUEST_MERGED", "COMMIT_PUSHED"):
        await made(graph, "ben", trigger=trigger)
    row = await pull(graph, world.engine, 11, state=PullRequestState.MERGED, merged_at=NOON)
    await notice(graph.database, RuleTrigger.PULL_REQUEST_MERGED, row)
    async with graph.database.read() as session:
        found = select(tables.Commit).where(tables.Commit.repository_id == world.engine.id).limit(1)
        commit = (await session.scalars(found)).one()
    await notice(graph.database, RuleTrigger.COMMIT_PUSHED, commit)
    assert await titles(graph, "ben") == [
        "There is a commit in analytical/engine",
        "Pull request #11 was merged in analytical/engine",
    ]


@pytest.mark.parametrize(("score", "is_told"), [(49, False), (50, True)])
async def test_a_review_tells_of_a_pull_request_that_is_risky_enough(
    graph: Graph, world: World, queue: Queue, working: Working, score: int, is_told: bool
) -> None:
    await made(graph, "ben", trigger="RISK_AT_LEAST", conditions={"threshold": 50, "author": "grace"})
    row = await pull(graph, world.engine, 11)
    review = tables.CodeReview(
        pull_request_id=row.id,
        head_sha=row.head_sha,
        reviewer="rules/1",
        status=ReviewStatus.COMPLETED,
        risk_score=score,
        risk_level=RiskLevel.MEDIUM,
        completed_at=NOON,
    )
    await add(graph.database, review)
    for _ in range(2):
        await queue.add((notice_risk, {"review": review.public_id}))
        async with working():
            await queue.until_empty()
    told = ["Pull request #11 is risky in analytical/engine"] if is_told else []
    assert await titles(graph, "ben") == told


async def test_a_rule_for_one_repository_tells_of_that_alone(graph: Graph, world: World) -> None:
    await made(graph, "ada", repositoryId=world.vault.public_id)
    await opened(graph, world, "engine", 11)
    await opened(graph, world, "vault", 12)
    assert await titles(graph, "ada") == ["Issue #12 was opened in analytical/vault"]


async def test_nobody_is_told_of_a_repository_that_they_do_not_see(graph: Graph, world: World) -> None:
    for who in ("ada", "ben", "vera"):
        await made(graph, who)
    for number, (sensitivity, told) in enumerate(
        ((Sensitivity.SENSITIVE, ["ada", "ben"]), (Sensitivity.RESTRICTED, ["ada"])), start=20
    ):
        await change(graph.database, world.engine, sensitivity=sensitivity)
        before = {one: len(await news(graph, one)) for one in ("ada", "ben", "vera")}
        await opened(graph, world, "engine", number)
        assert [one for one in before if len(await news(graph, one)) > before[one]] == told


async def test_the_rule_of_somebody_who_has_another_role_now_tells_what_they_see_now(
    graph: Graph, world: World
) -> None:
    await made(graph, "ben")
    await change(graph.database, world.engine, sensitivity=Sensitivity.SENSITIVE)
    await change(graph.database, world.bens_membership, role=OrganizationRole.VIEWER)
    await opened(graph, world, "engine", 11)
    assert await news(graph, "ben") == []


async def test_an_administrator_of_the_platform_is_told_what_a_member_is(graph: Graph, world: World) -> None:
    await add(graph.database, tables.OrganizationMember(organization_id=world.analytical.id, user_id=world.root.id))
    await made(graph, "root")
    await opened(graph, world, "vault", 11)
    await opened(graph, world, "engine", 12)
    found = [one for one in await news(graph, "root") if one["title"].startswith("Issue")]
    assert [one["title"] for one in found] == ["Issue #12 was opened in analytical/engine"]


async def test_who_left_or_may_not_sign_in_is_told_nothing(graph: Graph, world: World) -> None:
    for who in ("ben", "vera"):
        await made(graph, who)
    async with graph.database.work(world.viewer("root")) as work:
        await work.delete(await work.get(tables.OrganizationMember, world.bens_membership.public_id, at="", lock=True))
    await change(graph.database, world.vera, is_active=False)
    await opened(graph, world, "engine", 11)
    async with graph.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(tables.DeliveryKey)) == 3  # of the world


async def test_what_is_noticed_again_is_told_once(graph: Graph, world: World) -> None:
    rule = (await made(graph, "ben", channels=["IN_APP", "EMAIL"]))["rule"]["id"]
    row = await opened(graph, world, "engine", 11)
    for _ in range(3):
        await notice(graph.database, RuleTrigger.ISSUE_OPENED, row)
    assert len(await news(graph, "ben")) == 1
    assert len(await deliveries(graph, "ben", rule)) == 2


async def test_what_is_noticed_by_many_at_once_is_told_once(graph: Graph, world: World) -> None:
    rule = (await made(graph, "ben", channels=["IN_APP", "EMAIL"]))["rule"]["id"]
    row = await issue(graph.database, world.engine, 11)
    await asyncio.gather(*(notice(graph.database, RuleTrigger.ISSUE_OPENED, row) for _ in range(100)))
    assert len(await news(graph, "ben")) == 1
    assert len(await deliveries(graph, "ben", rule)) == 2


async def test_of_a_hundred_things_at_once_a_rule_with_a_cooldown_tells_one(graph: Graph, world: World) -> None:
    rule = (await made(graph, "ben", cooldownSeconds=60))["rule"]["id"]
    rows = [await issue(graph.database, world.engine, number) for number in range(100, 200)]
    await asyncio.gather(*(notice(graph.database, RuleTrigger.ISSUE_OPENED, row) for row in rows))
    assert len(await deliveries(graph, "ben", rule)) == 1
    async with graph.database.work(GUEST) as work:
        await work.execute(
            update(tables.NotificationRule).values(silent_until=datetime.now(UTC) - timedelta(seconds=1))
        )
    await opened(graph, world, "engine", 200)
    await opened(graph, world, "engine", 201)
    assert len(await deliveries(graph, "ben", rule)) == 2


async def test_a_rule_that_has_no_cooldown_tells_of_a_hundred_things_at_once(graph: Graph, world: World) -> None:
    rule = (await made(graph, "ben"))["rule"]["id"]
    rows = [await issue(graph.database, world.engine, number) for number in range(100, 200)]
    await asyncio.gather(*(notice(graph.database, RuleTrigger.ISSUE_OPENED, row) for row in rows))
    async with graph.database.read() as session:
        marks = select(func.count()).select_from(tables.DeliveryKey).where(tables.DeliveryKey.event_key.like("ISSUE%"))
        assert await session.scalar(marks) == 100
    assert len({one["id"] for one in await deliveries(graph, "ben", rule)}) > 10


async def test_what_happens_is_told_by_the_rule_as_it_is_then(graph: Graph, world: World) -> None:
    rule = (await made(graph, "ben", conditions={"label": "bug"}))["rule"]["id"]
    row = await issue(graph.database, world.engine, 11)
    await done(graph, "ben", UPDATE, ruleId=rule, conditions={"label": "idea"})
    await notice(graph.database, RuleTrigger.ISSUE_OPENED, row)
    assert await news(graph, "ben") == []
    await done(graph, "ben", UPDATE, ruleId=rule, conditions={}, isActive=False)
    await notice(graph.database, RuleTrigger.ISSUE_OPENED, row)
    assert await news(graph, "ben") == []
    await done(graph, "ben", UPDATE, ruleId=rule, isActive=True)
    await notice(graph.database, RuleTrigger.ISSUE_OPENED, row)
    assert len(await news(graph, "ben")) == 1


async def test_what_is_undone_is_told_to_nobody(graph: Graph, world: World) -> None:
    await made(graph, "ben")
    row = await issue(graph.database, world.engine, 11)

    async def fail() -> None:
        async with graph.database.work(GUEST) as work:
            await noticed(work, RuleTrigger.ISSUE_OPENED, row, key=row.public_id)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await news(graph, "ben") == []
    await notice(graph.database, RuleTrigger.ISSUE_OPENED, row)
    assert len(await news(graph, "ben")) == 1


async def test_where_nobody_has_a_rule_noticing_costs_one_statement(graph: Graph, world: World) -> None:
    row = await issue(graph.database, world.engine, 11)
    statements: list[str] = []
    async with graph.database.work(GUEST) as work:
        execute = work.execute

        async def noted(statement: Any, *values: Any, **options: Any) -> Any:
            statements.append(str(statement))
            return await execute(statement, *values, **options)

        work.execute = noted
        await noticed(work, RuleTrigger.ISSUE_OPENED, row, key=row.public_id)
    assert len(statements) == 1


async def test_a_pull_request_to_which_nothing_happens_is_told_of_once_until_something_does(
    graph: Graph, world: World
) -> None:
    await made(graph, "ben", trigger="PULL_REQUEST_STALE", conditions={"threshold": 48})
    now = datetime.now(UTC)
    await pull(graph, world.engine, 11, state=PullRequestState.OPEN, opened_at=now - timedelta(hours=47))
    row = await pull(graph, world.engine, 12, state=PullRequestState.OPEN, opened_at=now - timedelta(hours=90))
    await pull(graph, world.engine, 13, state=PullRequestState.CLOSED, opened_at=now - timedelta(hours=90))
    for _ in range(2):
        await look(graph)
        assert await titles(graph, "ben") == ["Nothing happens to pull request #12 in analytical/engine"]
    await change(graph.database, row, source_updated_at=now - timedelta(hours=50))
    await look(graph)
    assert len(await news(graph, "ben")) == 2
    await change(graph.database, row, first_reviewed_at=now)
    await look(graph)
    assert len(await news(graph, "ben")) == 2


async def test_a_rule_with_a_cooldown_tells_the_next_day_of_what_it_has_not_told_yet(
    graph: Graph, world: World
) -> None:
    given = {"trigger": "PULL_REQUEST_STALE", "conditions": {"threshold": 48}, "cooldownSeconds": 60}
    rule = (await made(graph, "ben", **given))["rule"]["id"]
    for number in (11, 12):
        await pull(graph, world.engine, number, state=PullRequestState.OPEN)
    for day in (1, 2, 3):
        await look(graph)
        assert len(await deliveries(graph, "ben", rule)) == min(day, 2)
        async with graph.database.work(GUEST) as work:
            await work.execute(update(tables.NotificationRule).values(silent_until=None))


async def test_figures_are_of_the_last_seven_days_in_what_the_owner_sees_and_are_told_once_a_day(
    graph: Graph, world: World
) -> None:
    for who in ("ada", "ben"):
        for metric in ("PULL_REQUESTS_MERGED", "REVIEWS"):
            given = {"trigger": "METRIC_BELOW", "conditions": {"metric": metric, "threshold": 2}}
            await made(graph, who, name=metric.lower(), **given)
    recent = datetime.now(UTC) - timedelta(days=1)
    merged: dict[str, Any] = {"state": PullRequestState.MERGED, "merged_at": recent, "opened_at": NOON}
    await pull(graph, world.engine, 11, **merged)
    row = await pull(graph, world.vault, 12, **merged)
    await pull(graph, world.engine, 13, **merged | {"merged_at": recent - timedelta(days=7)})
    verdict: dict[str, Any] = {"reviewer_name": "ben", "state": ReviewState.APPROVED, "submitted_at": recent}
    for number in range(2):
        await add(graph.database, tables.PullRequestReview(pull_request_id=row.id, github_id=number, **verdict))
    for _ in range(2):
        await look(graph)
    assert sorted(await titles(graph, "ada")) == []
    assert sorted(await titles(graph, "ben")) == ["pull_requests_merged", "reviews"]
    assert "Pull requests that were merged of the last seven days: 1." in str(await news(graph, "ben"))


async def test_the_cycle_time_is_the_median_from_the_first_commit_on(graph: Graph, world: World) -> None:
    for threshold in (5, 6):
        given = {"trigger": "CYCLE_TIME_ABOVE", "conditions": {"threshold": threshold}}
        await made(graph, "ben", name=f"above {threshold}", **given)
    await look(graph)
    assert await news(graph, "ben") == []  # nothing was merged
    at = datetime.now(UTC) - timedelta(days=1)
    for number, hours in enumerate((1, 6, 50), start=11):
        began = at - timedelta(hours=hours)
        times = {"opened_at": at, "first_committed_at": began} if number == 12 else {"opened_at": began}
        await pull(graph, world.engine, number, state=PullRequestState.MERGED, merged_at=at, **times)
    await look(graph)
    assert await titles(graph, "ben") == ["above 5"]

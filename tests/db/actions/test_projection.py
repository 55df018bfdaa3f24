"""Messages become rows, whose authors are people where they are known, and all who listen hear of it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from db import tables
from db.outbox import OutboxEvent
from db.tables import DeliveryChannel, IssueState, PullRequestState, RuleTrigger
from tests.conftest import NotingDatabase
from tests.db.ingesting import Message, found, keep, now, project, tell
from tests.db.telling import issue, moment, pull_request, pushed, release, repository, review, sha
from tests.graphql_schema.asking import add, change
from tests.world import World


@pytest.fixture
async def known(database: NotingDatabase, world: World) -> World:
    """The world, in which Ben is known by his login."""
    await add(
        database,
        tables.Identity(kind=tables.IdentityKind.LOGIN, value="ben", user_id=world.ben.id),
    )
    return world


async def events(database: NotingDatabase, world: World) -> list[str]:
    """The kinds of what was told of Engine, but for what makes jobs."""
    async with database.read() as reading:
        topic = f"repository:{world.engine.id.hex}"
        kinds = select(OutboxEvent.kind).where(OutboxEvent.topic == topic).order_by(OutboxEvent.sequence)
        return [kind for kind in await reading.scalars(kinds) if kind != "WEBHOOKS_RECEIVED"]


async def test_a_push_brings_its_commits_and_moves_the_head(database: NotingDatabase, known: World) -> None:
    await tell(database, known, ("push", pushed(5)))
    [commit] = await found(database, tables.Commit, tables.Commit.sha == sha(5))
    assert (commit.repository_id, commit.author_id, commit.committed_at) == (known.engine.id, known.ben.id, moment(5))
    engine = await now(database, known.engine)
    assert (engine.head_sha, engine.pushed_at, engine.github_id) == (sha(5), moment(5), 7)
    assert engine.last_event_at is not None
    assert await events(database, known) == ["COMMITS_PUSHED"]


async def test_a_push_by_force_moves_the_head_and_what_was_there_stays(database: NotingDatabase, world: World) -> None:
    await tell(database, world, ("push", pushed(5)), ("push", pushed(9, before=5, forced=True)))
    assert (await now(database, world.engine)).head_sha == sha(9)
    assert len(await found(database, tables.Commit, tables.Commit.sha.in_([sha(5), sha(9)]))) == 2


async def test_an_older_push_that_comes_late_moves_no_head(database: NotingDatabase, world: World) -> None:
    await tell(database, world, ("push", pushed(6)), ("push", pushed(5)))
    assert (await now(database, world.engine)).head_sha == sha(6)


async def test_what_a_commit_changes_stays_as_an_import_has_counted_it(database: NotingDatabase, world: World) -> None:
    told = pushed(3)  # the world has it
    await tell(database, world, ("push", told))
    of_engine = tables.Commit.repository_id == world.engine.id, tables.Commit.sha == sha(3)
    [commit] = await found(database, tables.Commit, *of_engine)
    assert (commit.additions, commit.message) == (3, "Change 3 (#1)")
    assert await events(database, world) == []


async def test_an_issue_follows_what_is_told_of_it(database: NotingDatabase, known: World) -> None:
    await tell(
        database,
        known,
        ("issues", issue(5, labels=[{"name": "bug"}], assignee={"login": "ben"})),
        ("issues", issue(5, minutes=1, state="closed", action="closed")),
        ("issues", issue(5, minutes=0.5, title="older", action="edited")),
    )
    [row] = await found(database, tables.Issue, tables.Issue.number == 5)
    assert (row.state, row.closed_at, row.title) == (IssueState.CLOSED, moment(1), "Issue 5")
    assert (row.author_id, row.author_name, row.assignee_id) == (known.ben.id, "ben", None)
    assert await events(database, known) == ["ISSUE_CHANGED", "ISSUE_CHANGED"]


async def test_a_pull_request_is_reviewed_and_merged(database: NotingDatabase, known: World) -> None:
    await tell(
        database,
        known,
        ("pull_request_review", review(1, pull=5, minutes=3)),
        ("pull_request", pull_request(5)),
        ("pull_request_review", review(2, pull=5, minutes=2, state="commented", login="vera")),
        ("pull_request_review", review(3, pull=5, minutes=1, state="commented", login="ben")),
        ("pull_request", pull_request(5, minutes=4, state="closed", merged=True, action="closed")),
    )
    [pull] = await found(database, tables.PullRequest, tables.PullRequest.number == 5)
    assert (pull.state, pull.merged_at, pull.files_changed) == (PullRequestState.MERGED, moment(4), 1)
    assert (pull.author_id, pull.first_reviewed_at) == (known.ben.id, moment(2))
    reviews = await found(database, tables.PullRequestReview, tables.PullRequestReview.pull_request_id == pull.id)
    assert {(one.reviewer_name, one.state.name) for one in reviews} == {
        ("ada", "APPROVED"),
        ("vera", "COMMENTED"),
        ("ben", "COMMENTED"),
    }


async def test_a_release_is_published_and_taken_back(database: NotingDatabase, world: World) -> None:
    await tell(database, world, ("release", release("2.0")), ("release", release("2.0", minutes=1, action="deleted")))
    [row] = await found(database, tables.Release, tables.Release.tag == "2.0")
    assert row.deleted_at == moment(1)


async def test_a_repository_is_renamed_between_what_is_told_of_it(database: NotingDatabase, world: World) -> None:
    renamed = repository(full_name="analytical/machine", minutes=2, private=True, topics=["maths"])
    await tell(
        database,
        world,
        ("push", pushed(5)),
        ("repository", {"action": "renamed", "repository": renamed}),
        ("issues", issue(5) | {"repository": renamed}),
    )
    engine = await now(database, world.engine)
    assert (engine.full_name, engine.name, engine.is_private) == ("analytical/machine", "machine", True)
    assert engine.topics == ["maths"]
    [row] = await found(database, tables.Issue, tables.Issue.number == 5)
    assert row.repository_id == world.engine.id
    assert "REPOSITORY_CHANGED" in await events(database, world)


async def test_many_messages_at_once_end_as_one_after_the_other(database: NotingDatabase, world: World) -> None:
    told: list[tuple[str, Any]] = [
        ("issues", issue(number, minutes=minutes, title=f"{number} at {minutes}", action="edited"))
        for number in range(5, 9)
        for minutes in (3, 1, 2)
    ]
    await keep(database, world, *told)
    await project(database, world.engine)
    rows = await found(database, tables.Issue, tables.Issue.number >= 5)
    assert {row.title for row in rows} == {f"{number} at 3" for number in range(5, 9)}


async def test_an_issue_of_the_world_is_changed_by_what_is_newer(database: NotingDatabase, world: World) -> None:
    await change(database, world.engine_issue, source_updated_at=moment(5))
    await tell(database, world, ("issues", issue(2, minutes=4, title="older", action="edited")))
    assert (await now(database, world.engine_issue)).title == "It does not start"
    await tell(database, world, ("issues", issue(2, minutes=6, title="newer", action="edited")))
    assert (await now(database, world.engine_issue)).title == "newer"


async def rule(database: NotingDatabase, world: World, trigger: RuleTrigger) -> tables.NotificationRule:
    """A rule of Ada for what happens in Engine."""
    of = {"organization_id": world.analytical.id, "user_id": world.ada.id, "repository_id": world.engine.id}
    made = tables.NotificationRule(name="watch", trigger=trigger, channels=[DeliveryChannel.IN_APP], **of)
    await add(database, made)
    return made


async def told_by(database: NotingDatabase, made: tables.NotificationRule) -> list[str]:
    """The titles of what a rule has told."""
    deliveries = await found(database, tables.NotificationDelivery, tables.NotificationDelivery.rule_id == made.id)
    return [one.payload["data"]["title"] for one in deliveries]


LATELY = f"{datetime.now(UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"


@pytest.mark.parametrize(
    ("trigger", "message", "title"),
    [
        (
            RuleTrigger.PULL_REQUEST_OPENED,
            ("pull_request", pull_request(5, created_at=LATELY)),
            "Pull request #5 was opened in analytical/engine",
        ),
        (
            RuleTrigger.PULL_REQUEST_MERGED,
            ("pull_request", pull_request(5, state="closed", merged=True, action="closed", merged_at=LATELY)),
            "Pull request #5 was merged in analytical/engine",
        ),
        (
            RuleTrigger.ISSUE_OPENED,
            ("issues", issue(5, created_at=LATELY)),
            "Issue #5 was opened in analytical/engine",
        ),
        (
            RuleTrigger.COMMIT_PUSHED,
            ("push", pushed(5, commits=[pushed(5)["commits"][0] | {"timestamp": LATELY}])),
            "There is a commit in analytical/engine",
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, RuleTrigger) else "",
)
async def test_rules_tell_once_of_what_has_just_happened(
    database: NotingDatabase, world: World, trigger: RuleTrigger, message: Message, title: str
) -> None:
    made = await rule(database, world, trigger)
    await tell(database, world, message, message)
    assert await told_by(database, made) == [title]


async def test_rules_tell_nothing_of_what_comes_after_a_week(database: NotingDatabase, world: World) -> None:
    made = await rule(database, world, RuleTrigger.ISSUE_OPENED)
    await tell(database, world, ("issues", issue(5)))
    assert await told_by(database, made) == []


async def first_commit(database: NotingDatabase, number: int) -> datetime | None:
    """When the first commit of a pull request was written, as it is noted."""
    [row] = await found(database, tables.PullRequest, tables.PullRequest.number == number)
    at: datetime | None = row.first_committed_at
    return at


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)], ids=str)
async def test_the_first_commit_of_a_pull_request_is_the_first_that_was_pushed_to_its_branch(
    database: NotingDatabase, world: World, order: tuple[int, ...]
) -> None:
    messages: list[Message] = [
        ("push", pushed(5, branch="change-9")),
        ("push", pushed(7, branch="change-9")),
        ("pull_request", pull_request(9, minutes=8)),
    ]
    await tell(database, world, *(messages[place] for place in order))
    assert await first_commit(database, 9) == moment(5)


async def test_commits_that_an_earlier_pull_request_has_taken_along_are_none_of_the_next(
    database: NotingDatabase, world: World
) -> None:
    branch = {"ref": "next", "sha": sha(9)}
    await tell(
        database,
        world,
        ("push", pushed(5, branch="next")),
        ("pull_request", pull_request(9, minutes=6, state="closed", merged=True, action="closed", head=branch)),
        ("push", pushed(7, branch="next")),
        ("pull_request", pull_request(10, minutes=8, head=branch)),
    )
    assert [await first_commit(database, number) for number in (9, 10)] == [moment(5), moment(7)]


async def test_a_pull_request_to_whose_branch_nothing_was_pushed_has_no_first_commit(
    database: NotingDatabase, world: World
) -> None:
    await tell(database, world, ("push", pushed(5, branch="another")), ("pull_request", pull_request(9)))
    assert await first_commit(database, 9) is None

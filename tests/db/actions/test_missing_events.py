"""What deliveries never told is asked for, and comes to the rows that there would be if all had been told."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from structlog.testing import capture_logs

from db import tables
from db.actions.missing_events import MAX_QUESTIONS
from db.demo.sources import Sources
from tests.app.rest import TOKEN, FakeGitHub, Shown, answering, commits_of, hanging
from tests.conftest import NotingDatabase
from tests.db.asking_github import ask, entrust
from tests.db.ingesting import found, keep, now, project, tell
from tests.db.telling import at, issue, moment, pull_request, pushed, sha
from tests.db.waiting import until
from tests.graphql_schema.asking import change
from tests.systems.dev.test_03_webhooks import HELLO, follow, rows
from tests.world import World

ENGINE = "/repos/analytical/engine"
_gap = tables.IngestionGap
NONE_IS_OPEN = """
    SELECT NOT EXISTS (
        SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'
    )
"""
OPENED = [("issues", issue(number)) for number in (10, 12, 15)]


async def missing(database: NotingDatabase, repository: tables.Repository) -> list[Any]:
    """What is missing of a repository: commits by their sha, numbers by the first and the last."""
    gaps = await found(database, _gap, _gap.repository_id == repository.id, _gap.is_open)
    return [gap.after_sha or (gap.first_number, gap.last_number) for gap in gaps]


async def numbers(database: NotingDatabase, world: World) -> list[Any]:
    return sorted(one for one in await missing(database, world.engine) if isinstance(one, tuple))


async def gap_at(database: NotingDatabase, number: int) -> Any:
    [gap] = await found(database, _gap, _gap.first_number <= number, number <= _gap.last_number)
    return gap


async def titles(database: NotingDatabase) -> dict[int, str]:
    """The titles of the issues and pull requests that were told or asked for."""
    kinds = tables.Issue, tables.PullRequest
    return {row.number: row.title for kind in kinds for row in await found(database, kind, kind.number >= 10)}


async def organization(database: NotingDatabase, world: World) -> Any:
    return await now(database, world.analytical)


# --- all of it, over what GitHub really sends -------------------------------------------------------------------------


def real(event: str, action: str | None, ref: str | None = None) -> Any:
    """A real payload about Codertocat/Hello-World."""
    return next(
        one["payload"]
        for one in Sources.read().webhooks
        if (one["event"], one["action"], one["payload"].get("ref")) == (event, action, ref)
        and one["payload"]["repository"]["full_name"] == HELLO
    )


def numbered(name: str, number: int, **more: Any) -> Any:
    """A real issue or pull request under another number, as it begins."""
    payload = real("issues" if name == "issue" else name, "opened")
    told = {"number": number, "id": 900_000 + number, "title": f"The {number}th", **more}
    return payload | {name: payload[name] | told}


def on_master(number: int, before: str) -> Any:
    """A real push of one commit, which follows another one."""
    payload = real("push", None, "refs/heads/master")
    [commit] = payload["commits"]
    about = payload["repository"] | {"pushed_at": int(moment(number).timestamp())}
    changed = commit | {"id": sha(number), "timestamp": at(number), "message": f"Change {number} (#{number})"}
    return payload | {"before": before, "after": sha(number), "commits": [changed], "repository": about}


async def test_what_was_dropped_comes_to_the_same_rows_as_what_was_told(
    database: NotingDatabase, world: World, github: FakeGitHub
) -> None:
    sources = Sources.read().webhooks
    sent = [(one["event"], one["payload"]) for one in sources if (one["payload"].get("repository") or {}).get("id")]
    dropped = [
        ("issues", numbered("issue", 5, labels=[], state="closed", closed_at=at(3), updated_at=at(3))),
        ("pull_request", numbered("pull_request", 6)),
        ("push", on_master(51, real("push", None, "refs/heads/master")["after"])),
        ("push", on_master(52, sha(51))),
    ]
    behind = [("issues", numbered("issue", 7)), ("push", on_master(53, sha(52)))]
    shown = Shown(real("push", None, "refs/heads/master")["repository"])
    shown.numbers = {5: dropped[0][1]["issue"], 6: dropped[1][1]["pull_request"]}
    shown.commits = commits_of([real("push", None, "refs/heads/master"), dropped[2][1], dropped[3][1]])
    github.repositories[HELLO.lower()] = shown
    ends = list[dict[str, list[str]]]()
    for told in ([*sent, *dropped, *behind], [*sent, *behind]):
        repository = await follow(database, world)
        await keep(database, world, *told)
        await project(database, repository)
        if len(ends) == 1:
            assert sorted(map(str, await missing(database, repository))) == ["(3, 3)", "(5, 6)", sha(52)]
        await ask(database, github)
        assert await missing(database, repository) == []
        there = await rows(database, repository)
        ends.append({name: sorted(map(repr, given(name, some))) for name, some in there.items()})
        await change(database, repository, full_name=f"left/{len(ends)}", github_id=None)
    assert ends[0] == ends[1]


def given(table: str, some: list[Any]) -> list[Any]:
    """Rows without what the REST API does not give: how many files a commit in a list changes."""
    return [row[:-1] for row in some] if table == "commits" else some


# --- numbers ----------------------------------------------------------------------------------------------------------


async def test_numbers_come_as_issues_and_as_pull_requests(
    database: NotingDatabase, world: World, github: FakeGitHub
) -> None:
    await tell(database, world, *OPENED)
    github.repositories["analytical/engine"].numbers = {
        11: issue(11)["issue"],
        13: pull_request(13)["pull_request"],
        14: issue(14, state="closed")["issue"],
    }
    await ask(database, github)
    assert await numbers(database, world) == []
    assert await titles(database) == {
        **{number: f"Issue {number}" for number in (10, 11, 12, 14, 15)},
        13: "Pull request 13",
    }
    assert (await gap_at(database, 11)).requested_at is not None
    assert github.headers["accept"] == "application/vnd.github+json"


async def test_a_number_that_github_does_not_have_is_not_missing(
    database: NotingDatabase, world: World, github: FakeGitHub
) -> None:
    await tell(database, world, *OPENED)
    github.repositories["analytical/engine"].numbers = {14: None}
    github.answers[f"{ENGINE}/issues/14"] = answering(500)
    await ask(database, github)
    assert await numbers(database, world) == [(14, 14)]
    github.answers.clear()
    await ask(database, github)
    assert await numbers(database, world) == []
    assert set(await titles(database)) == {10, 12, 15}
    github.asked.clear()
    await ask(database, github, "request_missing_events_of", repository=world.engine.public_id)
    assert github.asked == []


async def test_a_repository_that_the_token_does_not_show_narrows_no_gap(
    database: NotingDatabase, world: World, github: FakeGitHub
) -> None:
    await tell(database, world, *OPENED)
    del github.repositories["analytical/engine"]
    await ask(database, github)
    assert await numbers(database, world) == [(11, 11), (13, 14)]
    gap = await gap_at(database, 11)
    assert gap.error == "GitHub shows no such repository to the token."
    assert gap.requested_at is not None


async def test_another_repository_that_has_its_name_by_now_fills_no_gap(
    database: NotingDatabase, world: World, github: FakeGitHub
) -> None:
    await tell(database, world, *OPENED)
    github.repositories["analytical/engine"].about["id"] = 8
    await ask(database, github)
    assert await numbers(database, world) == [(11, 11), (13, 14)]
    assert (await gap_at(database, 11)).error == "GitHub has another repository of this name."


async def test_what_came_meanwhile_and_is_newer_stays(
    database: NotingDatabase, world: World, github: FakeGitHub
) -> None:
    await tell(database, world, *OPENED)

    async def overtaken(_request: Request) -> Response:
        await tell(database, world, ("issues", issue(11, minutes=9, title="Newer", action="edited")))
        return JSONResponse(issue(11, minutes=1, title="Older")["issue"])

    github.answers[f"{ENGINE}/issues/11"] = overtaken
    await ask(database, github)
    assert (await titles(database))[11] == "Newer"


async def test_an_answer_that_makes_no_sense_holds_up_no_other(
    database: NotingDatabase, world: World, github: FakeGitHub
) -> None:
    await tell(database, world, *OPENED)
    senseless = issue(13)["issue"]
    del senseless["title"]
    github.repositories["analytical/engine"].numbers = {11: issue(11)["issue"], 13: senseless, 14: issue(14)["issue"]}
    await ask(database, github)
    assert await numbers(database, world) == [(13, 13)]
    gap = await gap_at(database, 13)
    assert (gap.error, gap.requested_at is not None) == ("title: Field required", True)


async def test_one_run_asks_for_so_much_and_the_next_for_the_rest(
    database: NotingDatabase, world: World, github: FakeGitHub
) -> None:
    await change(database, world.engine_gap, world.vault_gap, closed_at=func.now())
    await tell(database, world, ("issues", issue(10)), ("issues", issue(21 + MAX_QUESTIONS)))
    await ask(database, github)
    [(first, last)] = await numbers(database, world)
    assert (first, last) == (11 + MAX_QUESTIONS, 20 + MAX_QUESTIONS)
    await ask(database, github)
    assert await numbers(database, world) == []


# --- commits ----------------------------------------------------------------------------------------------------------


async def test_commits_between_two_that_are_known_come_and_the_newest_stays_so(
    database: NotingDatabase, world: World, github: FakeGitHub
) -> None:
    await tell(database, world, ("push", pushed(4)), ("push", pushed(17)))
    github.repositories["analytical/engine"].commits = commits_of(pushed(number) for number in range(1, 18))
    await ask(database, github)
    assert sha(16) not in await missing(database, world.engine)
    commit = tables.Commit
    there = await found(database, commit, commit.repository_id == world.engine.id)
    assert {one.sha for one in there} == {sha(number) for number in range(1, 18)}
    assert (await now(database, world.engine)).head_sha == sha(17)


async def test_commits_of_another_branch_begin_where_it_leaves_the_default_branch(
    database: NotingDatabase, world: World, github: FakeGitHub
) -> None:
    await tell(database, world, ("push", pushed(4)), ("push", pushed(17, branch="change-20")))
    await tell(database, world, ("pull_request", pull_request(20, minutes=60)))
    await change(database, world.engine_gap, closed_at=func.now())
    shown = github.repositories["analytical/engine"]
    shown.commits = commits_of([*map(pushed, range(1, 5)), *map(pushed, range(14, 18))])
    await ask(database, github)
    assert f"{ENGINE}/compare/{sha(4)}...{sha(16)}" in github.asked
    assert sha(16) not in await missing(database, world.engine)
    [pull] = await found(database, tables.PullRequest, tables.PullRequest.number == 20)
    assert pull.first_committed_at == moment(14)


async def test_history_that_was_rewritten_is_listed_from_its_end(
    database: NotingDatabase, world: World, github: FakeGitHub
) -> None:
    await tell(database, world, ("push", pushed(4)), ("push", pushed(17)))
    github.repositories["analytical/engine"].commits = commits_of(pushed(number) for number in (14, 15, 16, 17))
    await ask(database, github)
    assert sha(16) not in await missing(database, world.engine)
    commit = tables.Commit
    assert len(await found(database, commit, commit.repository_id == world.engine.id, commit.sha >= sha(14))) == 4


async def test_commits_that_github_does_not_have_are_not_missing(
    database: NotingDatabase, world: World, github: FakeGitHub
) -> None:
    await tell(database, world, ("push", pushed(4)), ("push", pushed(17)))
    await ask(database, github)
    assert await missing(database, world.engine) == []


async def test_answers_are_kept_beside_the_messages_and_say_nothing_of_when_github_told(
    database: NotingDatabase, world: World, github: FakeGitHub
) -> None:
    await tell(database, world, *OPENED)
    before = (await now(database, world.engine)).last_event_at
    github.repositories["analytical/engine"].numbers = {11: issue(11)["issue"]}
    await ask(database, github)
    event = tables.WebhookEvent
    [kept] = await found(database, event, event.delivery_id.like("requested-%"), event.event == "issues")
    assert (kept.is_processed, kept.action, kept.payload["issue"]["number"]) == (True, None, 11)
    assert (await now(database, world.engine)).last_event_at == before


# --- what GitHub refuses, and when it is asked again ------------------------------------------------------------------


async def test_without_a_token_nothing_is_asked(database: NotingDatabase, world: World, github: FakeGitHub) -> None:
    await entrust(database, world, None)
    await tell(database, world, *OPENED)
    await ask(database, github)
    assert github.asked == []
    assert (await gap_at(database, 11)).requested_at is None


async def test_a_token_that_is_refused_is_noted_and_tried_the_next_time(
    database: NotingDatabase, world: World, github: FakeGitHub
) -> None:
    await tell(database, world, *OPENED)
    github.token = "another"
    await ask(database, github)
    assert len(github.asked) == 1
    assert (await organization(database, world)).github_token_refused_at is not None
    assert (await gap_at(database, 11)).requested_at is None
    github.token = TOKEN
    await ask(database, github)
    assert (await organization(database, world)).github_token_refused_at is None
    assert await numbers(database, world) == []


async def test_another_token_that_was_given_meanwhile_is_not_the_one_that_was_refused(
    database: NotingDatabase, world: World, github: FakeGitHub
) -> None:
    async def refusing(_request: Request) -> Response:
        await entrust(database, world, "a better one")
        return JSONResponse({"message": "Bad credentials"}, 401)

    github.answers[""] = refusing
    await ask(database, github)
    assert (await organization(database, world)).github_token_refused_at is None


@pytest.mark.parametrize(
    ("status", "headers"),
    [(429, {"retry_after": "900"}), (403, {"x_ratelimit_remaining": "0", "x_ratelimit_reset": "in 900"})],
    ids=["retry-after", "reset"],
)
async def test_too_many_requests_wait_until_github_takes_others(
    database: NotingDatabase, world: World, github: FakeGitHub, status: int, headers: dict[str, str]
) -> None:
    await tell(database, world, *OPENED)
    until_then = int((datetime.now(UTC) + timedelta(seconds=900)).timestamp())
    given = {name: value.replace("in 900", str(until_then)) for name, value in headers.items()}
    github.answers[f"{ENGINE}/issues/11"] = answering(status, {"message": "API rate limit exceeded"}, **given)
    await ask(database, github)
    retry_at = (await organization(database, world)).github_retry_at
    assert timedelta(minutes=13) < retry_at - datetime.now(UTC) < timedelta(minutes=16)
    assert (await gap_at(database, 11)).requested_at is None
    github.asked.clear()
    github.answers.clear()
    await ask(database, github)
    assert github.asked == []
    await change(database, world.analytical, github_retry_at=func.now() - timedelta(seconds=1))
    await ask(database, github)
    assert await numbers(database, world) == []
    assert (await organization(database, world)).github_retry_at is None


async def test_the_last_request_that_github_takes_is_not_followed_by_another(
    database: NotingDatabase, world: World, github: FakeGitHub
) -> None:
    await tell(database, world, *OPENED)
    reset = int((datetime.now(UTC) + timedelta(minutes=30)).timestamp())
    github.spent = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(reset)}
    await ask(database, github)
    assert len(github.asked) == 1
    assert (await organization(database, world)).github_retry_at == datetime.fromtimestamp(reset, UTC)


@pytest.mark.parametrize(
    ("answer", "why"),
    [(answering(500), "GitHub answered 500."), (hanging, "GitHub took too long.")],
    ids=["500", "hanging"],
)
async def test_a_server_that_does_not_answer_is_left_until_the_next_time(
    database: NotingDatabase, world: World, github: FakeGitHub, answer: Any, why: str
) -> None:
    await change(database, world.engine_gap, world.vault_gap, closed_at=func.now())
    await tell(database, world, *OPENED)
    github.answers[f"{ENGINE}/issues/11"] = answer
    await ask(database, github, patience=2)
    assert github.asked == [ENGINE, f"{ENGINE}/issues/11"]
    gap = await gap_at(database, 11)
    assert (gap.error, gap.requested_at) == (why, None)
    await ask(database, github, patience=2)  # others before the one that failed
    assert await numbers(database, world) == [(11, 11)]
    github.answers.clear()
    await ask(database, github)
    assert await numbers(database, world) == []
    assert (await gap_at(database, 11)).error is None


async def test_what_the_token_may_not_read_keeps_nothing_else_from_being_asked_for(
    database: NotingDatabase, world: World, github: FakeGitHub
) -> None:
    await tell(database, world, *OPENED)
    github.answers[f"{ENGINE}/issues/11"] = answering(403, {"message": "Resource not accessible"})
    await ask(database, github)
    assert await numbers(database, world) == [(11, 11)]
    assert (await gap_at(database, 11)).error == "The token may not read this at GitHub."


async def test_what_github_did_not_give_is_asked_for_again_after_a_day(
    database: NotingDatabase, world: World, github: FakeGitHub
) -> None:
    await tell(database, world, *OPENED)
    shown = github.repositories.pop("analytical/engine")
    await ask(database, github)
    github.asked.clear()
    github.repositories["analytical/engine"] = shown
    await ask(database, github)
    assert github.asked == []
    gap = await gap_at(database, 11)
    await change(database, gap, requested_at=func.now() - timedelta(hours=25))
    await ask(database, github)
    assert await numbers(database, world) == [(13, 14)]


async def test_whoever_asks_by_hand_does_not_wait_for_that(
    database: NotingDatabase, world: World, github: FakeGitHub
) -> None:
    await tell(database, world, *OPENED)
    shown = github.repositories.pop("analytical/engine")
    await ask(database, github)
    github.repositories["analytical/engine"] = shown
    await ask(database, github, "request_missing_events_of", repository=world.engine.public_id)
    assert await numbers(database, world) == []


# --- kept whole -------------------------------------------------------------------------------------------------------


async def test_a_worker_that_is_killed_while_it_waits_has_no_transaction_open_and_doubles_nothing(
    database: NotingDatabase, world: World, github: FakeGitHub
) -> None:
    await tell(database, world, *OPENED)
    shown = github.repositories["analytical/engine"]
    shown.numbers = {number: issue(number)["issue"] for number in (11, 13, 14)}
    asked = asyncio.Event()

    async def silent(request: Request) -> Response:
        asked.set()
        return await hanging(request)

    github.answers[f"{ENGINE}/issues/14"] = silent
    worker = asyncio.create_task(ask(database, github))
    async with asyncio.timeout(20):
        await asked.wait()
    await until(database, NONE_IS_OPEN)
    worker.cancel()
    await asyncio.wait([worker])
    assert await numbers(database, world) == [(14, 14)]
    github.answers.clear()
    await ask(database, github)
    assert await numbers(database, world) == []
    assert set(await titles(database)) == {10, 11, 12, 13, 14, 15}
    event = tables.WebhookEvent
    assert len(await found(database, event, event.delivery_id.like("requested-%"), event.event == "issues")) == 3


@pytest.mark.parametrize("answer", [answering(500), answering(401), answering(200, {"number": 11})])
async def test_the_token_is_in_no_log(
    database: NotingDatabase, world: World, github: FakeGitHub, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    await tell(database, world, *OPENED)
    github.answers[f"{ENGINE}/issues/11"] = answer
    with capture_logs() as logged, caplog.at_level("DEBUG"):
        await ask(database, github)
    assert logged
    assert TOKEN not in str(logged) + caplog.text
    assert TOKEN not in repr(await found(database, tables.AuditLog))


async def test_a_token_that_cannot_be_opened_asks_nothing_and_is_told_of(
    database: NotingDatabase, world: World, github: FakeGitHub
) -> None:
    await change(database, world.analytical, github_token=b"broken")
    with capture_logs() as logged:
        await ask(database, github)
    assert [one["event"] for one in logged] == ["token of github cannot be opened"]
    assert github.asked == []

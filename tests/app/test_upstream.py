"""GitHub is asked in its own form, and what it answers of the token and of our requests is told apart."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from app import upstream
from app.upstream import GitHub
from db.outgoing import Unanswered
from db.upstream import Limited, TokenRefused, Withheld
from tests.app.oauth.fakes import running, silent
from tests.app.rest import TOKEN, FakeGitHub, Shown, answering, commits_of, hanging
from tests.db.telling import issue, pull_request, pushed, repository, sha

NAME = "analytical/engine"
AT = f"/repos/{NAME}"


@pytest.fixture
async def fake() -> AsyncIterator[FakeGitHub]:
    async with running(FakeGitHub()) as found:
        found.repositories[NAME] = Shown(repository())
        yield found


@pytest.fixture
async def github(fake: FakeGitHub) -> AsyncIterator[GitHub]:
    async with GitHub(fake.address, timeout=5) as found:
        yield found


async def test_a_request_has_the_token_and_the_version_of_the_api(fake: FakeGitHub, github: GitHub) -> None:
    assert (await github.repository(TOKEN, NAME))["id"] == 7
    sent = {name: fake.headers[name] for name in ("accept", "authorization", "x-github-api-version", "user-agent")}
    assert sent == {
        "accept": "application/vnd.github+json",
        "authorization": f"Bearer {TOKEN}",
        "x-github-api-version": "2022-11-28",
        "user-agent": "Trellis",
    }


async def test_a_repository_that_was_renamed_is_followed_and_nothing_to_another_server(
    fake: FakeGitHub, github: GitHub
) -> None:
    fake.answers["/repos/analytical/old"] = answering(301, location=f"{fake.address}{AT}")
    assert (await github.repository(TOKEN, "analytical/old"))["full_name"] == NAME
    async with running(FakeGitHub()) as other:
        fake.answers["/repos/analytical/old"] = answering(301, location=f"{other.address}{AT}")
        with pytest.raises(Withheld, match="answered 301"):
            await github.repository(TOKEN, "analytical/old")
        assert other.asked == []


async def test_a_number_is_an_issue_or_a_pull_request_or_nothing(fake: FakeGitHub, github: GitHub) -> None:
    told = issue(11)["issue"], pull_request(13)["pull_request"]
    fake.repositories[NAME].numbers = {11: told[0], 13: told[1], 14: None}
    fake.answers[f"{AT}/issues/15"] = answering(301, location=f"{fake.address}/repos/other/place/issues/1")
    assert await github.numbered(TOKEN, NAME, 11) == {"issue": told[0]}
    assert await github.numbered(TOKEN, NAME, 13) == {"pull_request": told[1]}
    for number in (12, 14, 15):
        assert await github.numbered(TOKEN, NAME, number) is None


async def test_where_issues_are_switched_off_there_are_pull_requests(fake: FakeGitHub, github: GitHub) -> None:
    told = pull_request(13)["pull_request"]
    fake.repositories[NAME].numbers = {13: told}
    fake.answers[f"{AT}/issues/13"] = answering(410, {"message": "Issues are disabled for this repo"})
    assert await github.numbered(TOKEN, NAME, 13) == {"pull_request": told}


async def test_what_is_hidden_from_the_token_is_not_taken_for_nothing(fake: FakeGitHub, github: GitHub) -> None:
    fake.answers[f"{AT}/issues"] = answering(404)
    with pytest.raises(Withheld):
        await github.numbered(TOKEN, NAME, 11)
    fake.repositories[NAME].numbers = {13: pull_request(13)["pull_request"]}
    fake.answers[f"{AT}/pulls/13"] = answering(404)
    with pytest.raises(Withheld):
        await github.numbered(TOKEN, NAME, 13)


async def test_commits_are_asked_for_page_by_page_the_oldest_first(fake: FakeGitHub, github: GitHub) -> None:
    fake.repositories[NAME].commits = commits_of(map(pushed, range(1, 252)))
    found = await github.between(TOKEN, NAME, sha(1), sha(251))
    assert found
    assert [one["sha"] for one in found] == [sha(number) for number in range(2, 252)]
    listed = await github.between(TOKEN, NAME, None, sha(150))
    assert listed
    assert [one["sha"] for one in listed] == [sha(number) for number in range(1, 151)]


async def test_of_very_many_commits_the_newest_are_asked_for(
    fake: FakeGitHub, github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "PAGES_AT_ONCE", 2)
    fake.repositories[NAME].commits = commits_of(map(pushed, range(1, 352)))
    for before, first in ((sha(1), 202), (None, 152)):
        found = await github.between(TOKEN, NAME, before, sha(351))
        assert found
        assert [found[0]["sha"], found[-1]["sha"]] == [sha(first), sha(351)]


async def test_commits_that_lie_before_the_one_that_is_known_are_listed(fake: FakeGitHub, github: GitHub) -> None:
    fake.repositories[NAME].commits = commits_of(map(pushed, range(1, 5)))
    found = await github.between(TOKEN, NAME, sha(4), sha(2))
    assert found
    assert [one["sha"] for one in found] == [sha(1), sha(2)]
    assert await github.between(TOKEN, NAME, sha(4), sha(9)) is None


def in_an_hour() -> str:
    """The moment as GitHub's headers have it."""
    return str(int((datetime.now(UTC) + timedelta(hours=1)).timestamp()))


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind", "says"),
    [
        (401, {"message": "Bad credentials"}, {}, TokenRefused, "refuses the token"),
        (403, {"message": "Resource not accessible by personal access token"}, {}, Withheld, "may not read"),
        (403, {"message": "You have exceeded a secondary rate limit"}, {}, Limited, "no more requests"),
        (403, {}, {"retry_after": "60"}, Limited, "no more requests"),
        (403, {}, {"x_ratelimit_remaining": "0"}, Limited, "no more requests"),
        (429, None, {}, Limited, "no more requests"),
        (500, None, {}, Unanswered, "answered 500"),
        (503, None, {}, Unanswered, "answered 503"),
        (200, [], {}, Withheld, "makes no sense"),
        (418, {}, {}, Withheld, "answered 418"),
    ],
)
async def test_an_answer_that_is_none_says_why(
    fake: FakeGitHub, github: GitHub, status: int, body: Any, headers: Any, kind: type[Unanswered], says: str
) -> None:
    fake.answers[""] = answering(status, body, **headers)
    with pytest.raises(Unanswered, match=says) as raised:
        await github.repository(TOKEN, NAME)
    assert type(raised.value) is kind


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "120"}, 120),
        ({}, 60),
        ({"retry_after": "Tue, 01 Dec 2026 00:00:00 GMT"}, 60),
        ({"retry_after": "9" * 40}, 86_400),
        ({"x_ratelimit_reset": "1"}, 0),
    ],
)
async def test_github_says_when_it_takes_requests_again(
    fake: FakeGitHub, github: GitHub, headers: Any, seconds: int
) -> None:
    fake.answers[""] = answering(429, **headers)
    with pytest.raises(Limited) as limited:
        await github.repository(TOKEN, NAME)
    waits = (limited.value.until - datetime.now(UTC)).total_seconds()
    assert seconds - 300 < waits <= seconds


async def test_github_says_the_moment_at_which_it_takes_requests_again(fake: FakeGitHub, github: GitHub) -> None:
    moment = in_an_hour()
    fake.answers[""] = answering(429, x_ratelimit_reset=moment)
    with pytest.raises(Limited) as limited:
        await github.repository(TOKEN, NAME)
    assert limited.value.until.timestamp() == int(moment)


async def test_behind_the_last_request_with_a_token_there_is_none_but_with_another(
    fake: FakeGitHub, github: GitHub
) -> None:
    fake.spent = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": in_an_hour()}
    await github.repository(TOKEN, NAME)
    with pytest.raises(Limited):
        await github.repository(TOKEN, NAME)
    fake.token = "another"
    await github.repository("another", NAME)
    assert len(fake.asked) == 2


async def test_a_server_that_says_nothing_is_left(fake: FakeGitHub) -> None:
    fake.answers[""] = hanging
    async with GitHub(fake.address, timeout=0.2) as github:
        with pytest.raises(Unanswered, match="took too long"):
            await github.repository(TOKEN, NAME)
    with silent() as address:
        async with GitHub(address, timeout=0.2) as github:
            with pytest.raises(Unanswered):
                await github.repository(TOKEN, NAME)


async def test_a_server_that_is_not_there_is_not_reached() -> None:
    async with GitHub("http://127.0.0.1:1") as github:
        with pytest.raises(Unanswered, match="could not be reached: ConnectError"):
            await github.repository(TOKEN, NAME)


async def test_an_answer_that_is_too_long_is_left(
    fake: FakeGitHub, github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "LARGEST", 100)
    with pytest.raises(Withheld, match="too long"):
        await github.repository(TOKEN, NAME)


async def test_an_answer_about_another_number_is_none(fake: FakeGitHub, github: GitHub) -> None:
    fake.answers[f"{AT}/issues/11"] = answering(200, issue(12)["issue"])
    with pytest.raises(Withheld, match="makes no sense"):
        await github.numbered(TOKEN, NAME, 11)


@pytest.mark.parametrize("name", ["../user", "analytical/..", "./x"])
async def test_a_name_leads_to_no_other_part_of_the_api(fake: FakeGitHub, github: GitHub, name: str) -> None:
    with pytest.raises(Withheld):
        await github.repository(TOKEN, name)
    assert fake.asked == []


async def test_a_character_that_no_text_can_have_is_replaced(fake: FakeGitHub, github: GitHub) -> None:
    async def with_nul(_request: Request) -> Response:
        return Response(b'{"number": 11, "title": "a\\u0000b \\\\u0000"}', media_type="application/json")

    fake.answers[f"{AT}/issues/11"] = with_nul
    found = await github.numbered(TOKEN, NAME, 11)
    assert found == {"issue": {"number": 11, "title": "a\ufffdb \\u0000"}}

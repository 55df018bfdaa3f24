"""Of many facts about a row the one stays that is last by its own time, in whichever order they come."""

from itertools import permutations
from typing import Any

import pytest

from db.ingestion.facts import COMMIT, ISSUE, PULL_REQUEST, RELEASE, REPOSITORY, REVIEW, Kind, last
from db.ingestion.messages import everything
from db.tables import IssueState, PullRequestState, ReviewState
from tests.db.telling import issue, moment, pull_request, pushed, release, repository, review


def end(kind: Kind, *messages: tuple[str, Any]) -> Any:
    """What stays of messages of one row, which is the same in every order, and however often each comes."""
    found = [_end(kind, order) for order in permutations(messages)]
    found += [_end(kind, [*order, *order[::-1]]) for order in permutations(messages)]
    assert all(one == found[0] for one in found)
    return found[0]


def _end(kind: Kind, messages: Any) -> Any:
    told = ((event, payload.get("action"), payload) for event, payload in messages)
    (fact,) = last(everything(told))[kind].values()
    return fact.values


def test_the_latest_time_of_the_object_itself_decides() -> None:
    texts = [("issues", issue(1, minutes=at, body=body, action="edited")) for at, body in enumerate("cba")]
    assert end(ISSUE, *texts)["body"] == "a"


def test_of_one_second_what_ends_it_stays() -> None:
    messages = ("issues", issue(1, state="closed", action="closed")), ("issues", issue(1, title="zzz"))
    assert end(ISSUE, *messages)["state"] is IssueState.CLOSED


def test_of_one_second_that_says_two_things_it_is_always_the_same() -> None:
    assert end(ISSUE, *(("issues", issue(1, title=title)) for title in "abc"))["title"] == "c"


def test_an_issue_that_is_opened_again_is_open_and_was_never_closed() -> None:
    again = issue(1, minutes=2, action="reopened")
    again["issue"]["closed_at"] = "2026-01-01T00:00:00Z"
    found = end(ISSUE, ("issues", issue(1, minutes=1, state="closed", action="closed")), ("issues", again))
    assert (found["state"], found["closed_at"]) == (IssueState.OPEN, None)


@pytest.mark.parametrize("action", ["deleted", "transferred"])
def test_an_issue_that_is_gone_stays_gone_and_nothing_of_its_text_is_kept(action: str) -> None:
    told = [issue(1), issue(1, minutes=1, action="edited"), issue(1, minutes=2, action=action, body="secret")]
    found = end(ISSUE, *(("issues", one) for one in told))
    assert (found["deleted_at"], found["title"], found["body"]) == (moment(2), "", None)


def test_what_does_not_count_its_files_never_comes_before_what_does() -> None:
    found = end(PULL_REQUEST, ("pull_request", pull_request(1)), ("pull_request_review", review(1, pull=1, minutes=9)))
    assert found["files_changed"] == 1


def test_a_pull_request_of_which_reviews_alone_are_known_is_there_all_the_same() -> None:
    found = end(PULL_REQUEST, *(("pull_request_review", review(1, pull=1, minutes=minutes)) for minutes in (1, 2)))
    assert (found["source_updated_at"], found["files_changed"]) == (moment(2), None)


@pytest.mark.parametrize(("merged", "state"), [(True, PullRequestState.MERGED), (False, PullRequestState.CLOSED)])
def test_a_pull_request_is_merged_or_closed(merged: bool, state: PullRequestState) -> None:
    done = pull_request(1, minutes=3, state="closed", merged=merged, action="closed")
    assert end(PULL_REQUEST, ("pull_request", pull_request(1)), ("pull_request", done))["state"] is state


def test_a_review_that_was_dismissed_in_the_second_of_its_verdict_stays_dismissed() -> None:
    told = review(1, pull=1), review(1, pull=1, state="dismissed", action="dismissed")
    assert end(REVIEW, *(("pull_request_review", one) for one in told))["state"] is ReviewState.DISMISSED


def test_a_review_that_nobody_has_sent_yet_is_none() -> None:
    told = [("pull_request_review", "submitted", review(1, pull=1, state="pending"))]
    assert last(everything(told))[REVIEW] == {}


def test_a_tag_that_was_taken_back_and_given_again_is_a_release() -> None:
    told = release("1.0"), release("1.0", minutes=1, action="deleted"), release("1.0", minutes=2)
    assert end(RELEASE, *(("release", one) for one in told))["deleted_at"] is None


def test_a_draft_is_no_release() -> None:
    assert last(everything([("release", "created", release("1.0", draft=True))]))[RELEASE] == {}


def test_a_repository_has_its_last_name_and_is_archived_as_it_was_last() -> None:
    names = ["analytical/engine", "analytical/machine", "other/machine"]
    told = [{"repository": repository(full_name=name, minutes=at, archived=at == 2)} for at, name in enumerate(names)]
    found = end(REPOSITORY, *(("repository", one) for one in told))
    assert (found["full_name"], found["archived_at"]) == ("other/machine", moment(2))


def test_a_commit_is_what_it_is() -> None:
    found = end(COMMIT, ("push", pushed(5)), ("push", pushed(5, branch="release")))
    assert (found["message"], found["files_changed"], found["author_username"]) == ("Change 5", 2, "ben")


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("Mend it (#12)", 12),
        ("Mend it (#12)\n\nand more (#13)", 12),
        ("Merge pull request #7 from ben/change", 7),
        ("Mend #12", None),
        ("(#12) was wrong", None),
        ("Mend it (#99999999999)", None),
    ],
)
def test_a_commit_names_a_pull_request_as_github_writes_it(message: str, number: int | None) -> None:
    told = pushed(5)
    told["commits"][0]["message"] = message
    assert end(COMMIT, ("push", told))["pull_request_number"] == number

"""Every real message is read, and what makes no sense is found before anything is done with it."""

from typing import Any

import pytest
from pydantic import ValidationError

from db.demo.sources import Sources
from db.ingestion.facts import COMMIT, HEAD
from db.ingestion.messages import READERS, said
from tests.db.telling import issue, pull_request, pushed, sha


def test_every_real_message_of_a_kind_that_is_read_makes_sense() -> None:
    read = [
        said(one["event"], one["action"], one["payload"]) for one in Sources.read().webhooks if one["event"] in READERS
    ]
    assert len(read) > 80
    assert {fact.kind.table.__tablename__ for one in read for fact in one.facts} == {
        "repositories",
        "pull_requests",
        "pull_request_reviews",
        "issues",
        "commits",
        "releases",
    }


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("issues", {}),
        ("issues", {"issue": None}),
        ("issues", issue(1, number="one")),
        ("issues", issue(1, number=-1)),
        ("issues", issue(1, number=2**31)),
        ("issues", issue(1, updated_at="yesterday")),
        ("issues", issue(1, updated_at="2026-01-01T00:00:00")),
        ("issues", issue(1, state="half")),
        ("pull_request", {"pull_request": []}),
        ("pull_request", pull_request(1, head=None)),
        ("push", pushed(5) | {"after": "HEAD"}),
        ("push", pushed(5) | {"commits": [{"id": sha(5)}]}),
        ("repository", {"repository": {"id": 7}}),
        ("release", {"release": {"tag_name": "x" * 256}}),
    ],
    ids=range(14),
)
def test_what_makes_no_sense_is_found(event: str, payload: Any) -> None:
    with pytest.raises(ValidationError):
        said(event, "opened", payload)


def test_a_push_of_a_tag_and_the_end_of_a_branch_say_nothing() -> None:
    for told in (pushed(5) | {"ref": "refs/tags/1.0"}, pushed(5) | {"after": "0" * 40}):
        assert said("push", None, told).facts == []


def test_a_push_to_another_branch_moves_no_head() -> None:
    found = said("push", None, pushed(5, branch="change")).facts
    assert [fact.kind for fact in found] == [COMMIT]
    assert [fact.kind for fact in said("push", None, pushed(5)).facts] == [COMMIT, HEAD]


def test_who_has_gone_has_the_name_that_github_shows() -> None:
    (fact,) = said("issues", "opened", issue(1, user=None)).facts
    assert (fact.values["author_name"], fact.people["author_id"]) == ("ghost", None)


def test_a_pull_request_is_no_issue() -> None:
    assert said("issues", "milestoned", issue(1, pull_request={"url": "https://example.com"})).facts == []

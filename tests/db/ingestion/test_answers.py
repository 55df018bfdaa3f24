"""Answers of the REST API say of rows what messages say."""

from typing import Any

import pytest
from pydantic import ValidationError

from db.ingestion.answers import of_number, of_push
from db.ingestion.facts import COMMIT
from db.ingestion.messages import said
from db.ingestion.shapes import Named
from tests.app.rest import commits_of
from tests.db.telling import issue, pull_request, pushed, sha

ABOUT = Named(id=7, full_name="analytical/engine", default_branch="main")


@pytest.mark.parametrize(
    ("name", "event", "told"), [("issue", "issues", issue(11)), ("pull_request", "pull_request", pull_request(13))]
)
def test_a_number_is_what_a_message_about_it_says(name: str, event: str, told: Any) -> None:
    kind, action, payload = of_number({name: told[name]}, ABOUT)
    assert (kind, action, payload["repository"]["id"]) == (event, None, 7)
    [asked], [sent] = said(kind, action, payload).facts, said(event, "edited", told).facts
    assert (asked.key, asked.values, asked.people) == (sent.key, sent.values, sent.people)


def test_a_number_does_not_begin_when_it_is_asked_for() -> None:
    assert said(*of_number({"issue": issue(11)["issue"]}, ABOUT)).began is None


def test_commits_are_those_of_a_push_but_for_their_files() -> None:
    found = said(*of_push("main", sha(4), commits_of([pushed(4)]), ABOUT))
    [asked], [sent] = found.facts, [fact for fact in said("push", None, pushed(4)).facts if fact.kind is COMMIT]
    assert asked.values == {**sent.values, "files_changed": 0}
    assert (asked.key, asked.people) == (sent.key, sent.people)
    assert (found.pushed, found.went_on) == ("main", None)


def test_a_commit_of_somebody_without_an_account_has_no_login() -> None:
    [listed] = commits_of([pushed(4)])
    authors: tuple[Any, ...] = (None, {})
    for author in authors:
        [fact] = said(*of_push("main", sha(4), [listed | {"author": author}], ABOUT)).facts
        assert fact.values["author_username"] is None


def test_what_is_no_commit_is_not_read() -> None:
    with pytest.raises(ValidationError):
        of_push("main", sha(4), [{"sha": "no"}], ABOUT)

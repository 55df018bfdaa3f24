"""Messages as GitHub sends them, about things that tests name by their numbers."""

from datetime import datetime, timedelta
from typing import Any

from tests.world import NOON

Payload = dict[str, Any]


def at(minutes: float) -> str:
    """A time so many minutes after noon, as GitHub writes it."""
    return f"{(NOON + timedelta(minutes=minutes)).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def sha(number: int) -> str:
    return f"{number:040x}"


def repository(*, full_name: str = "analytical/engine", minutes: float = 0, **more: Any) -> Payload:
    """A repository, as it is at a time."""
    found = {"id": 7, "name": full_name.partition("/")[2], "full_name": full_name, "private": False}
    return {**found, "default_branch": "main", "updated_at": at(minutes), "pushed_at": at(minutes), **more}


def pushed(number: int, *, before: int | None = None, branch: str = "main", **more: Any) -> Payload:
    """A push of one commit, which follows another one: the one of the number before."""
    commit = {
        "id": sha(number),
        "message": f"Change {number}",
        "timestamp": at(number),
        "author": {"name": "Ben", "email": "ben@example.com", "username": "ben"},
        "modified": ["a.txt", "b.txt"],
    }
    follows = number - 1 if before is None else before
    return {
        "ref": f"refs/heads/{branch}",
        "before": sha(follows),
        "after": sha(number),
        "commits": [commit],
        "repository": repository(minutes=number),
        **more,
    }


def issue(named: int, *, minutes: float = 0, state: str = "open", action: str = "opened", **more: Any) -> Payload:
    """An issue, as it is at a time."""
    told = {
        "id": 1_000 + named,
        "number": named,
        "title": f"Issue {named}",
        "state": state,
        "user": {"login": "ben"},
        "created_at": at(0),
        "updated_at": at(minutes),
        "closed_at": at(minutes) if state == "closed" else None,
        **more,
    }
    return {"action": action, "issue": told, "repository": repository()}


def pull_request(
    number: int, *, minutes: float = 0, state: str = "open", merged: bool = False, action: str = "opened", **more: Any
) -> Payload:
    """A pull request, as it is at a time."""
    ended = at(minutes) if state == "closed" else None
    told = {
        "id": 2_000 + number,
        "number": number,
        "title": f"Pull request {number}",
        "state": state,
        "user": {"login": "ben"},
        "head": {"ref": f"change-{number}", "sha": sha(100 + number)},
        "base": {"ref": "main", "sha": sha(1)},
        "created_at": at(0),
        "updated_at": at(minutes),
        "closed_at": ended,
        "merged_at": ended if merged else None,
        "additions": 5,
        "deletions": 2,
        "changed_files": 1,
        **more,
    }
    return {"action": action, "pull_request": told, "repository": repository()}


def review(
    number: int,
    *,
    pull: int,
    minutes: float = 1,
    state: str = "approved",
    login: str = "ada",
    action: str = "submitted",
) -> Payload:
    """A review of a pull request; what it would change is not counted there."""
    payload = pull_request(pull, minutes=minutes)
    for name in ("additions", "deletions", "changed_files"):
        del payload["pull_request"][name]
    told = {"id": 3_000 + number, "user": {"login": login}, "state": state, "submitted_at": at(minutes)}
    return {**payload, "action": action, "review": told}


def release(tag: str, *, minutes: float = 0, action: str = "published", **more: Any) -> Payload:
    """A release, as it is at a time."""
    told = {"tag_name": tag, "name": f"Release {tag}", "created_at": at(0), "published_at": at(minutes), **more}
    return {"action": action, "release": told, "repository": repository()}


def moment(minutes: float) -> datetime:
    """The same time as `at`."""
    return NOON + timedelta(minutes=minutes)

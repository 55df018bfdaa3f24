"""Answers of GitHub's REST API in the shape of its messages, so that both are read alike.

They have no action: nothing happens now, and nobody was told of it then.
"""

from collections.abc import Sequence

from db.base import Json
from db.ingestion.shapes import NOTHING, Listed, Named

Message = tuple[str, None, Json]
"""The kind of an event, no action, and a payload."""


def of_number(found: Json, about: Named) -> Message:
    """An `issue` or a `pull_request` of a repository as a message."""
    event = "pull_request" if "pull_request" in found else "issues"
    return event, None, {**found, "repository": about.model_dump()}


def of_push(branch: str, after: str, commits: Sequence[Json], about: Named) -> Message:
    """Commits up to one as the push that nobody told of. It does not say when that was: later ones are known.

    Raises ValidationError for what are no commits.
    """
    payload = {
        "ref": f"refs/heads/{branch}",
        "before": NOTHING,
        "after": after,
        "commits": [_commit(Listed.model_validate(one)) for one in commits],
        "repository": about.model_dump(),
    }
    return "push", None, payload


def _commit(listed: Listed) -> Json:
    author = listed.commit.author
    return {
        "id": listed.sha,
        "message": listed.commit.message,
        "timestamp": listed.commit.committer.date.isoformat(),
        "author": {
            "name": author.name,
            "email": author.email,
            "username": listed.author.login if listed.author else None,
        },
    }

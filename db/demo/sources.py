"""The files that the demo data come from: public material under open licences, described in data/README.md."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import orjson

Record = dict[str, Any]

_DATA = Path(__file__).with_name("data")


@dataclass(frozen=True, slots=True)
class Sources:
    """Every record of every file, as it stands there."""

    projects: list[Record]
    remarks: list[Record]
    reviews: list[Record]
    courses: list[Record]
    modules: list[Record]
    repositories: list[Record]
    contributors: list[Record]
    commits: list[Record]
    pull_requests: list[Record]
    releases: list[Record]
    days: list[Record]
    webhooks: list[Record]

    @classmethod
    def read(cls) -> Self:
        """Read them all: about ten megabytes."""
        return cls(
            projects=_array("spec_projects.json"),
            remarks=_array("spec_remarks.json"),
            reviews=_array("review_threads.json"),
            courses=_array("courses.json"),
            modules=_array("learning_modules.json"),
            repositories=_array("repositories.json"),
            contributors=_lines("repo_contributors.jsonl"),
            commits=_lines("repo_commits.jsonl"),
            pull_requests=_lines("repo_pull_requests.jsonl"),
            releases=_lines("repo_releases.jsonl"),
            days=_lines("repo_daily_metrics.jsonl"),
            webhooks=_lines("github_webhooks.jsonl"),
        )


def moment(text: str) -> datetime:
    """The time that a source wrote down, in UTC; a date alone is its midnight."""
    time = datetime.fromisoformat(text)
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _array(name: str) -> list[Record]:
    records: list[Record] = orjson.loads((_DATA / name).read_bytes())
    return records


def _lines(name: str) -> list[Record]:
    return [orjson.loads(line) for line in (_DATA / name).read_bytes().splitlines()]

"""Reviews of the newest pull requests of repositories, by the rules that come with Trellis."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from db import tables
from db.actions.code_reviews import level_of
from db.code_reviewing import RULE_SET, Change, review
from db.demo.rows import Row, as_json, row
from db.tables import ReviewStatus

NEWEST = 50
"""Pull requests of a repository that are reviewed."""


def reviewed(pulls: Sequence[Row]) -> Iterator[Row]:
    """The reviews of the newest pull requests of a repository, of which no source has the words or the files."""
    merged = defaultdict[str, list[datetime]](list)
    for at, name in sorted((pull["merged_at"], pull["author_name"]) for pull in pulls if pull["merged_at"]):
        merged[name].append(at)
    for pull in sorted(pulls, key=lambda pull: (pull["opened_at"], pull["number"]))[-NEWEST:]:
        yield _review(pull, bisect_left(merged[pull["author_name"]], pull["opened_at"]))


def _review(pull: Row, merged_before: int) -> Row:
    at = pull["opened_at"]
    numbers = {name: pull[name] for name in ("additions", "deletions", "files_changed")}
    history = {"merged_before": merged_before, "declined_before": 0}
    verdict = review(Change(title=pull["title"], body=None, paths=frozenset(), pushed_at=at, **numbers, **history))
    return row(
        tables.CodeReview,
        pull["id"].hex,
        at=at,
        pull_request_id=pull["id"],
        head_sha=pull["head_sha"],
        reviewer=RULE_SET.name,
        status=ReviewStatus.COMPLETED,
        risk_score=verdict.risk_score,
        risk_level=level_of(verdict.risk_score),
        findings=as_json([finding.model_dump(mode="json", exclude_none=True) for finding in verdict.findings]),
        summary=verdict.summary,
        completed_at=at,
    )

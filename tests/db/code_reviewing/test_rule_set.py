"""The rules for changes: what each finds, with which points, and what they say of what nobody has told."""

from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from db.code_reviewing import RULE_SET, Change, review
from db.code_reviewing.paths import CODE, GENERATED, SENSITIVE, TESTS
from db.code_reviewing.rule_set import SENSITIVE_POINTS
from db.tables import Severity
from tests.markdown import ROOT

CALM = Change(
    title="Mend it",
    body="It did not start.",
    additions=10,
    deletions=5,
    files_changed=2,
    paths=frozenset({"app/start.py", "tests/app/test_start.py"}),
    pushed_at=datetime(2026, 3, 4, 15, tzinfo=UTC),
    merged_before=12,
    declined_before=1,
)


def found(**values: Any) -> dict[str, int]:
    """The points of each rule that finds something in the calm change with other values."""
    points: dict[str, int] = {}
    for finding in review(replace(CALM, **values)).findings:
        points[finding.rule] = points.get(finding.rule, 0) + finding.points
    return points


def test_a_small_change_with_tests_by_somebody_known_has_no_points() -> None:
    verdict = review(CALM)
    assert (verdict.risk_score, verdict.findings, verdict.summary) == (0, (), "Nothing was found.")


@pytest.mark.parametrize(("lines", "points"), [(200, 0), (201, 10), (400, 10), (401, 20), (1_000, 20), (1_001, 30)])
def test_more_lines_have_more_points(lines: int, points: int) -> None:
    assert found(additions=lines, deletions=0).get("size/lines", 0) == points
    assert found(additions=lines - 1, deletions=1).get("size/lines", 0) == points


@pytest.mark.parametrize(("number", "points"), [(10, 0), (11, 5), (20, 5), (21, 10), (50, 10), (51, 15)])
def test_more_files_have_more_points(number: int, points: int) -> None:
    assert found(files_changed=number).get("size/files", 0) == points


SOME = {
    "who may do what": "src/auth/session.ts",
    "secrets": "deploy/.env.production",
    "money": "app/billing/plan.py",
    "the schema of data": "db/migrations/0001_initial.py",
    "builds and releases": ".github/workflows/release.yml",
    "what it depends on": "pyproject.toml",
}


@pytest.mark.parametrize(("about", "path"), SOME.items())
def test_a_file_of_each_sensitive_kind_has_points_once(about: str, path: str) -> None:
    paths = frozenset({path, f"more/{path}", "tests/test_it.py"})
    findings = review(replace(CALM, paths=paths, files_changed=3)).findings
    sensitive = [one for one in findings if one.rule == "paths/sensitive"]
    assert [(one.points, one.message) for one in sensitive] == [(SENSITIVE_POINTS, f"It changes files about {about}.")]


def test_sensitive_files_of_many_kinds_have_so_many_points_at_most() -> None:
    assert found(paths=frozenset({*SOME.values(), "tests/test_it.py"}), files_changed=7)["paths/sensitive"] == 45


@pytest.mark.parametrize("path", ["app/authors.py", "docs/tokenizer.md", "accessible/menu.tsx", "src/sessionless.go"])
def test_a_word_within_a_word_is_not_sensitive(path: str) -> None:
    assert not any(pattern.search(path) for pattern in SENSITIVE.values())


@pytest.mark.parametrize(
    "path", ["tests/a.py", "src/a.test.ts", "pkg/a_test.go", "app/test_a.py", "web/__tests__/a.js"]
)
def test_tests_are_known_by_their_paths(path: str) -> None:
    assert TESTS.search(path)
    assert "code/untested" not in found(paths=frozenset({"app/start.py", path}))


def test_code_without_a_test_has_points_and_words_have_none() -> None:
    assert found(paths=frozenset({"app/start.py", "README.md"}))["code/untested"] == 20
    assert "code/untested" not in found(paths=frozenset({"docs/start.md", "README.md"}))


def test_messages_count_one_file_as_one() -> None:
    verdict = review(replace(CALM, files_changed=2, paths=frozenset({"app/start.py", "package-lock.json"})))
    assert [one.message for one in verdict.findings] == [
        "It changes 1 file of code, and no test.",
        "Programs write 1 file of it, which nobody reads line by line.",
    ]


@pytest.mark.parametrize("path", ["yarn.lock", "web/dist/app.js", "api/service_pb2.py", "vendor/lib/a.go"])
def test_what_programs_write_is_found_and_takes_part_in_no_other_rule(path: str) -> None:
    assert GENERATED.search(path)
    assert not CODE.search("yarn.lock")
    assert found(paths=frozenset({path, "docs/start.md"})) == {"files/generated": 5}


@pytest.mark.parametrize(
    ("at", "points"),
    [
        (datetime(2026, 3, 4, 5, 59, tzinfo=UTC), 5),
        (datetime(2026, 3, 4, 6, tzinfo=UTC), 0),
        (datetime(2026, 3, 7, 15, tzinfo=UTC), 5),
        (datetime(2026, 3, 6, 23, 59, tzinfo=UTC), 0),
    ],
)
def test_nights_and_weekends_have_points(at: datetime, points: int) -> None:
    assert found(pushed_at=at).get("hour/unusual", 0) == points


@pytest.mark.parametrize(
    ("merged", "declined", "expected"),
    [
        (3, 3, {}),
        (2, 0, {"history/new-author": 15}),
        (3, 4, {"history/declined": 10}),
        (0, 1, {"history/new-author": 15, "history/declined": 10}),
    ],
)
def test_the_history_of_the_author_has_points(merged: int, declined: int, expected: dict[str, int]) -> None:
    assert found(merged_before=merged, declined_before=declined) == expected


def test_a_description_without_words_has_points() -> None:
    assert found(body=" \n") == {"description/empty": 5}


def test_what_nobody_has_told_is_said_and_has_no_points() -> None:
    nothing = replace(CALM, body=None, additions=None, deletions=None, files_changed=None, paths=frozenset())
    verdict = review(nothing)
    unknown = {"size/unknown", "files/unknown", "description/unknown"}
    assert {one.rule for one in verdict.findings} == unknown
    assert {(one.points, one.severity) for one in verdict.findings} == {(0, Severity.INFO)}
    assert verdict.risk_score == 0


def test_files_that_are_partly_known_are_not_said_to_lack_tests() -> None:
    assert found(paths=frozenset({"app/start.py"}), files_changed=2) == {"files/partly-known": 0}


async def test_the_score_is_the_sum_of_the_points_and_the_same_every_time() -> None:
    random = Random(4)
    scores = set()
    for _ in range(300):
        paths = random.sample([*SOME.values(), "app/a.py", "tests/test_a.py", "yarn.lock"], k=random.randrange(9))
        change = replace(
            CALM,
            additions=random.choice([None, 1, 500, 5_000]),
            files_changed=random.choice([None, len(paths), 60]),
            paths=frozenset(paths),
            merged_before=random.randrange(6),
            declined_before=random.randrange(6),
        )
        verdict = review(change)
        assert verdict == await RULE_SET.review(change)
        assert verdict.risk_score == min(100, sum(one.points for one in verdict.findings))
        assert [one.points for one in verdict.findings] == sorted(
            (one.points for one in verdict.findings), reverse=True
        )
        scores.add(verdict.risk_score)
    assert (min(scores), max(scores)) == (0, 100)


def test_the_page_names_every_rule() -> None:
    page = (ROOT / "db/code_reviewing/README.md").read_text()
    source = (ROOT / "db/code_reviewing/rule_set.py").read_text()
    rules = {part.split('"')[0] for part in source.split('_found("')[1:]}
    assert len(rules) == 13
    assert [rule for rule in sorted(rules) if f"`{rule}`" not in page] == []

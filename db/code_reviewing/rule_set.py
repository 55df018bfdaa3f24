"""The reviewer of changes that comes with Trellis: rules, and no language model. A change has the same review for ever.

It looks at what is known of a change and at none of its lines, so it takes no time worth speaking of.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC

from db.code_reviewing.paths import CODE, GENERATED, SENSITIVE, TESTS
from db.code_reviewing.review import Change, Verdict
from db.tables import MOST_FINDINGS, CodeFinding, Severity

MANY_LINES = ((1_000, 30), (400, 20), (200, 10))
"""Above how many lines there are how many points. See the README for the sources."""
MANY_FILES = ((50, 15), (20, 10), (10, 5))
SENSITIVE_POINTS, MOST_SENSITIVE = 15, 45
WITHOUT_TESTS = 20
GENERATED_POINTS = 5
UNUSUAL_HOUR = 5
NIGHT = range(6)
WEEKEND = (5, 6)
WITHOUT_WORDS = 5
FEW_MERGED = 3
NEW_AUTHOR = 15
DECLINED = 10


class RuleSet:
    """Reviews changes by the rules."""

    name = "rules/1"

    async def review(self, change: Change) -> Verdict:
        """Review a change."""
        return review(change)


RULE_SET = RuleSet()


def review(change: Change) -> Verdict:
    """Review a change. Its score is the sum of the points of all findings, 100 at most."""
    found = sorted(_findings(change), key=lambda one: -one.points)[:MOST_FINDINGS]
    risky = [one.message for one in found if one.points]
    return Verdict(
        min(100, sum(one.points for one in found)), tuple(found), " ".join(risky[:3]) or "Nothing was found."
    )


def _findings(change: Change) -> Iterator[CodeFinding]:
    yield from _size(change)
    yield from _files(change)
    yield from _hour(change)
    yield from _description(change)
    yield from _history(change)


def _found(rule: str, points: int, message: str, path: str | None = None) -> CodeFinding:
    severity = Severity.ERROR if points >= WITHOUT_TESTS else Severity.WARNING if points else Severity.INFO
    return CodeFinding(rule=rule, severity=severity, points=points, path=path, message=message)


def _size(change: Change) -> Iterator[CodeFinding]:
    if change.additions is None or change.deletions is None:
        yield _found("size/unknown", 0, "It is not known how many lines it changes.")
    elif points := _points(lines := change.additions + change.deletions, MANY_LINES):
        yield _found("size/lines", points, f"It changes {lines:,} lines: smaller changes are read more closely.")
    if points := _points(change.files_changed or 0, MANY_FILES):
        yield _found("size/files", points, f"It changes {change.files_changed:,} files.")


def _points(number: int, steps: Sequence[tuple[int, int]]) -> int:
    """The points of the first step that a number is above."""
    return next((points for most, points in steps if number > most), 0)


def _files(change: Change) -> Iterator[CodeFinding]:
    """All that follows from the paths. Conclusions from those that are not known are left open."""
    paths = sorted(change.paths)
    missing = None if change.files_changed is None else max(0, change.files_changed - len(paths))
    if not paths:
        yield _found("files/unknown", 0, "No push has named its files: none of the rules about files was applied.")
        return
    if missing:
        named = f"{len(paths):,} of {change.files_changed:,} files"
        yield _found("files/partly-known", 0, f"Pushes have named {named}: the rules about files saw no others.")
    written = [path for path in paths if not GENERATED.search(path)]
    yield from _sensitive(written)
    code = [path for path in written if CODE.search(path) and not TESTS.search(path)]
    if code and not missing and not any(TESTS.search(path) for path in paths):
        yield _found("code/untested", WITHOUT_TESTS, f"It changes {_files_of(code)} of code, and no test.", code[0])
    if generated := [path for path in paths if GENERATED.search(path)]:
        message = f"Programs write {_files_of(generated)} of it, which nobody reads line by line."
        yield _found("files/generated", GENERATED_POINTS, message, generated[0])


def _files_of(paths: Sequence[str]) -> str:
    return "1 file" if len(paths) == 1 else f"{len(paths):,} files"


def _sensitive(paths: Sequence[str]) -> Iterator[CodeFinding]:
    left = MOST_SENSITIVE
    for about, pattern in SENSITIVE.items():
        if left and (first := next((path for path in paths if pattern.search(path)), None)):
            left -= SENSITIVE_POINTS
            yield _found("paths/sensitive", SENSITIVE_POINTS, f"It changes files about {about}.", first)


def _hour(change: Change) -> Iterator[CodeFinding]:
    at = change.pushed_at.astimezone(UTC)
    is_weekend = at.weekday() in WEEKEND
    if at.hour in NIGHT or is_weekend:
        when = "at the weekend" if is_weekend else "at night"
        yield _found("hour/unusual", UNUSUAL_HOUR, f"It was pushed {when}, in UTC: its author may live elsewhere.")


def _description(change: Change) -> Iterator[CodeFinding]:
    if change.body is None:
        yield _found("description/unknown", 0, "It is not known what its author says of it.")
    elif not change.body.strip():
        yield _found("description/empty", WITHOUT_WORDS, "Its author does not say what it is for.")


def _history(change: Change) -> Iterator[CodeFinding]:
    merged, declined = change.merged_before, change.declined_before
    if merged < FEW_MERGED:
        number = "None" if merged == 0 else f"Only {merged}"
        message = f"{number} of its author's pull requests {'were' if merged != 1 else 'was'} merged here before."
        yield _found("history/new-author", NEW_AUTHOR, message)
    if declined > merged:
        message = f"More of its author's pull requests were declined here ({declined:,}) than merged ({merged:,})."
        yield _found("history/declined", DECLINED, message)

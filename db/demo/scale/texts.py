"""The material of generated data: names, titles and texts of the real data, and sizes as they are in life."""

from collections.abc import Iterator
from itertools import accumulate, pairwise
from random import Random
from typing import TypeVar

from db.demo.people import revisions
from db.demo.sources import Sources, moment
from db.demo.specs import PHASES, content
from db.reviewing import review
from db.tables import SpecificationPhase

Item = TypeVar("Item")

SINCE = moment("2019-01-01")
UNTIL = moment("2026-08-20")
REVIEWS = 20
"""Reviews of each phase to draw from."""


class Texts:
    """Everything that is drawn from."""

    def __init__(self, sources: Sources) -> None:
        names = sorted({record["name"] for record in sources.contributors if record["name"].count(" ") == 1})
        self.given = sorted({name.split()[0] for name in names})
        self.family = sorted({name.split()[1] for name in names})
        self.projects = [(record["title"], record["summary"]) for record in sources.projects]
        self.revisions = [revision["subject"] for record in sources.projects for revision in revisions(record)]
        self.comments = [said["body"] for review in sources.reviews for said in review["comments"] if said["body"]]
        self.repositories = [(record["description"], record["language"]) for record in sources.repositories]
        self.commits = [
            (record["subject"], record["additions"], record["deletions"], record["files_changed"])
            for record in sources.commits
        ]
        self.reviews = {
            phase: [review(phase, content(record, phase)) for record in sources.projects[:REVIEWS]] for phase in PHASES
        }
        self._sections = {
            phase: [section for record in sources.projects for section in content(record, phase).split("\n## ")]
            for phase in PHASES
        }

    def document(self, title: str, phase: SpecificationPhase, *, random: Random) -> str:
        """A document of a few sections of real ones."""
        return "\n\n## ".join([f"# {title}", *random.choices(self._sections[phase], k=random.randint(1, 3))])


def shares(total: int, count: int, *, random: Random, tail: float, least: int = 1) -> list[int]:
    """Split a total into so many parts: a few large, many small. The smaller `tail` is, the larger the largest are."""
    weights = [random.paretovariate(tail) for _ in range(count)]
    free, whole = total - least * count, sum(weights)
    marks = [round(free * mark / whole) for mark in accumulate(weights, initial=0)]
    return [least + end - start for start, end in pairwise(marks)]


def groups(items: list[Item], size: int) -> Iterator[list[Item]]:
    """The items, `size` at a time."""
    return (items[start : start + size] for start in range(0, len(items), size))

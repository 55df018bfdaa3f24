"""Larger data for measuring: multiples of the real data, generated from it, the same every time.

Generated people, projects, courses and repositories stand beside the real ones and never touch them: whoever has
three projects in the real data has three at any scale. Sizes are spread as in life, a few large and many small.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Protocol

from db import tables
from db.base import Base
from db.demo.rows import Batch
from db.demo.scale.courses import Catalogue
from db.demo.scale.modules import Modules
from db.demo.scale.people import Crowd
from db.demo.scale.quizzes import Quizzes
from db.demo.scale.repositories import Code
from db.demo.scale.specs import Specifications
from db.demo.scale.texts import Texts
from db.demo.sources import Sources

AT_TEN: Mapping[type[Base], int] = {  # rows in the whole database at scale 10
    tables.User: 20_000,
    tables.Organization: 80,
    tables.OrganizationMember: 2_400,
    tables.Repository: 160,
    tables.Commit: 200_000,
    tables.SpecificationProject: 5_000,
    tables.ProjectMember: 75_000,
    tables.DocumentVersion: 75_000,
    tables.Comment: 240_000,
    tables.Lesson: 25_000,
    tables.Enrollment: 100_000,
    tables.Quiz: 1_000,
    tables.QuizAttempt: 20_000,
    tables.LearningModule: 500,
    tables.ModuleProgress: 20_000,
}


class Part(Protocol):
    """Some of the tables."""

    @property
    def row_count(self) -> int: ...

    def batches(self) -> Iterator[Batch]: ...


class Multiples:
    """The rows that a scale adds to the real data: their number is known before they are made."""

    def __init__(self, sources: Sources, real: Mapping[type[Base], int], *, scale: int) -> None:
        """`real` is the number of rows that each table has already."""
        self._parts = _parts(sources, real, scale) if scale > 1 else ()

    @property
    def row_count(self) -> int:
        """How many rows it adds."""
        return sum(part.row_count for part in self._parts)

    def batches(self) -> Iterator[Batch]:
        """The rows, parents first, a few thousand at a time."""
        return chain.from_iterable(part.batches() for part in self._parts)


def _parts(sources: Sources, real: Mapping[type[Base], int], scale: int) -> tuple[Part, ...]:
    counts = {table: (count - real.get(table, 0)) * (scale - 1) // 9 for table, count in AT_TEN.items()}
    texts = Texts(sources)
    crowd = Crowd(texts, counts[tables.User])
    code = Code(texts, crowd, counts=counts)
    specifications = Specifications(texts, crowd, code=code, counts=counts)
    catalogue, modules = Catalogue(sources, crowd, counts=counts), Modules(sources, crowd, counts=counts)
    return crowd, code, specifications, catalogue, Quizzes(catalogue, counts=counts), modules

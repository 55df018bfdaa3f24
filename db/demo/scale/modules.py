"""Generated learning modules: editions of those that we have, each by somebody else, and the people who take them."""

from collections.abc import Iterator, Mapping

from db import tables
from db.base import Base
from db.demo import modules
from db.demo.rows import Batch, dice
from db.demo.scale.people import Crowd
from db.demo.scale.texts import groups, shares
from db.demo.sources import Sources

BATCH = 4_000


class Modules:
    """All generated learning modules. Their lessons and exercises are in their rows."""

    def __init__(self, sources: Sources, crowd: Crowd, *, counts: Mapping[type[Base], int]) -> None:
        random = dice("generated modules")
        originals = sources.modules
        count = counts[tables.LearningModule]
        self._records = [originals[number % len(originals)] for number in range(count)]
        self._modules = []
        for number, record in enumerate(self._records):
            teacher = random.choice(crowd.teachers)
            at = max(teacher.since, modules.PUBLISHED)
            made = modules.module(record, teacher.id, at=at, name=f"{record['slug']}-{number + 1}")
            self._modules.append(made | {"title": f"{record['title']} {number + 1}"})
        sizes = shares(counts[tables.ModuleProgress], count, random=random, tail=1.8) if count else []
        self._takings = [
            modules.taking(one.id, module, record, since=one.since, random=random)
            for module, record, size in zip(self._modules, self._records, sizes, strict=True)
            for one in crowd.some(size, at=modules.LAST, random=random)
        ]

    @property
    def row_count(self) -> int:
        """How many rows all of it makes."""
        answers = sum(bool(exercise["options"]) for module in self._modules for exercise in module["exercises"])
        return len(self._modules) + answers + len(self._takings)

    def batches(self) -> Iterator[Batch]:
        """The modules, then some progress after the other."""
        yield from modules.written(self._records, self._modules)
        random = dice("progress in modules")
        for takings in groups(self._takings, BATCH):
            yield modules.progress(takings, random)

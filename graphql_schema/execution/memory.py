"""The caches of documents, bounded, out of the way of the garbage collector, and the worker that fills them."""

import gc
from typing import Any, ClassVar

from graphql import ExecutionResult

from db.cache import Cache, SegmentedCache
from db.statements import Statement
from graphql_schema.execution.worker import Worker

MIB = 2**20
SETTLED = MIB
"""Bytes that are taken in before they are settled: more of them would take the collector longer."""
OFTEN = 1_000
"""Times that something is settled before all is looked through once more, which takes up to a second: whatever was in
use when it was settled, and has become a cycle since, is collected only then.
"""


class Memory:
    """All that is kept, and the worker that makes it."""

    is_settling: ClassVar[bool] = False
    """Whether what is kept is settled, as what was there at the start of the process is."""

    def __init__(self) -> None:
        self.worker = Worker()
        self.documents = SegmentedCache[Any](6 * MIB, 18 * MIB)
        """The operations of texts, or why they are refused."""
        self.plans = Cache[Any](16 * MIB)
        """The plans of operations, with those of their parts."""
        self.statements = SegmentedCache[Statement](4 * MIB, 8 * MIB)
        self.shown = Cache[ExecutionResult](4 * MIB)
        """Answers about the schema."""
        self._settled = self._times = 0

    def settle(self) -> None:
        """Have the collector of garbage not look at what is kept.

        With all that is kept it would hold the process up for a quarter of a second. Nothing kept is in a cycle, so
        that what makes room is gone at once without it.
        """
        taken_in = sum(kept.taken_in for kept in (self.documents.once, self.plans, self.statements.once))
        if self.is_settling and taken_in >= self._settled + SETTLED:
            self._settled = taken_in
            self._times += 1
            if self._times % OFTEN == 0:
                gc.unfreeze()
            gc.collect()
            gc.freeze()

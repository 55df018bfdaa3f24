"""What is kept of documents, within bounds, and out of the way of the collector of garbage."""

import gc
from typing import Any

from db.kept import Kept, Segmented

MIB = 2**20
SETTLED = MIB
"""Bytes that are taken in before they are settled: more of them would take the collector longer."""


class Memory:
    """All that is kept."""

    def __init__(self) -> None:
        self.documents = Segmented[Any](6 * MIB, 18 * MIB)
        """What texts were found to be: operations, or refused."""
        self.plans = Kept[Any](12 * MIB)
        self.parts = Kept[Any](4 * MIB)
        self.statements = Segmented[Any](4 * MIB, 8 * MIB)
        self.shown = Kept[Any](4 * MIB)
        """Answers about the schema."""
        self._settled = 0

    def settle(self) -> None:
        """Have the collector of garbage not look at what is kept, where that is so of what was there at the start.

        With all that is kept it would hold the process up for a quarter of a second. Nothing kept is in a cycle, so
        that what makes room is gone at once without it.
        """
        taken_in = sum(kept.taken_in for kept in (self.documents.once, self.plans, self.parts, self.statements.once))
        if taken_in >= self._settled + SETTLED and gc.get_freeze_count():
            self._settled = taken_in
            gc.collect()
            gc.freeze()

"""What is kept of documents, within bounds."""

from typing import Any

from db.kept import Kept, Segmented

MIB = 2**20


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

"""What was worked out for documents, kept within bounds: what nobody asks for any more makes room for what is new."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import RLock
from typing import Any, Generic, TypeVar

MIB = 2**20

T = TypeVar("T")


class Kept(Generic[T]):
    """Values by key, in about `max_bytes` of memory: those used last. What is larger than that is not kept at all.

    Two threads can use it at once.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self._kept: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._lock = RLock()

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._kept

    def get(self, key: Hashable) -> T | None:
        """The value, if it is kept."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, value: T, size: int) -> T:
        """Keep a value that takes so many bytes."""
        with self._lock:
            self.take(key)
            self._kept[key] = value, size
            self.bytes += size
            while self.bytes > self.max_bytes:
                self.take(next(iter(self._kept)))
        return value

    def take(self, key: Hashable) -> tuple[T, int] | None:
        """The value with its size, if it is kept, and not any longer."""
        with self._lock:
            found = self._kept.pop(key, None)
            if found is not None:
                self.bytes -= found[1]
            return found


class Memory:
    """All that is kept. What texts were found to be is apart while they were used once only: so nobody pushes out what
    front ends send by sending what is new.
    """

    def __init__(self) -> None:
        self.used_once = Kept[Any](6 * MIB)
        self.used_again = Kept[Any](18 * MIB)
        self.plans = Kept[Any](12 * MIB)
        self.parts = Kept[Any](4 * MIB)
        self.statements = Kept[Any](12 * MIB)
        self.shown = Kept[Any](4 * MIB)
        """Answers about the schema."""

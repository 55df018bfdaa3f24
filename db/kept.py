"""Caches with bounds: values that are not asked for any more are evicted for new ones."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import RLock
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """A cache by key, in about `max_bytes` of memory: the values used last. A value that is larger is not kept at all.

    Two threads can use it at once.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self.taken_in = 0
        """The bytes of all values that were ever put here."""
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
            self.taken_in += size
            while self.bytes > self.max_bytes:
                self.take(next(iter(self._kept)))
        return value

    def take(self, key: Hashable) -> tuple[T, int] | None:
        """The value with its size, if it is kept, and evict it."""
        with self._lock:
            found = self._kept.pop(key, None)
            if found is not None:
                self.bytes -= found[1]
            return found


class Segmented(Generic[T]):
    """A cache in two segments (a segmented LRU): a value is in the first until it is asked for again.

    So values that are used once evict none that are used again and again.
    """

    def __init__(self, once: int, again: int) -> None:
        """`once` and `again` are the bytes of the two segments."""
        self.once = Kept[T](once)
        self.again = Kept[T](again)

    def __contains__(self, key: Hashable) -> bool:
        return key in self.again or key in self.once

    def get(self, key: Hashable) -> T | None:
        """The value, if it is kept. From now on it is among those used again."""
        found = self.again.get(key)
        if found is None and (once := self.once.take(key)):
            return self.again.put(key, *once)
        return found

    def put(self, key: Hashable, value: T, size: int) -> T:
        """Keep a value that takes so many bytes."""
        return self.once.put(key, value, size)

"""Caches with bounds: values that are not asked for any more are evicted for new ones."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import RLock
from typing import Generic, TypeVar

T = TypeVar("T")


class Cache(Generic[T]):
    """A cache by key, in about `max_bytes` of memory: the values used last. A value that is larger is not kept at all.

    Two threads can use it at once.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self.taken_in = 0
        """The bytes of all values that were ever put here."""
        self._values: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._lock = RLock()

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._values

    def get(self, key: Hashable) -> T | None:
        """The value, if it is kept."""
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, value: T, size: int) -> T:
        """Keep a value that takes so many bytes."""
        with self._lock:
            self.pop(key)
            self._values[key] = value, size
            self.bytes += size
            self.taken_in += size
            while self.bytes > self.max_bytes:
                self.pop(next(iter(self._values)))
        return value

    def pop(self, key: Hashable) -> tuple[T, int] | None:
        """The value with its size, if it is kept, and evict it."""
        with self._lock:
            found = self._values.pop(key, None)
            if found is not None:
                self.bytes -= found[1]
            return found


class SegmentedCache(Generic[T]):
    """A cache in two segments (a segmented LRU): a value is in the first until it is asked for again.

    So values that are used once evict none that are used again and again.
    """

    def __init__(self, once: int, again: int) -> None:
        """`once` and `again` are the bytes of the two segments."""
        self.once = Cache[T](once)
        self.again = Cache[T](again)

    def __contains__(self, key: Hashable) -> bool:
        return key in self.again or key in self.once

    def get(self, key: Hashable) -> T | None:
        """The value, if it is kept. From now on it is among those used again."""
        found = self.again.get(key)
        if found is None and (once := self.once.pop(key)):
            return self.again.put(key, *once)
        return found

    def put(self, key: Hashable, value: T, size: int) -> T:
        """Keep a value that takes so many bytes."""
        return self.once.put(key, value, size)


def get_or_make(
    cache: Cache[T] | SegmentedCache[T], key: Hashable, make: Callable[[], T], size: Callable[[T], int]
) -> T:
    """The value that is cached, or else what `make` returns, cached from now on: it takes `size(value)` bytes."""
    found = cache.get(key)
    return cache.put(key, made := make(), size(made)) if found is None else found

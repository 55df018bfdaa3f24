"""What is kept takes no more memory than it may, and is what was used last."""

import pytest

from db.cache import Cache


@pytest.fixture
def cache() -> Cache[str]:
    return Cache[str](30)


def test_what_was_used_longest_ago_makes_room(cache: Cache[str]) -> None:
    for key in (1, 2, 3):
        cache.put(key, f"value {key}", 10)
    assert cache.get(1) == "value 1"
    cache.put(4, "value 4", 15)
    assert [key for key in range(5) if key in cache] == [1, 4]
    assert (cache.bytes, len(cache)) == (25, 2)


def test_what_is_put_again_counts_once(cache: Cache[str]) -> None:
    cache.put(1, "old", 20)
    cache.put(1, "new", 25)
    assert (cache.get(1), cache.bytes) == ("new", 25)


def test_what_is_larger_than_all_memory_is_not_kept(cache: Cache[str]) -> None:
    assert cache.put(1, "large", 31) == "large"
    assert (cache.get(1), cache.bytes) == (None, 0)


def test_what_is_taken_is_gone(cache: Cache[str]) -> None:
    cache.put(1, "value", 10)
    assert cache.pop(1) == ("value", 10)
    assert cache.pop(1) is None
    assert cache.bytes == 0

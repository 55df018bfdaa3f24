"""What is kept takes no more memory than it may, and is what was used last."""

import pytest

from db.kept import Kept


@pytest.fixture
def kept() -> Kept[str]:
    return Kept[str](30)


def test_what_was_used_longest_ago_makes_room(kept: Kept[str]) -> None:
    for key in (1, 2, 3):
        kept.put(key, f"value {key}", 10)
    assert kept.get(1) == "value 1"
    kept.put(4, "value 4", 15)
    assert [key for key in range(5) if key in kept] == [1, 4]
    assert (kept.bytes, len(kept)) == (25, 2)


def test_what_is_put_again_counts_once(kept: Kept[str]) -> None:
    kept.put(1, "old", 20)
    kept.put(1, "new", 25)
    assert (kept.get(1), kept.bytes) == ("new", 25)


def test_what_is_larger_than_all_memory_is_not_kept(kept: Kept[str]) -> None:
    assert kept.put(1, "large", 31) == "large"
    assert (kept.get(1), kept.bytes) == (None, 0)


def test_what_is_taken_is_gone(kept: Kept[str]) -> None:
    kept.put(1, "value", 10)
    assert kept.take(1) == ("value", 10)
    assert kept.take(1) is None
    assert kept.bytes == 0

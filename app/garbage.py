"""Python's garbage collector in a process whose start makes a million objects, which stay for as long as it does."""

import gc

GARBAGE = 20_000
"""Objects that are made before the collector looks for those that nobody needs."""


def collect_seldom() -> None:
    """Let the collector look less often. By default it takes a quarter of the time of a start, and finds nothing."""
    gc.set_threshold(GARBAGE)


def settle() -> None:
    """Exempt the objects of the start from garbage collection."""
    gc.collect()
    gc.freeze()

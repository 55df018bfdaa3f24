"""How fast this machine is at this moment: limits of processor time are those of one that nothing holds up.

Machines differ most in how long they wait for memory: virtual ones can take ten times as long for the same access.
"""

import time
from random import Random

TURNS, ACCESSES = 200_000, 25_000
CELLS = [{"number": number} for number in range(2 * ACCESSES)]
Random(1).shuffle(CELLS)
USUAL = 0.013
"""Seconds of a processor that so many additions and accesses to memory take where nothing is slow."""


def at_our_pace(seconds: float) -> float:
    """A limit of processor time, longer by as much as this machine is slower."""
    began, added = time.thread_time(), 0
    for turn in range(TURNS):
        added += turn
    for cell in CELLS[:ACCESSES]:
        added += cell["number"]
    return seconds * max(1.0, (time.thread_time() - began) / USUAL)

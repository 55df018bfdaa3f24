"""Deadlocks: transactions in each other's way, of which PostgreSQL undoes one, which is repeated. No client has heard
of it yet.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from db.failures import Failure, failure_of

T = TypeVar("T")

ATTEMPTS = 3
JITTER = 0.05
"""Seconds at most before a transaction is repeated, so that the same two do not meet at one moment again."""


def is_deadlock(error: BaseException | None) -> bool:
    """Whether all of the transaction was undone, and would be done had it come at another moment."""
    return failure_of(error) is Failure.DEADLOCK


async def repeated(
    transaction: Callable[[], Awaitable[T]], *, is_undone: Callable[[Exception], bool] = is_deadlock
) -> T:
    """The result of a transaction, which is repeated if it is undone for another; raises the exception of the last
    attempt.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return await transaction()
        except Exception as error:
            if not is_undone(error):
                raise
        await asyncio.sleep(random.uniform(0, JITTER))  # noqa: S311  (nobody gains by guessing it)
    return await transaction()

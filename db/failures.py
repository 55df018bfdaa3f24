"""What a failed statement means to who asked: told apart by PostgreSQL's error codes, whichever driver reports them.

Source: PostgreSQL, appendix A "Error Codes".
"""

from enum import StrEnum, auto

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class Failure(StrEnum):
    """Why a statement failed, where the reason is not a mistake of ours."""

    INVALID_VALUE = auto()
    CONFLICT = auto()
    TOO_SLOW = auto()
    UNAVAILABLE = auto()
    BUSY = auto()
    DEADLOCK = auto()


SLOW = ("57014", "55P03")  # cancelled by the statement timeout; no lock in time
INVALID = ("22", "54")  # a value of the wrong form, or one that is too much to work on
# No connection, not let in, no database, no room, a shutdown.
LOST = ("08", "28", "3D", "53", "57P")
DEADLOCKED = ("40",)  # two transactions in each other's way
TAKEN = ("23000", "23503", "23505", "23P01")
"""What somebody else did in the meantime: a guard broken, a row gone, a place or a range taken. A value that a check
refuses is none of these: who writes looks at it before."""


def failure_of(error: BaseException | None) -> Failure | None:
    """The failure behind an exception of a driver; None for everything else."""
    match error:
        case UnicodeEncodeError():
            return Failure.INVALID_VALUE
        case asyncpg.InvalidCachedStatementError():  # a migration; the next time it is prepared anew
            return Failure.UNAVAILABLE
        case asyncpg.PostgresError(sqlstate=state):
            return _of_state(state)
        case asyncpg.InterfaceError():
            # The driver refuses a value that it cannot encode with an error that is a ValueError too.
            return Failure.INVALID_VALUE if isinstance(error, ValueError) else Failure.UNAVAILABLE
        case DBAPIError():
            return Failure.UNAVAILABLE if error.connection_invalidated else failure_of(_cause(error))
        case PoolTimeout():
            return Failure.BUSY
        case OSError():
            return Failure.UNAVAILABLE
    return None


def _of_state(state: str | None) -> Failure | None:
    if state in SLOW:
        return Failure.TOO_SLOW
    if state and state.startswith(DEADLOCKED):
        return Failure.DEADLOCK
    if state in TAKEN:
        return Failure.CONFLICT
    if state and state.startswith(LOST):
        return Failure.UNAVAILABLE
    if state and state.startswith(INVALID):
        return Failure.INVALID_VALUE
    return None


def _cause(error: DBAPIError) -> BaseException | None:
    """The exception of the driver that SQLAlchemy wraps."""
    return error.orig.__cause__ if error.orig else None

"""The meaning of a failed statement for the client, by PostgreSQL's error codes, whichever driver reports them.

Source: PostgreSQL, appendix A "Error Codes".
"""

from enum import StrEnum, auto

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class Failure(StrEnum):
    """Why a statement failed, where the reason is not a mistake of ours."""

    INVALID_VALUE = auto()
    TOO_SLOW = auto()
    UNAVAILABLE = auto()
    BUSY = auto()
    DEADLOCK = auto()


SLOW = ("57014", "55P03")  # cancelled by the statement timeout; no lock in time
INVALID = ("22", "54")  # a value of the wrong form, or one that is too much to work on
# No connection, not let in, no database, no room, a shutdown.
LOST = ("08", "28", "3D", "53", "57P")
DEADLOCKED = ("40",)  # two transactions in each other's way


def failure_of(error: BaseException | None) -> Failure | None:
    """The failure behind an exception of a driver; None for everything else."""
    match error:
        case UnicodeEncodeError():
            return Failure.INVALID_VALUE
        # After a migration it is prepared anew the next time; the other is raised on a connection that is at its end.
        case asyncpg.InvalidCachedStatementError() | asyncpg.InternalClientError():
            return Failure.UNAVAILABLE
        case asyncpg.PostgresError(sqlstate=state):
            return _of_state(state)
        case asyncpg.InterfaceError():
            # The driver refuses a value that it cannot encode with an error that is a ValueError too.
            return Failure.INVALID_VALUE if isinstance(error, ValueError) else Failure.UNAVAILABLE
        case DBAPIError():
            return Failure.UNAVAILABLE if error.connection_invalidated else failure_of(driver_error(error))
        case PoolTimeout():
            return Failure.BUSY
        case OSError():
            return Failure.UNAVAILABLE
    return None


def driver_error(error: BaseException | None) -> BaseException | None:
    """The exception of the driver, whether or not SQLAlchemy has wrapped it."""
    return (error.orig.__cause__ if error.orig else None) if isinstance(error, DBAPIError) else error


def _of_state(state: str | None) -> Failure | None:
    if state in SLOW:
        return Failure.TOO_SLOW
    if state and state.startswith(DEADLOCKED):
        return Failure.DEADLOCK
    if state and state.startswith(LOST):
        return Failure.UNAVAILABLE
    if state and state.startswith(INVALID):
        return Failure.INVALID_VALUE
    return None

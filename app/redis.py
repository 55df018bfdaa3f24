"""The exceptions of a lost connection to Redis in this process, whichever event loop runs it."""

from redis import ConnectionError as NotConnected
from redis import RedisError
from redis import TimeoutError as NoAnswer
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from db.errors import Overloaded
from db.failures import failure_of

LOST = (RedisError, OSError, RuntimeError)
"""The exceptions that the client raises for it. uvloop raises RuntimeError for a write to a connection that is closed
already.
"""


def is_away(error: BaseException) -> bool:
    """Whether Redis or the database does not answer, or has too much to do."""
    return isinstance(error, (*LOST, Overloaded)) or failure_of(error) is not None


def once_more() -> Retry:
    """Try again once, on a new connection: the one at hand may have been lost long ago, and it shows only now."""
    return Retry(NoBackoff(), 1, supported_errors=(NotConnected, NoAnswer, RuntimeError))  # type: ignore[arg-type]


def never_again() -> Retry:
    """Do not try again: the caller decides what comes after a lost connection."""
    return Retry(NoBackoff(), 0, supported_errors=())

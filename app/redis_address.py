"""Where Redis or Valkey is: the address is looked at before anything connects, and the way there tried once."""

import re
from ssl import SSLCertVerificationError
from urllib.parse import urlsplit

from redis import AuthenticationError, RedisError, ResponseError
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from db.errors import CannotRun

FORM = (
    "An address of Redis or Valkey reads redis://USER:PASSWORD@HOST:PORT/NUMBER, with rediss:// for TLS, "
    "or unix://PATH?db=NUMBER."
)
TIMEOUT = 2.0
FINAL = AuthenticationError, ResponseError, SSLCertVerificationError
"""Exceptions that no waiting cures."""


def checked(url: str) -> str:
    """The address with the schemes of Valkey as those of Redis, which it speaks. Raises ValueError, without secrets."""
    url = re.sub(r"^valkey(?=s?://)", "redis", url.strip())
    try:
        ConnectionPool.from_url(url).make_connection()  # type: ignore[no-untyped-call]
        parts = urlsplit(url)
    except TypeError as error:  # what the address says becomes arguments
        name = re.search(r"argument '(\w+)'", str(error))
        raise ValueError(f"There is no parameter {name[1] if name else 'like that'} of an address.") from None
    except RedisError as error:
        raise ValueError(f"{error}.") from None
    except ValueError:
        raise ValueError(FORM) from None
    if parts.scheme != "unix" and not re.fullmatch(r"(/\d*)?", parts.path):
        raise ValueError(FORM)
    return url


async def reach(url: str) -> None:
    """Raise CannotRun if the server refuses this address. A server that is away may come back, and passes."""
    once = Retry(NoBackoff(), 0)
    redis = Redis.from_url(url, retry=once, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
    try:
        await redis.ping()
    except RedisError as error:
        why = error.__cause__ or error.__context__ or error
        if isinstance(why, FINAL):
            raise CannotRun(f"Redis at {_place(url)} lets nobody in: {str(why).rstrip('.')}.") from None
    finally:
        await redis.aclose()


def _place(url: str) -> str:
    """The place of the server, without user and password."""
    parts = urlsplit(url)
    return parts.path if parts.scheme == "unix" else parts.netloc.rpartition("@")[2]

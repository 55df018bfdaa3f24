"""Where Redis or Valkey is: the address is looked at before anything connects, and the way there tried once."""

import re
from collections.abc import Iterator
from contextlib import suppress
from ssl import SSLCertVerificationError
from typing import Any
from urllib.parse import urlsplit

from redis import AuthenticationError, RedisClusterException, RedisError, ResponseError
from redis.asyncio import ConnectionPool

from app.redis import DRIVER, connect, never_again, nodes
from db.errors import CannotRun

FORM = (
    "An address of Redis or Valkey reads redis://USER:PASSWORD@HOST:PORT/NUMBER, with rediss:// for TLS, "
    "unix://PATH?db=NUMBER, or redis://HOST:PORT,HOST:PORT?cluster=true for a cluster."
)
TIMEOUT = 2.0
FINAL = AuthenticationError, ResponseError, SSLCertVerificationError
"""Exceptions that no waiting cures."""


def checked(url: str) -> str:
    """The address with the schemes of Valkey as those of Redis, which it speaks. Raises ValueError, without secrets."""
    url = re.sub(r"^valkey(?=s?://)", "redis", url.strip())
    try:
        for place in nodes(url) or [url]:
            ConnectionPool.from_url(place, driver_info=DRIVER).make_connection()  # type: ignore[no-untyped-call]
        connect(url, retry=never_again())
        parts = urlsplit(url)
    except TypeError as error:  # what the address says becomes arguments
        name = re.search(r"argument '(\w+)'", str(error))
        raise ValueError(f"There is no parameter {name[1] if name else 'like that'} of an address.") from None
    except (RedisError, RedisClusterException) as error:
        raise ValueError(f"{str(error).splitlines()[0].rstrip('.')}.") from None
    except ValueError:
        raise ValueError(FORM) from None
    if parts.scheme != "unix" and not re.fullmatch(r"(/\d*)?", parts.path):
        raise ValueError(FORM)
    return url


async def reach(url: str) -> None:
    """Raise CannotRun if the server refuses this address. A server that is away may come back, and passes."""
    redis = connect(url, retry=never_again(), socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
    try:
        await redis.ping()
        if not nodes(url) and await _is_of_a_cluster(redis):
            raise CannotRun(f"Redis at {_place(url)} is a node of a cluster: say so with cluster=true in its address.")
    except (RedisError, RedisClusterException) as error:
        for why in _reasons(error):
            if isinstance(why, FINAL):
                raise CannotRun(f"Redis at {_place(url)} lets nobody in: {str(why).rstrip('.')}.") from None
    finally:
        await redis.aclose()


def _reasons(error: BaseException | None) -> Iterator[BaseException]:
    """The exceptions behind an exception, the first of all first."""
    if error:
        yield from _reasons(error.__cause__ or error.__context__)
        yield error


async def _is_of_a_cluster(redis: Any) -> bool:
    with suppress(ResponseError):  # not everybody may ask
        return bool((await redis.info("cluster")).get("cluster_enabled"))
    return False


def _place(url: str) -> str:
    """The place of the server, without user and password."""
    parts = urlsplit(url)
    return parts.path if parts.scheme == "unix" else parts.netloc.rpartition("@")[2]

"""The way to Redis or Valkey, one server or a cluster, and the exceptions of a lost connection in this process."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from redis import ConnectionError as NotConnected
from redis import RedisClusterException, RedisError
from redis import TimeoutError as NoAnswer
from redis.asyncio import BlockingConnectionPool, Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.driver_info import DriverInfo

from db.errors import Overloaded
from db.failures import failure_of

LOST = (RedisError, RedisClusterException, OSError, RuntimeError)
"""The exceptions that the client raises for it. uvloop raises RuntimeError for a write to a connection that is closed
already.
"""
DRIVER = DriverInfo()
"""The name and the version of the client, which it tells the server: to look them up takes a millisecond,
at each connection."""
CLUSTER = "cluster", "true"
"""The parameter of an address that says that it is one of a cluster."""


def connect(url: str, *, retry: Retry, connections: int = 0, **options: Any) -> Any:
    """A client that connects when it is used, to one server or to a cluster.

    Of one server it holds at most so many `connections`, for which commands wait. A cluster has no such pool: a node
    has up to a hundred, and one more command fails. Timeouts are those of the caller, as under Python 3.11 those of
    the client can swallow a cancellation.
    """
    options = {"socket_timeout": None, "retry": retry, "driver_info": DRIVER, **options}
    if places := nodes(url):
        ends = [urlsplit(place) for place in places]
        startup = [ClusterNode(end.hostname or "localhost", end.port or 6379) for end in ends]
        cluster = RedisCluster.from_url(places[0], startup_nodes=startup, **options)
        cluster.commands_parser = _Keys()  # type: ignore[assignment]  # these two methods are called, nothing else
        return cluster
    if connections:
        pool = BlockingConnectionPool.from_url(url, max_connections=connections, timeout=None, **options)
        return Redis.from_pool(pool)
    return Redis.from_url(url, **options)


class _Keys:
    """Knows the key of a command, by which the client finds its node: of those that we use it is the first argument.

    The client itself asks for all commands that there are, whenever it looks which nodes there are. To read that holds
    up the event loop for 60 ms.
    """

    async def initialize(self, _node: Any = None) -> None:
        """There is nothing to ask."""

    async def get_keys(self, _command: str, key: Any, *_others: Any) -> list[Any]:
        """The key of a command."""
        return [key]


def nodes(url: str) -> list[str]:
    """The addresses of the nodes that an address of a cluster names, each by itself; none for one of a server."""
    parts = urlsplit(url)
    parameters = parse_qsl(parts.query, keep_blank_values=True)
    if CLUSTER not in parameters:
        return []
    query = urlencode([one for one in parameters if one != CLUSTER])
    who, at, hosts = parts.netloc.rpartition("@")
    return [parts._replace(netloc=f"{who}{at}{host}", query=query).geturl() for host in hosts.split(",")]


def is_away(error: BaseException) -> bool:
    """Whether Redis or the database does not answer, or has too much to do."""
    return isinstance(error, (*LOST, Overloaded)) or failure_of(error) is not None


def once_more() -> Retry:
    """Try again once, on a new connection: the one at hand may have been lost long ago, and it shows only now."""
    return Retry(NoBackoff(), 1, supported_errors=(NotConnected, NoAnswer, RuntimeError))  # type: ignore[arg-type]


def never_again() -> Retry:
    """Do not try again: the caller decides what comes after a lost connection."""
    return Retry(NoBackoff(), 0, supported_errors=())

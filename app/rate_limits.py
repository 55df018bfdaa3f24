"""Rate limits: every operation costs points, out of the bucket of the user or address and those of the organizations.

Headers and an extension of every answer say how many are left, so that a client can keep to its limit by itself.
"""

import math
import time
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from types import MappingProxyType
from typing import Any, Literal, NamedTuple
from uuid import UUID

from app.buckets import Bucket, Buckets, Limit
from app.metrics import RATE_LIMITED
from db.access import Viewer
from db.errors import Refusal

Mode = Literal["enforce", "measure", "off"]
Keys = tuple[str, ...]


class Throttle(NamedTuple):
    """How a bucket stands, in the words of Shopify's `throttleStatus`: points, and points a second.

    `currently_available` is below zero while it is restored what several processes let pass too much.
    """

    maximum_available: float
    currently_available: float
    restore_rate: float

    @property
    def whole_points(self) -> int:
        """The points that a client is told are available: never less than zero."""
        return max(0, math.floor(self.currently_available))

    @property
    def full_at(self) -> int:
        """When all points are there again, if nobody takes any: seconds of UTC since 1970, as GitHub has it."""
        return math.ceil(time.time() + self.wait(self.maximum_available))

    def wait(self, points: float) -> float:
        """Seconds until so many points are available, if nobody takes any; infinite if they never are."""
        if points > self.maximum_available:
            return math.inf
        return max(0.0, points - self.currently_available) / self.restore_rate


class Charge(NamedTuple):
    """The points that an operation was expected to cost. They are not taken if there were too few but all may pass."""

    keys: Keys
    points: float
    is_taken: bool


class RateLimited(Refusal):
    """There is too little for an operation. `retry_after` is in seconds; infinite if it can never pass."""

    code = "REQUEST_RATE_LIMITED"
    default = "You have asked for too much in a short time."
    extensions: Mapping[str, Any] = MappingProxyType({})
    """The extensions of the answer that tells of it."""

    def __init__(self, points: float, throttle: Throttle) -> None:
        self.points = points
        self.throttle = throttle
        self.retry_after = throttle.wait(points)
        super().__init__(self._advice())

    def _advice(self) -> str:
        cost, throttle = f"The cost is {self.points:.0f}", self.throttle
        if math.isinf(self.retry_after):
            return f"{cost}, and a full bucket has {throttle.maximum_available:.0f}: it can never pass. Ask for less."
        wait = f"Try again in {math.ceil(self.retry_after)} s."
        return f"{cost}, and {throttle.whole_points} points are available. {wait}"


class TextsLimited(RateLimited):
    """Somebody sends many texts that nobody has sent before."""

    def _advice(self) -> str:
        return f"These are too many new documents in a short time. Try again in {math.ceil(self.retry_after)} s."


class RateLimits:
    """Takes the cost of operations out of buckets. `payers` says whose.

    In the mode `measure` everything passes, in `off` nothing is even counted. A metric counts what did not pass, or
    would not have, by the kind of the bucket that had too little: `usr`, `ip`, `org` or `text`.
    """

    def __init__(
        self, buckets: Buckets, *, principal: Limit, organization: Limit, text: Limit, mode: Mode = "enforce"
    ) -> None:
        self.buckets = buckets
        self.limits = {"usr": principal, "ip": principal, "org": organization, "text": text}
        self.mode = mode

    def take(self, keys: Keys, points: float, *, refusal: type[RateLimited] = RateLimited) -> Charge:
        """Take the expected cost out of all these buckets, until it is settled.

        Raises RateLimited, and takes nothing, if one of them has too little. Nothing can always be taken.
        """
        buckets = self._buckets(keys)
        for bucket in buckets:
            if points > max(0.0, bucket.available):
                self._refuse(keys, points, buckets, refusal)
                return Charge(keys, points, is_taken=False)
        for bucket in buckets:
            bucket.take(points)
        return Charge(keys, points, is_taken=True)

    def take_text(self, principal: str, text: str) -> None:
        """Take the length of a new text out of a bucket of its own, which has enough for any when it is full.

        Raises TextsLimited.
        """
        length = min(len(text), self.limits["text"].maximum)
        self.take((f"text:{principal}",), length, refusal=TextsLimited)

    def take_compiled(self, principal: str, length: int) -> None:
        """Take the length of a statement out of the bucket for new texts. It is known once it is compiled, so that it
        may be more than there is: what is owed is restored before anything else is compiled. Raises TextsLimited.
        """
        key = f"text:{principal}"
        self.settle(self.take((key,), 1, refusal=TextsLimited), length)

    def settle(self, charge: Charge, actual: float) -> Throttle:
        """Give back what the operation did not cost, or take what it cost more."""
        buckets = self._buckets(charge.keys)
        if charge.is_taken:
            for bucket in buckets:
                bucket.take(actual - charge.points)
        return _emptiest(buckets)

    def status(self, keys: Keys) -> Throttle:
        """How the emptiest of these buckets stands, without taking anything."""
        return _emptiest(self._buckets(keys))

    def _buckets(self, keys: Keys) -> list[Bucket]:
        if self.mode == "off":
            return [Bucket(self._limit(key), at=0) for key in keys]
        return [self.buckets.bucket(key, self._limit(key)) for key in keys]

    def _limit(self, key: str) -> Limit:
        return self.limits[key.partition(":")[0]]

    def _refuse(self, keys: Keys, points: float, buckets: list[Bucket], refusal: type[RateLimited]) -> None:
        throttles = [_throttle(bucket) for bucket in buckets]
        key, throttle = max(zip(keys, throttles, strict=True), key=lambda pair: pair[1].wait(points))
        if self.mode != "off":
            RATE_LIMITED.labels(key.partition(":")[0], self.mode).inc()
        if self.mode == "enforce":
            raise refusal(points, throttle)


@lru_cache(maxsize=10_000)
def payers(viewer: Viewer, host: str | None) -> Keys:
    """The keys of all buckets that an operation is paid out of: the viewer's, and those of their organizations."""
    return (principal_key(viewer.id, host), *map(organization_key, viewer.organization_ids))


def principal_key(user_id: UUID | None, host: str | None) -> str:
    """The key of a user, or of a guest's address.

    Of an IPv6 address the network counts, as one customer has all 2⁶⁴ addresses of it. Guests without an address share
    one bucket.
    """
    return f"usr:{user_id}" if user_id else f"ip:{_network(host or '')}"


def organization_key(organization_id: UUID) -> str:
    """The key of an organization."""
    return f"org:{organization_id}"


def headers(throttle: Throttle, *, retry_after: float = math.inf) -> dict[str, str]:
    """The headers of an answer. `Retry-After` is in seconds from now (RFC 9110), and only there if waiting helps."""
    shown = {
        "X-RateLimit-Limit": f"{throttle.maximum_available:.0f}",
        "X-RateLimit-Remaining": str(throttle.whole_points),
        "X-RateLimit-Reset": str(throttle.full_at),
    }
    return shown if math.isinf(retry_after) else shown | {"Retry-After": str(math.ceil(retry_after))}


def _throttle(bucket: Bucket) -> Throttle:
    return Throttle(bucket.limit.maximum, bucket.available, bucket.limit.restore_rate)


def _emptiest(buckets: list[Bucket]) -> Throttle:
    return _throttle(min(buckets, key=lambda bucket: bucket.available))


@lru_cache(maxsize=10_000)
def _network(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64)
    return str(address)

"""Rate limits: who may still ask, and what an answer says about it. No Redis is needed for any of this."""

import math
import time
from uuid import UUID

import pytest
from prometheus_client import REGISTRY

from app.buckets import Buckets, Limit
from app.rate_limits import (
    Mode,
    RateLimited,
    RateLimits,
    TextsLimited,
    Throttle,
    headers,
    organization_key,
    payers,
    principal_key,
)
from db.access import GUEST, Viewer
from tests.app.conftest import Clock
from tests.app.serving import NO_REDIS

ADA, BOB, ACME = "usr:ada", "usr:bob", "org:acme"
KINDS = ("usr", "ip", "org", "text")
PRINCIPAL = Limit(100, restore_rate=10)
ORGANIZATION = Limit(150, restore_rate=50)
TEXT = Limit(1_000, restore_rate=200)


@pytest.fixture
def limits(clock: Clock) -> RateLimits:
    return limiting(clock)


def limiting(clock: Clock, mode: Mode = "enforce") -> RateLimits:
    return RateLimits(
        Buckets(NO_REDIS, clock=clock), principal=PRINCIPAL, organization=ORGANIZATION, text=TEXT, mode=mode
    )


def counted(bucket: str, *, mode: Mode = "enforce") -> float:
    """How often the metric says that a bucket of this kind had too little."""
    return REGISTRY.get_sample_value("trellis_rate_limited_total", {"bucket": bucket, "mode": mode}) or 0


def available(limits: RateLimits, *keys: str) -> float:
    return limits.status(keys).currently_available


def test_an_operation_takes_its_cost_out_of_every_bucket(limits: RateLimits) -> None:
    limits.take((ADA, ACME), 60)
    assert limits.status((ADA,)) == Throttle(maximum_available=100, currently_available=40, restore_rate=10)
    assert limits.status((ACME,)) == Throttle(maximum_available=150, currently_available=90, restore_rate=50)


def test_a_bucket_can_be_emptied_to_the_last_point(limits: RateLimits) -> None:
    for _ in range(100):
        limits.take((ADA,), 1)
    with pytest.raises(RateLimited):
        limits.take((ADA,), 1)


def test_when_one_bucket_has_too_little_nothing_is_taken_from_any(limits: RateLimits) -> None:
    limits.take((ADA, ACME), 90)
    with pytest.raises(RateLimited):
        limits.take((BOB, ACME), 61)
    assert available(limits, BOB) == 100
    assert available(limits, ACME) == 60


def test_new_texts_are_taken_out_of_a_bucket_of_their_own(limits: RateLimits, clock: Clock) -> None:
    limits.take((ADA,), 100)
    limits.take_text(ADA, "x" * 900)
    limits.take_text(BOB, "x" * 900)
    with pytest.raises(TextsLimited, match="Try again in 2 s"):
        limits.take_text(ADA, "x" * 500)
    clock.wait(2)
    limits.take_text(ADA, "x" * 500)


def test_a_full_bucket_has_enough_for_any_text(limits: RateLimits) -> None:
    limits.take_text(ADA, "x" * 1_001)
    with pytest.raises(TextsLimited, match="Try again in 5 s"):
        limits.take_text(ADA, "x" * 1_001)


def test_a_refusal_says_when_to_come_again(limits: RateLimits, clock: Clock) -> None:
    limits.take((ADA,), 95)
    with pytest.raises(RateLimited) as refused:
        limits.take((ADA,), 40)
    assert refused.value.code == "REQUEST_RATE_LIMITED"
    assert refused.value.retry_after == 3.5
    assert refused.value.message == "The cost is 40, and 5 points are available. Try again in 4 s."
    clock.wait(3.5)
    limits.take((ADA,), 40)


def test_the_bucket_that_takes_longest_says_when(limits: RateLimits) -> None:
    limits.take((BOB, ACME), 100)
    limits.take((ADA, ACME), 50)
    with pytest.raises(RateLimited) as refused:
        limits.take((ADA, ACME), 100)
    assert refused.value.throttle == limits.status((ADA,))
    assert refused.value.retry_after == 5


def test_what_is_dearer_than_a_full_bucket_is_told_that_it_can_never_pass(limits: RateLimits) -> None:
    with pytest.raises(RateLimited) as refused:
        limits.take((ADA, ACME), 101)
    assert refused.value.message == ("The cost is 101, and a full bucket has 100: it can never pass. Ask for less.")
    assert math.isinf(refused.value.retry_after)


def test_what_an_operation_did_not_cost_is_given_back(limits: RateLimits) -> None:
    charge = limits.take((ADA, ACME), 80)
    assert limits.settle(charge, 30) == limits.status((ADA,))
    assert available(limits, ADA) == 70
    assert available(limits, ACME) == 120


def test_what_is_given_back_late_makes_no_bucket_more_than_full(limits: RateLimits, clock: Clock) -> None:
    charge = limits.take((ADA,), 80)
    clock.wait(60)
    assert limits.settle(charge, 30).currently_available == 100


def test_what_an_operation_cost_more_is_taken_even_if_it_is_not_there(limits: RateLimits) -> None:
    charge = limits.take((ADA,), 80)
    assert limits.settle(charge, 130).currently_available == -30


def test_the_emptiest_bucket_is_shown(limits: RateLimits) -> None:
    limits.take((BOB, ACME), 100)
    assert limits.status((ADA, ACME)) == limits.status((ACME,))


def test_to_look_takes_nothing(limits: RateLimits) -> None:
    assert available(limits, ADA) == available(limits, ADA) == 100


def test_refusals_are_counted_by_the_kind_of_bucket_that_had_too_little(limits: RateLimits) -> None:
    limits.take((ADA, ACME), 90)
    before = {kind: counted(kind) for kind in KINDS}
    for keys, points in (((ADA, ACME), 20), ((BOB, ACME), 70), (("ip:192.0.2.1",), 200)):
        with pytest.raises(RateLimited):
            limits.take(keys, points)
    assert {kind: counted(kind) - before[kind] for kind in KINDS} == {"usr": 1, "org": 1, "ip": 1, "text": 0}


def test_measuring_counts_who_would_be_refused_and_lets_them_pass(clock: Clock) -> None:
    limits = limiting(clock, "measure")
    limits.take((ADA,), 90)
    before, enforced = counted("usr", mode="measure"), counted("usr")
    charge = limits.take((ADA,), 20)
    assert (counted("usr", mode="measure"), counted("usr")) == (before + 1, enforced)
    assert limits.settle(charge, 5).currently_available == 10, "what was not taken is not given back"


def test_switched_off_nothing_is_counted(clock: Clock) -> None:
    limits = limiting(clock, "off")
    charge = limits.take((ADA, ACME), 1_000)
    assert limits.settle(charge, 5) == limits.status((ADA,)) == Throttle(100, 100, 10)
    assert counted("usr", mode="off") == 0
    assert len(limits.buckets) == 0


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("192.0.2.7", "ip:192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "ip:2001:db8:1:2::"),
        ("2001:db8:1:2::", "ip:2001:db8:1:2::"),
        ("fe80::1%eth0", "ip:fe80::"),
        ("::ffff:192.0.2.7", "ip:192.0.2.7"),
        ("a word", "ip:unknown"),
        (None, "ip:unknown"),
    ],
)
def test_a_guest_is_known_by_the_address(host: str | None, key: str) -> None:
    assert principal_key(None, host) == key


def test_a_user_is_known_wherever_they_come_from() -> None:
    ada = UUID(int=7)
    assert principal_key(ada, "192.0.2.7") == principal_key(ada, None) == f"usr:{ada}"
    assert organization_key(ada) == f"org:{ada}"


def test_a_member_pays_with_the_organizations_and_a_guest_alone() -> None:
    ada, acme, bolt = (UUID(int=number) for number in (7, 8, 9))
    member = Viewer(ada, organization_ids=(acme, bolt))
    assert payers(member, "192.0.2.7") == (f"usr:{ada}", f"org:{acme}", f"org:{bolt}")
    assert payers(GUEST, "192.0.2.7") == ("ip:192.0.2.7",)


def test_who_takes_nothing_is_never_refused(limits: RateLimits) -> None:
    limits.settle(limits.take((ADA,), 80), 130)
    assert limits.take((ADA,), 0).is_taken


def test_headers_say_how_much_is_left_and_when_the_bucket_is_full() -> None:
    before = time.time()
    shown = headers(Throttle(100, 59.9, 10))
    assert int(shown.pop("X-RateLimit-Reset")) == pytest.approx(before + 4.51, abs=1)
    assert shown == {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "59"}


def test_a_refusal_has_a_header_that_says_when_to_come_again(limits: RateLimits) -> None:
    limits.take((ADA,), 95)
    with pytest.raises(RateLimited) as refused:
        limits.take((ADA,), 40)
    shown = headers(refused.value.throttle, retry_after=refused.value.retry_after)
    assert shown["Retry-After"] == "4"
    assert headers(refused.value.throttle, retry_after=0.001)["Retry-After"] == "1"
    assert "Retry-After" not in headers(refused.value.throttle, retry_after=math.inf)


def test_nobody_is_shown_less_than_nothing() -> None:
    overdrawn = Throttle(100, -30, 10)
    assert headers(overdrawn)["X-RateLimit-Remaining"] == "0"
    assert RateLimited(1, overdrawn).message.startswith("The cost is 1, and 0 points are available.")

"""A body counts that was signed with a secret of its provider, at about this time. Everything else is refused."""

from typing import Any

import pytest

from app.payments import signatures
from app.payments.signatures import CLOCK_SECONDS, signed, verify
from db.errors import Forbidden

SECRET, NEXT, OTHER = "the-secret-of-the-provider", "the-next-one-of-the-provider", "a-secret-of-somebody-else"
BODY = b'{"id": "evt_1"}'
NOW = 1_800_000_000


def test_the_header_is_that_of_the_protocol() -> None:
    """OpenSSL says so: `printf '1800000000.{"id": "evt_1"}' | openssl dgst -sha256 -hmac the-secret-of-…`."""
    digest = "a9e4a12e22ffb0dc02179f40ea19297781c35f1c0528533e3fc2ab74a3d1ebfc"
    assert signed(BODY, [SECRET], at=NOW) == f"t=1800000000,v1={digest}"


@pytest.mark.parametrize("known", [[SECRET], [SECRET, NEXT], [NEXT, SECRET]])
@pytest.mark.parametrize("used", [[SECRET], [OTHER, SECRET]])
def test_one_signature_with_one_of_the_secrets_is_enough(known: list[str], used: list[str]) -> None:
    verify(BODY, signed(BODY, used, at=NOW), known, now=NOW)


@pytest.mark.parametrize("late", [-CLOCK_SECONDS, 0, CLOCK_SECONDS])
def test_clocks_may_differ_by_five_minutes(late: int) -> None:
    verify(BODY, signed(BODY, [SECRET], at=NOW), [SECRET], now=NOW + late)


@pytest.mark.parametrize("late", [-301, 301])
def test_clocks_may_differ_by_no_second_more(late: int) -> None:
    with pytest.raises(Forbidden, match="look at the clocks"):
        verify(BODY, signed(BODY, [SECRET], at=NOW), [SECRET], now=NOW + late)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=",
        f"t={NOW}",
        f"t={NOW},v1=",
        f"t={NOW},v1=é",
        "v1=00",
        "t=soon,v1=00",
        f"t={NOW},t={NOW},v1=00",
        f"t={NOW}{NOW}{NOW},v1=00",
        f"t=-{NOW},v1=00",
        "t=١٨٠٠٠٠٠٠٠٠,v1=00",
        signed(BODY, [OTHER], at=NOW),
        signed(BODY + b" ", [SECRET], at=NOW),
        signed(BODY, [SECRET], at=NOW).replace("v1=", "v0="),
        signed(BODY, [SECRET], at=NOW - 9).replace(f"t={NOW - 9}", f"t={NOW}"),
    ],
)
def test_what_is_not_signed_so_is_refused(header: str) -> None:
    with pytest.raises(Forbidden):
        verify(BODY, header, [SECRET], now=NOW)


def test_without_a_secret_nothing_counts() -> None:
    with pytest.raises(Forbidden):
        verify(BODY, signed(BODY, [SECRET], at=NOW), [], now=NOW)


def test_signatures_are_compared_in_a_time_that_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever tries signatures hears by no time how much of one is right."""
    compared = list[tuple[bytes, bytes]]()

    def noting(one: Any, other: Any) -> bool:
        compared.append((one, other))
        return False

    monkeypatch.setattr(signatures, "compare_digest", noting)
    header = signed(BODY, [SECRET], at=NOW)
    with pytest.raises(Forbidden):
        verify(BODY, header, [SECRET], now=NOW)
    right = header.rpartition("=")[2].encode()
    assert compared == [(right, right)]

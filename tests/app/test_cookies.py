"""Cookies of pages: what is read of them, and with what they are set."""

import pytest

from app.cookies import SESSION, credential, dropped, kept, session, value

TOKEN = f"trs_{'x' * 43}"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (f"{SESSION}={TOKEN}", TOKEN),
        (f"theme=dark; {SESSION}={TOKEN};lang=en", TOKEN),
        (f"{SESSION}=first; {SESSION}=second", "first"),
        (f"{SESSION}=a=b", "a=b"),
        (f"not{SESSION}={TOKEN}", None),
        (f"{SESSION}-oauth={TOKEN}", None),
        (f"{SESSION}=", None),
        (SESSION, None),
        ("", None),
        ("é;=;;", None),
    ],
)
def test_a_cookie_is_found_by_its_whole_name(header: str, found: str | None) -> None:
    assert value([(b"cookie", header.encode("latin-1"))], SESSION) == found


def test_a_cookie_may_stand_in_any_of_several_headers() -> None:
    headers = [(b"cookie", b"theme=dark"), (b"cookie", f"{SESSION}={TOKEN}".encode())]
    assert session(headers) == f"Bearer {TOKEN}"


@pytest.mark.parametrize(("authorization", "found"), [("Bearer other", "Bearer other"), (" ", f"Bearer {TOKEN}")])
def test_a_header_counts_before_a_cookie_unless_it_is_empty(authorization: str, found: str) -> None:
    headers = [(b"cookie", f"{SESSION}={TOKEN}".encode()), (b"authorization", authorization.encode())]
    assert credential(headers) == found
    assert credential([]) is None


def test_a_cookie_is_for_this_host_over_tls_and_for_no_script() -> None:
    assert kept(SESSION, TOKEN, seconds=5) == (
        f"__Host-trellis={TOKEN}; Path=/; Max-Age=5; Secure; HttpOnly; SameSite=Lax"
    )
    assert dropped(SESSION).startswith("__Host-trellis=; Path=/; Max-Age=0; Secure")

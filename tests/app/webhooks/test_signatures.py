"""A body is GitHub's if it was signed with the secret, byte by byte."""

import pytest

from app.webhooks.signatures import is_signed, signed

SECRET, BODY = "It's a Secret to Everybody", b"Hello, World!"
SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def test_the_example_of_github_is_signed_right() -> None:
    assert signed(BODY, SECRET) == SIGNATURE
    assert is_signed(BODY, SIGNATURE, ["another", SECRET])


@pytest.mark.parametrize(
    "header", ["", "sha256=", SIGNATURE.upper(), SIGNATURE[:-1], f"{SIGNATURE}0", SIGNATURE.replace("256", "1"), "ü"]
)
def test_anything_else_is_not(header: str) -> None:
    assert not is_signed(BODY, header, [SECRET])
    assert not is_signed(BODY + b"\n", SIGNATURE, [SECRET])
    assert not is_signed(BODY, SIGNATURE, ["another"])
    assert not is_signed(BODY, SIGNATURE, [])

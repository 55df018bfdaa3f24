"""What is taken of the answers of token endpoints."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.oauth.exchange import text_in, tokens_in
from app.oauth.failures import SignInFailed

TOKEN = {"access_token": "a", "token_type": "Bearer"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Ada", "Ada"),
        ("  Ada\n", "Ada"),
        ("A\0d\x1ba", "Ada"),
        ("\ud800Ada", "Ada"),
        ("👩‍🚀", "👩‍🚀"),
        ("", None),
        (" ", None),
        ("x" * 11, None),
        (5, None),
        (None, None),
    ],
)
def test_a_text_is_one_that_a_database_takes(value: Any, text: str | None) -> None:
    assert text_in({"name": value}, "name", longest=10) == text


@pytest.mark.parametrize("told", [{}, {"access_token": ""}, {"access_token": "a", "token_type": "mac"}])
def test_without_a_bearer_token_there_is_nothing_to_use(told: dict[str, Any]) -> None:
    with pytest.raises(SignInFailed):
        tokens_in(told)


@pytest.mark.parametrize("seconds", [3600, "3600", 3600.0])
def test_a_token_ends_when_the_provider_says(seconds: Any) -> None:
    ends_at = tokens_in({**TOKEN, "expires_in": seconds}).expires_at
    assert ends_at
    assert abs(ends_at - datetime.now(UTC) - timedelta(hours=1)) < timedelta(minutes=1)


@pytest.mark.parametrize("seconds", [None, 0, -1, True, "soon", "", [], 1e300, float("nan"), "9" * 5_000])
def test_what_is_no_time_is_no_end(seconds: Any) -> None:
    assert tokens_in({**TOKEN, "expires_in": seconds}).expires_at is None


def test_tokens_are_not_shown() -> None:
    found = tokens_in({**TOKEN, "access_token": "of-ada", "refresh_token": "of-ada-too"})
    assert "of-ada" not in repr(found)

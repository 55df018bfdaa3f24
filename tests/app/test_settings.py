"""Settings come from the environment and do not show passwords."""

import pytest
from pydantic import ValidationError

from app.settings import Settings


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_the_address_of_the_database_may_come_without_its_driver(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://ada@db.example/trellis")
    monkeypatch.setenv("REDIS_URL", "redis://redis.example")
    settings = Settings()  # type: ignore[call-arg]  # they come from the environment
    assert settings.database_url == "postgresql+asyncpg://ada@db.example/trellis"


def test_the_others_have_a_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRELLIS_POOL_SIZE", "20")
    assert Settings(database_url="postgresql://db", redis_url="redis://r").pool_size == 20


def test_what_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRELLIS_POOL_SIZE", "0")
    with pytest.raises(ValidationError):
        Settings(database_url="postgresql://db", redis_url="redis://r")


def test_passwords_are_not_shown() -> None:
    settings = Settings(database_url="postgresql://ada:secret@db", redis_url="redis://:secret@r")
    assert "secret" not in repr(settings)


def test_passwords_are_not_shown_when_something_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ada:secret@db")
    monkeypatch.delenv("REDIS_URL", raising=False)
    with pytest.raises(ValidationError) as missing:
        Settings()  # type: ignore[call-arg]  # they come from the environment
    assert "REDIS_URL" in str(missing.value)
    assert "secret" not in str(missing.value)

"""Settings come from the environment and do not show passwords."""

from ipaddress import ip_network

import pytest
from pydantic import ValidationError

from app.auth import REMEMBERED_FOR
from app.request_limits import RequestLimits
from app.settings import Settings
from graphql_schema.limits import Limits
from tests.app.serving import NO_DATABASE, serving


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_the_address_of_the_database_may_come_without_its_driver(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://ada@db.example/trellis")
    monkeypatch.setenv("REDIS_URL", "redis://redis.example")
    settings = Settings()  # type: ignore[call-arg]  # they come from the environment
    assert settings.database_url == "postgresql+asyncpg://ada@db.example/trellis"


def test_the_others_have_a_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRELLIS_POOL_SIZE", "20")
    assert Settings(database_url="postgresql://db", redis_url="redis://r").pool_size == 20


def test_by_default_a_socket_may_hold_no_more_than_this() -> None:
    promised = {
        "init_timeout": 10,
        "frame_limit": 256 * 2**10,
        "operation_limit": 50,
        "socket_limit": 20,
        "reader_timeout": 30,
        "reader_limit": 2**20,
    }
    assert {name: Settings.model_fields[name].default for name in promised} == promised


def test_what_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRELLIS_POOL_SIZE", "0")
    with pytest.raises(ValidationError):
        Settings(database_url="postgresql://db", redis_url="redis://r")


def test_a_limit_of_an_operation_is_set_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRELLIS_LIMITS__DEPTH", "3")
    monkeypatch.setenv("TRELLIS_LIMITS__NODES", "500")
    assert Settings(database_url="postgresql://db", redis_url="redis://r").limits == Limits(depth=3, nodes=500)


@pytest.mark.parametrize(("name", "value"), [("DEPTH", "0"), ("DEPTH", "deep"), ("HEIGHT", "3")])
def test_a_limit_that_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"TRELLIS_LIMITS__{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings(database_url="postgresql://db", redis_url="redis://r")


PROMISED: dict[str, float] = {
    "deadline": 10,
    "body_limit": 2**20,
    "frame_limit": 2**18,
    "init_timeout": 10,
    "socket_limit": 20,
    "operation_limit": 50,
    "reader_timeout": 30,
    "reader_limit": 2**20,
    "keep_alive": 75,
}


def test_what_is_promised_is_so_unless_an_operator_sets_something_else() -> None:
    settings = Settings(database_url="postgresql://db", redis_url="redis://r")
    assert {name: getattr(settings, name) for name in PROMISED} == PROMISED
    assert settings.request_limits == RequestLimits(url=8 * 2**10, headers=32 * 2**10, head_seconds=10, body_seconds=15)
    assert settings.credential_interval + REMEMBERED_FOR <= 5
    assert settings.ping_interval + settings.ping_timeout < 12


def test_a_list_stands_in_one_variable_between_commas_or_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRELLIS_ORIGINS", "https://app.example, http://localhost:3000")
    monkeypatch.setenv("TRELLIS_PROXIES", "10.0.0.0/8 2001:db8::7")
    settings = Settings(database_url="postgresql://db", redis_url="redis://r")
    assert settings.origins == ("https://app.example", "http://localhost:3000")
    assert settings.proxies == (ip_network("10.0.0.0/8"), ip_network("2001:db8::7"))


def test_only_what_runs_on_this_machine_is_a_trusted_proxy_unless_an_operator_says_so() -> None:
    settings = Settings(database_url="postgresql://db", redis_url="redis://r")
    assert settings.proxies == (ip_network("127.0.0.1"), ip_network("::1"))
    assert settings.origins == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ORIGINS", "https://app.example/"),
        ("ORIGINS", "app.example"),
        ("ORIGINS", "HTTPS://app.example"),
        ("ORIGINS", "null"),
        ("PROXIES", "proxy.example"),
        ("PROXIES", "10.0.0.1/8"),
    ],
)
def test_what_would_never_match_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"TRELLIS_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings(database_url="postgresql://db", redis_url="redis://r")


@pytest.mark.parametrize("number", ["-1", "11"])
def test_a_batch_can_have_no_more_than_ten_operations(monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    monkeypatch.setenv("TRELLIS_BATCH_LIMIT", number)
    with pytest.raises(ValidationError):
        Settings(database_url="postgresql://db", redis_url="redis://r")


async def test_an_operation_that_is_larger_than_the_limits_of_the_settings_is_refused(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url, limits=Limits(aliases=1)) as served:
        assert "data" in (await served.post({"query": "{ a: __typename }"})).json()
        [error] = (await served.post({"query": "{ a: __typename b: __typename }"})).json()["errors"]
    assert error["extensions"]["code"] == "MAX_ALIASES_LIMIT"


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


ONE, OTHER = "the-secret-of-a-provider-of-payments", "another-secret-of-a-provider-of-payments"


def test_a_provider_of_payments_may_have_two_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRELLIS_PAYMENTS", f"stripe:{ONE} stripe:{OTHER}, polar:{ONE}:x")
    settings = Settings(database_url="postgresql://db", redis_url="redis://r")
    assert settings.payment_secrets == {"stripe": [ONE, OTHER], "polar": [f"{ONE}:x"]}
    assert ONE not in repr(settings)


@pytest.mark.parametrize("value", [ONE, "stripe:", "stripe:short", f"Stripe:{ONE}", f":{ONE}", f"a/b:{ONE}"])
def test_a_provider_of_payments_needs_a_name_and_a_secret(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TRELLIS_PAYMENTS", value)
    with pytest.raises(ValidationError, match=r"read stripe:whsec_…") as refused:
        Settings(database_url="postgresql://db", redis_url="redis://r")
    assert ONE not in str(refused.value)


@pytest.mark.parametrize("url", ["https://github.example/api/v3", "http://127.0.0.1:8000"])
def test_the_api_of_github_may_be_elsewhere(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("TRELLIS_GITHUB_API", f"{url}/")
    assert Settings(database_url="postgresql://db", redis_url="redis://r").github_api == url


@pytest.mark.parametrize("url", ["http://github.example", "github.example", "https://", "https://a:b@github.example"])
def test_a_token_goes_over_no_open_connection(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("TRELLIS_GITHUB_API", url)
    with pytest.raises(ValidationError, match="api"):
        Settings(database_url="postgresql://db", redis_url="redis://r")

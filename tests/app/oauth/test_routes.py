"""Signing in with providers, from the first address to the session: whom it lets in, and everybody whom it does not."""

from http.cookies import SimpleCookie
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from starlette.responses import JSONResponse, PlainTextResponse, Response

from app.cookies import SESSION, SIGN_IN
from app.oauth.failures import Failure
from app.oauth.routes import own_path
from db import tables
from db.access import GUEST
from db.actions import accounts
from db.engine import Database
from tests.app.oauth.conftest import Tab, of, parameter, tab
from tests.app.oauth.fakes import FakeGitHub, FakeOpenID, at_once, silent
from tests.app.serving import NO_REDIS, PLAIN, Served, serving
from tests.deadline import DEADLINE
from tests.graphql_schema.asking import add, change
from tests.markdown import table
from tests.world import World
from tests.world.accounts import PASSWORD

ADA = "ada@example.com"
NEW = "new.comer@example.com"


async def count(database: Database, table: Any, *which: Any) -> int:
    async with database.read() as session:
        return (await session.execute(select(func.count()).select_from(table).where(*which))).scalar_one()


async def user_of(database: Database, email: str) -> Any:
    async with database.read() as session:
        found = await session.execute(select(tables.User).where(func.lower(tables.User.email) == email))
        return found.scalar_one_or_none()


# --- the way that it goes ---------------------------------------------------------------------------------------------


async def test_a_newcomer_is_a_person_with_what_the_provider_says_of_them(browser_tab: Tab) -> None:
    assert await browser_tab.sign_in("github", "/demo?tab=2") == "/demo?tab=2"
    assert await browser_tab.who() == {
        "name": "New Comer",
        "email": "New.Comer@example.com",
        "username": "newcomer",
        "githubLogin": "newcomer",
        "avatarUrl": "https://pictures.example/new.png",
        "accounts": {"nodes": [{"provider": "github", "name": "newcomer"}]},
    }


@pytest.fixture(autouse=True)
def a_newcomer_is_in_front_of_the_browser(github: FakeGitHub, acme: FakeOpenID) -> None:
    github.who = acme.who = "newcomer"


async def test_openid_tells_in_a_token_who_somebody_is(browser_tab: Tab) -> None:
    await browser_tab.sign_in("acme")
    assert (await browser_tab.who())["accounts"] == {"nodes": [{"provider": "acme", "name": "comer"}]}


async def test_a_provider_that_others_have_written_lets_in_too(
    database_url: str, redis_url: str, database: Database, mock: str
) -> None:
    async with serving(database_url, redis_url, oauth={"mock": of(mock)}) as served, tab(served) as browser:
        claims = {"email": NEW, "email_verified": True, "name": "New Comer", "preferred_username": "comer"}
        async with httpx.AsyncClient(verify=PLAIN, timeout=DEADLINE) as person:
            (await person.put(f"{mock}/users/42", json=claims)).raise_for_status()
            there = await browser.begin("mock")
            assert parameter(there, "code_challenge_method") == "S256"
            agreed = await person.post(there, data={"sub": "42"})
        assert await browser.end(agreed.headers["location"]) == "/"
        assert (await browser.who())["name"] == "New Comer"
        account = await only_account(database)
        token = await served.app.sign_ins.providers.token(account.id)  # type: ignore[union-attr]  # it is there
        await change(database, account, expires_at=func.now())
        fresh = await served.app.sign_ins.providers.token(account.id)  # type: ignore[union-attr]
        assert fresh not in {"", token}
        async with httpx.AsyncClient(verify=PLAIN, timeout=DEADLINE) as person:
            userinfo = await person.get(f"{mock}/userinfo", headers={"Authorization": f"Bearer {fresh}"})
        assert userinfo.json()["sub"] == "42"


async def only_account(database: Database, email: str = NEW) -> Any:
    user = await user_of(database, email)
    async with database.read() as session:
        return (await session.execute(select(tables.Account).where(tables.Account.user_id == user.id))).scalar_one()


async def test_nothing_that_the_provider_gave_is_stored_as_it_is(
    browser_tab: Tab, database: Database, github: FakeGitHub
) -> None:
    await browser_tab.sign_in("github")
    account = await only_account(database)
    for token in (*github.tokens, *github.refreshing):
        assert token.encode() not in account.access_token + account.refresh_token


async def test_the_next_time_it_is_the_same_person_whatever_their_address_is(
    signing: Served, browser_tab: Tab, database: Database, github: FakeGitHub
) -> None:
    await browser_tab.sign_in("github")
    before = await count(database, tables.User)
    for other in ({"email": "elsewhere@example.com", "verified": True, "primary": True}, None):
        github.emails["newcomer"] = [other] if other else []
        async with tab(signing) as again:
            await again.sign_in("github")
            assert (await again.who())["email"] == "New.Comer@example.com"
    assert await count(database, tables.User) == before


async def test_the_providers_that_are_configured_are_listed(signing: Served, served: Served) -> None:
    both = [{"name": "github", "title": "GitHub"}, {"name": "acme", "title": "Acme"}]
    assert (await signing.send("GET", "/auth/providers")).json() == both
    assert (await served.send("GET", "/auth/providers")).json() == []


@pytest.mark.parametrize("path", ["/auth/nobody", "/auth/nobody/callback", "/auth/GitHub"])
async def test_another_provider_is_not_found(signing: Served, path: str) -> None:
    assert (await signing.send("GET", path)).status_code == 404


async def test_the_address_to_come_back_to_is_the_one_that_was_asked_for(signing: Served) -> None:
    forwarded = {"x_forwarded_proto": "https", "x_forwarded_host": "trellis.example"}
    answer = await signing.send("GET", "/auth/github", **forwarded)
    assert parameter(answer.headers["location"], "redirect_uri") == "https://trellis.example/auth/github/callback"


async def test_the_cookies_are_for_this_host_over_tls_and_for_no_script(browser_tab: Tab) -> None:
    begun = await browser_tab.get("/auth/github")
    ended = await browser_tab.get(await browser_tab.agree(begun.headers["location"]))
    for answer, name, seconds in ((begun, SIGN_IN, 600), (ended, SESSION, 30 * 24 * 60 * 60)):
        cookie = SimpleCookie(answer.headers["set-cookie"])[name]
        assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
        assert (cookie["path"], cookie["domain"], cookie["max-age"]) == ("/", "", str(seconds))


# --- whose state it is ------------------------------------------------------------------------------------------------


async def test_a_state_is_good_once(browser_tab: Tab) -> None:
    back = await browser_tab.agree(await browser_tab.begin("github"))
    assert await browser_tab.end(back) == "/"
    assert await browser_tab.end(back) == "/signin?error=SIGN_IN_EXPIRED"


async def test_the_state_of_another_browser_signs_nobody_in(signing: Served, browser_tab: Tab) -> None:
    back = await browser_tab.agree(await browser_tab.begin("github"))
    async with tab(signing) as victim:
        assert await victim.end(back) == "/signin?error=SIGN_IN_EXPIRED"
        await victim.begin("github")  # it has a cookie of its own
        back = await browser_tab.agree(await browser_tab.begin("github"))
        assert await victim.end(back) == "/signin?error=SIGN_IN_EXPIRED"
        assert victim.session is None


async def test_the_state_of_another_provider_signs_nobody_in(browser_tab: Tab) -> None:
    back = await browser_tab.agree(await browser_tab.begin("github"))
    assert await browser_tab.end(back.replace("/auth/github", "/auth/acme")) == "/signin?error=SIGN_IN_EXPIRED"


@pytest.mark.parametrize("state", ["", "trk_", "nonsense", "é"])
async def test_what_is_no_state_signs_nobody_in(browser_tab: Tab, state: str) -> None:
    await browser_tab.begin("github")
    assert await browser_tab.end(f"/auth/github/callback?code=1&state={state}") == "/signin?error=SIGN_IN_EXPIRED"


async def test_a_ticket_for_the_graph_is_no_state_and_a_state_no_ticket(browser_tab: Tab, world: World) -> None:
    there = await browser_tab.begin("github")
    as_ada = {"Authorization": f"Bearer {world.tokens['ada']}"}
    ticket = (await browser_tab.client.post("/graphql/ticket", headers=as_ada)).json()["ticket"]
    assert await browser_tab.end(f"/auth/github/callback?code=1&state={ticket}") == "/signin?error=SIGN_IN_EXPIRED"
    state = parameter(there, "state")
    answer = await browser_tab.served.send("GET", f"/graphql?query={{__typename}}&ticket={state}")
    assert answer.status_code == 401


async def test_a_state_lasts_ten_minutes_and_redis_shows_nothing_of_it(
    browser_tab: Tab, redis: Any, prefix: str
) -> None:
    there = await browser_tab.begin("acme")
    [key] = await redis.keys(f"{prefix}oauth:*")
    assert 590 < await redis.ttl(key) <= 600
    assert parameter(there, "state") not in key
    await redis.expire(key, 0)
    assert await browser_tab.end(await browser_tab.agree(there)) == "/signin?error=SIGN_IN_EXPIRED"


async def test_two_tabs_of_one_browser_sign_in_beside_each_other(browser_tab: Tab) -> None:
    for there in [await browser_tab.begin(name) for name in ("github", "acme")]:
        assert await browser_tab.end(await browser_tab.agree(there)) == "/"


async def test_a_code_that_was_given_for_another_sign_in_is_refused_by_its_verifier(
    signing: Served, browser_tab: Tab
) -> None:
    async with tab(signing) as other:
        stolen = parameter(await other.agree(await other.begin("github")), "code")
    mine = await browser_tab.agree(await browser_tab.begin("github"))
    swapped = mine.replace(parameter(mine, "code"), stolen)
    assert await browser_tab.end(swapped) == "/signin?error=PROVIDER_FAILED"
    assert browser_tab.session is None


# --- who it is --------------------------------------------------------------------------------------------------------


async def test_two_providers_are_one_person_where_both_have_verified_the_address(
    signing: Served, browser_tab: Tab, database: Database
) -> None:
    await browser_tab.sign_in("github")
    async with tab(signing) as other:
        await other.sign_in("acme")
        found = await other.who()
    assert [one["provider"] for one in found["accounts"]["nodes"]] == ["acme", "github"]
    assert (found["name"], found["username"]) == ("New Comer", "newcomer")
    assert await count(database, tables.User, func.lower(tables.User.email) == NEW) == 1


@pytest.mark.parametrize("provider", ["github", "acme"])
async def test_an_address_that_the_provider_has_not_verified_lets_nobody_in(
    browser_tab: Tab, database: Database, github: FakeGitHub, acme: FakeOpenID, provider: str
) -> None:
    for email in (ADA, "nobody.yet@example.com", None):
        github.add("newcomer", email, verified=False)
        acme.add("newcomer", email, verified=False)
        before = await count(database, tables.User)
        assert await browser_tab.sign_in(provider) == "/signin?error=ADDRESS_NOT_VERIFIED"
        assert (browser_tab.session, await count(database, tables.User)) == (None, before)


async def test_of_many_addresses_the_verified_one_counts(browser_tab: Tab, github: FakeGitHub) -> None:
    github.emails["newcomer"] = [
        {"email": ADA, "verified": False, "primary": True},
        {"email": "1+new@users.noreply.github.com", "verified": True, "primary": False},
        {"email": NEW, "verified": True, "primary": False},
    ]
    await browser_tab.sign_in("github")
    assert (await browser_tab.who())["email"] == NEW


async def test_somebody_who_has_taken_an_address_without_showing_it_loses_all_ways_in(
    signing: Served, browser_tab: Tab, database: Database, world: World
) -> None:
    """The attacker has registered the address of the victim, with a password and with an account of their own."""
    victim = tables.User(email=NEW.upper(), name="Squatter")
    await add(database, victim)
    await add(database, tables.Password(user_id=victim.id, hash=accounts.hasher.hash(PASSWORD)))
    await add(database, tables.Account(user_id=victim.id, provider="acme", provider_account_id="attacker"))
    async with database.work(GUEST) as work:
        token = await accounts.open_session(work, victim)
    async with signing.talk(authorization=f"Bearer {token}") as talk:
        await browser_tab.sign_in("github")
        assert (await talk.closed())[0] == 4403
    found = await browser_tab.who()
    assert [one["provider"] for one in found["accounts"]["nodes"]] == ["github"]
    assert await count(database, tables.Password, tables.Password.user_id == victim.id) == 0
    user = await user_of(database, NEW)
    assert (user.id, user.email_verified_at is None) == (victim.id, False)


async def test_a_person_who_has_shown_their_address_keeps_their_password_and_sessions(
    browser_tab: Tab, database: Database, github: FakeGitHub, world: World
) -> None:
    await change(database, world.adas_account, provider_account_id="another")
    github.who = "ada"
    await browser_tab.sign_in("github")
    assert (await browser_tab.who())["name"] == "Ada"
    assert await count(database, tables.Password, tables.Password.user_id == world.ada.id) == 1
    assert await count(database, tables.Session, tables.Session.user_id == world.ada.id) == 2


async def test_twenty_who_come_back_at_once_with_one_new_address_are_one_person(
    signing: Served, database: Database, patient: None
) -> None:
    async def come(provider: str) -> Any:
        async with tab(signing) as browser:
            assert await browser.sign_in(provider) == "/"
            return (await browser.who())["email"]

    found = await at_once(*(come(("github", "acme")[number % 2]) for number in range(20)))
    assert {email.lower() for email in found} == {NEW}
    assert await count(database, tables.User, func.lower(tables.User.email) == NEW) == 1
    user = await user_of(database, NEW)
    assert await count(database, tables.Account, tables.Account.user_id == user.id) == 2
    assert await count(database, tables.Session, tables.Session.user_id == user.id) == 20


async def test_a_username_or_login_that_somebody_has_is_left_to_them(
    browser_tab: Tab, database: Database, world: World
) -> None:
    await change(database, world.ben, username="newcomer", github_login="NewComer")
    await browser_tab.sign_in("github")
    found = await browser_tab.who()
    assert (found["name"], found["username"], found["githubLogin"]) == ("New Comer", None, None)


async def test_somebody_who_was_deactivated_is_refused_however_they_come(
    browser_tab: Tab, database: Database, github: FakeGitHub, world: World
) -> None:
    await change(database, world.ada, is_active=False)
    github.who = "ada"  # has the address
    assert await browser_tab.sign_in("github") == "/signin?error=USER_DEACTIVATED"
    await change(database, world.adas_account, provider_account_id=str(github.people["ada"]["id"]))
    assert await browser_tab.sign_in("github") == "/signin?error=USER_DEACTIVATED"
    assert browser_tab.session is None


async def test_wrong_passwords_lock_nobody_out_who_comes_with_a_provider(
    browser_tab: Tab, database: Database, github: FakeGitHub, world: World
) -> None:
    await change(database, world.ada, locked_until=func.now() + func.make_interval(0, 0, 0, 1))
    github.who = "ada"
    assert await browser_tab.sign_in("github") == "/"


# --- linking an account -----------------------------------------------------------------------------------------------


async def signed_in(browser: Tab, world: World, name: str) -> None:
    bearer = {"Authorization": f"Bearer {world.tokens[name]}"}
    assert (await browser.client.post("/auth/session", headers=bearer)).status_code == 204


async def test_a_person_who_is_signed_in_links_an_account_to_themselves(
    browser_tab: Tab, world: World, github: FakeGitHub
) -> None:
    github.add("newcomer", "other@example.com", verified=False)  # whose address it is does not matter
    await signed_in(browser_tab, world, "ben")
    session = browser_tab.session
    assert await browser_tab.sign_in("github", "/profile") == "/profile"
    found = await browser_tab.who()
    assert (found["name"], found["email"]) == ("Ben", "ben@example.com")
    assert found["accounts"]["nodes"] == [{"provider": "github", "name": "newcomer"}]
    assert found["githubLogin"] == "newcomer"
    assert browser_tab.session == session


async def test_an_account_of_somebody_else_is_not_linked(
    signing: Served, browser_tab: Tab, world: World, database: Database
) -> None:
    await browser_tab.sign_in("github")
    async with tab(signing) as other:
        await signed_in(other, world, "ben")
        assert await other.sign_in("github") == "/signin?error=ACCOUNT_TAKEN"
    assert await count(database, tables.Account, tables.Account.user_id == world.ben.id) == 0


async def test_another_page_cannot_have_an_account_linked(browser_tab: Tab, world: World) -> None:
    await signed_in(browser_tab, world, "ben")
    assert await browser_tab.begin("github", sec_fetch_site="cross-site") == "/signin?error=CSRF_ERROR"
    assert (await browser_tab.begin("github", sec_fetch_site="same-origin")).startswith("http")


async def test_whoever_is_signed_in_meanwhile_does_not_get_the_account(
    browser_tab: Tab, world: World, database: Database
) -> None:
    await signed_in(browser_tab, world, "ben")
    back = await browser_tab.agree(await browser_tab.begin("github"))
    await signed_in(browser_tab, world, "vera")
    assert await browser_tab.end(back) == "/signin?error=SIGN_IN_EXPIRED"
    assert await count(database, tables.Account, tables.Account.provider_account_id.not_like("of-%")) == 0


async def test_a_cookie_that_has_ended_is_as_good_as_none(browser_tab: Tab) -> None:
    browser_tab.cookies[SESSION] = f"trs_{'x' * 43}"
    assert await browser_tab.sign_in("github") == "/"
    assert (await browser_tab.who())["name"] == "New Comer"


def test_why_a_sign_in_fails_stands_on_the_page_for_operators() -> None:
    listed = [
        code.strip("`")
        for code, _ in table("app/README.md", "How do people sign in with GitHub, Google or my own provider?")
    ]
    assert listed == [failure.value for failure in Failure]


# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("error", "code"), [("access_denied", "ACCESS_DENIED"), ("server_error", "PROVIDER_FAILED")])
async def test_a_person_or_a_provider_that_does_not_want_to_is_told_of(browser_tab: Tab, error: str, code: str) -> None:
    state = parameter(await browser_tab.begin("github"), "state")
    assert await browser_tab.end(f"/auth/github/callback?error={error}&state={state}") == f"/signin?error={code}"


GARBAGE = {
    "no JSON": PlainTextResponse("<html>"),
    "a list": JSONResponse([1]),
    "null": JSONResponse(None),
    "an error": JSONResponse({"error": 'say "what"?\n', "error_description": "é"}),
    "no token": JSONResponse({"token_type": "bearer"}),
    "another kind": JSONResponse({"access_token": "a", "token_type": "mac"}),
    "a number": JSONResponse({"access_token": 1}),
    "a redirect": Response(status_code=302, headers={"Location": "http://169.254.169.254/"}),
    "too much": PlainTextResponse("[" + "1," * 300_000 + "1]"),
    "NUL": JSONResponse({"access_token": "\0", "token_type": "bearer"}),
}


@pytest.mark.parametrize("path", ["/login/oauth/access_token", "/api/v3/user", "/api/v3/user/emails"])
async def test_garbage_from_a_provider_is_a_failed_sign_in(
    browser_tab: Tab, database: Database, github: FakeGitHub, path: str
) -> None:
    before, found = await count(database, tables.User), {}
    for name, answer in GARBAGE.items():
        github.answers[path] = lambda _request, answer=answer: answer  # type: ignore[misc]  # that of this round
        found[name] = await browser_tab.sign_in("github")
    expected = dict.fromkeys(GARBAGE, "/signin?error=PROVIDER_FAILED")
    if path.endswith("emails"):
        expected["a list"] = "/signin?error=ADDRESS_NOT_VERIFIED"
    assert found == expected
    assert await count(database, tables.User) == before


@pytest.mark.parametrize("path", ["/login/oauth/access_token", "/api/v3/user", "/token", "/keys"])
async def test_a_provider_that_is_down_or_busy_is_told_apart(
    browser_tab: Tab, github: FakeGitHub, acme: FakeOpenID, path: str
) -> None:
    provider = "github" if "/api" in path or "/login" in path else "acme"
    for status in (500, 503, 429):
        github.answers[path] = acme.answers[path] = lambda _request, status=status: Response(status_code=status)  # type: ignore[misc]
        assert await browser_tab.sign_in(provider) == "/signin?error=PROVIDER_UNAVAILABLE"


async def test_a_provider_that_says_nothing_is_given_up(
    database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.oauth.web.TIMEOUT", 0.1)
    with silent() as address:
        async with serving(database_url, redis_url, oauth={"acme": of(address)}) as served, tab(served) as browser:
            assert await browser.begin("acme") == "/signin?error=PROVIDER_UNAVAILABLE"


async def test_without_redis_nobody_begins(database_url: str, github: FakeGitHub) -> None:
    oauth = {"github": of(github.address)}
    async with serving(database_url, NO_REDIS, oauth=oauth) as served, tab(served) as browser:
        assert await browser.begin("github") == "/signin?error=SERVICE_UNAVAILABLE"


async def test_whoever_begins_too_often_waits(database_url: str, redis_url: str, github: FakeGitHub) -> None:
    settings = {"oauth": {"github": of(github.address)}, "rate_limit": 5, "rate_limit_restored": 1}
    async with serving(database_url, redis_url, **settings) as served:
        answers = await at_once(*(served.send("GET", "/auth/github") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {303, 429}


async def test_no_token_code_or_secret_is_logged(
    browser_tab: Tab, github: FakeGitHub, acme: FakeOpenID, capfd: pytest.CaptureFixture[str]
) -> None:
    for provider in ("github", "acme"):
        await browser_tab.sign_in(provider)
        back = await browser_tab.agree(await browser_tab.begin(provider))
        await browser_tab.end(back.replace("code=", "code=wrong-"))
    written = "".join(capfd.readouterr())
    secrets = [*github.tokens, *github.refreshing, *acme.tokens, *github.codes, *acme.codes, browser_tab.session]
    assert [secret for secret in secrets if secret and secret in written] == []


@pytest.mark.parametrize("path", ["/", "/demo", "/a/b?c=d&e=%2F%2Fevil", "/a#b", "/~ada"])
def test_a_path_of_ours_is_where_one_comes_back_to(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        *(
            None,
            "",
            "demo",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "/\t/evil",
        ),
        *("javascript:alert(1)", "/a b", "/a\r\nSet-Cookie: b=c", "/é", "/" + "x" * 3_000, " /demo"),
    ],
)
def test_any_other_is_not(path: str | None) -> None:
    assert own_path(path) == "/"

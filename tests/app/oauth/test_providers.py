"""Stored tokens are refreshed at the provider that gave them, GitHub's form and OpenID's."""

import asyncio

import pytest
from sqlalchemy import func
from starlette.responses import Response

from app.oauth.failures import SignInFailed
from db import tables
from db.actions.provider_tokens import NoToken
from db.engine import Database
from tests.app.oauth.conftest import Tab
from tests.app.oauth.fakes import Fake, FakeGitHub, FakeOpenID
from tests.app.oauth.test_routes import only_account
from tests.graphql_schema.asking import change


@pytest.fixture(params=["github", "acme"])
def provider(request: pytest.FixtureRequest, github: FakeGitHub, acme: FakeOpenID) -> Fake:
    fake: Fake = {"github": github, "acme": acme}[request.param]
    fake.who = "newcomer"
    return fake


async def signed_in(browser_tab: Tab, database: Database, provider: Fake) -> tables.Account:
    """The account of somebody whose token has ended."""
    await browser_tab.sign_in("github" if isinstance(provider, FakeGitHub) else "acme")
    account: tables.Account = await only_account(database)
    await change(database, account, expires_at=func.now())
    return account


async def token(browser_tab: Tab, account: tables.Account) -> str:
    sign_ins = browser_tab.served.app.sign_ins
    assert sign_ins
    return await sign_ins.providers.token(account.id)


async def test_two_who_need_a_token_refresh_it_once_and_its_refresh_token_rotates(
    browser_tab: Tab, database: Database, provider: Fake
) -> None:
    account = await signed_in(browser_tab, database, provider)
    found = await asyncio.gather(*(token(browser_tab, account) for _ in range(5)))
    assert len(set(found)) == 1
    assert provider.tokens[found[0]] == "newcomer"
    assert len(provider.tokens) == 2
    await change(database, account, expires_at=func.now())
    assert await token(browser_tab, account) not in found


async def test_a_refresh_token_that_holds_no_more_is_forgotten_whatever_the_status_is(
    browser_tab: Tab, database: Database, provider: Fake
) -> None:
    account = await signed_in(browser_tab, database, provider)
    provider.refreshing.clear()
    for _ in range(2):
        with pytest.raises(NoToken):
            await token(browser_tab, account)
    assert (await only_account(database)).refresh_token is None
    await browser_tab.sign_in(account.provider)
    assert await token(browser_tab, account) in provider.tokens


async def test_a_provider_that_is_down_takes_nothing_away(browser_tab: Tab, database: Database, provider: Fake) -> None:
    account = await signed_in(browser_tab, database, provider)
    for path in ("/token", "/login/oauth/access_token"):
        provider.answers[path] = lambda _request: Response(status_code=502)
    with pytest.raises(SignInFailed, match="502"):
        await token(browser_tab, account)
    provider.answers.clear()
    assert await token(browser_tab, account) in provider.tokens

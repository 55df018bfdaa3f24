"""Row 10: people come in with an account of a provider or by a password, are in a session, verify their address and set
a new password by mail, and learn nothing of who else is there.
"""

from typing import Any

import pytest

from tests.app.oauth.conftest import Tab
from tests.app.oauth.fakes import FakeGitHub
from tests.app.serving import Served
from tests.conftest import Graph
from tests.graphql_schema.accounts.mails import Post
from tests.graphql_schema.asking import done, refusal
from tests.world import World
from tests.world.accounts import PASSWORD

ERRORS = "errors { code path }"
REGISTER = f"mutation ($input: RegisterInput!) {{ register(input: $input) {{ token user {{ role }} {ERRORS} }} }}"
VERIFY = f"mutation ($input: LinkInput!) {{ verifyEmail(input: $input) {{ {ERRORS} }} }}"
SIGN_IN = f"mutation ($input: SignInInput!) {{ signIn(input: $input) {{ token {ERRORS} }} }}"
ASK = f"mutation ($input: EmailInput!) {{ requestPasswordReset(input: $input) {{ sent {ERRORS} }} }}"
RESET = f"mutation ($input: ResetPasswordInput!) {{ resetPassword(input: $input) {{ token {ERRORS} }} }}"
ME = "{ viewer { email emailVerifiedAt sessions { totalCount } } }"
SIGN_OUT = f"mutation {{ signOut {{ {ERRORS} }} }}"
GRACE = {"email": "grace@example.com", "password": "a long enough word", "name": "Grace"}
NEW = "a longer word than that"


async def who(served: Served, token: str | None) -> Any:
    """Who a token says that one is: None where it does not hold."""
    answer = await served.post({"query": ME}, authorization=f"Bearer {token}")
    return answer.json()["data"]["viewer"] if answer.status_code == 200 else None


async def test_an_account_of_a_provider_leads_to_a_session_and_stays_linked(
    browser_tab: Tab, github: FakeGitHub
) -> None:
    github.who = "newcomer"
    await browser_tab.sign_in("github", "/demo")
    first = await browser_tab.who()
    assert first["accounts"]["nodes"] == [{"provider": "github", "name": "newcomer"}]
    assert browser_tab.session
    browser_tab.cookies.clear()
    assert await browser_tab.who() is None
    await browser_tab.sign_in("github")
    assert await browser_tab.who() == first


async def test_a_session_holds_until_it_is_ended(served: Served, graph: Graph, world: World) -> None:
    token = (await done(graph, None, SIGN_IN, email="ada@example.com", password=PASSWORD))["token"]
    assert (await who(served, token))["email"] == "ada@example.com"
    await served.post({"query": SIGN_OUT}, authorization=f"Bearer {token}")
    assert await who(served, token) is None


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
async def test_a_wrong_password_and_a_stranger_are_told_alike(graph: Graph, email: str) -> None:
    given = {"email": email, "password": "not the right one"}
    answer = (await graph.data(None, SIGN_IN, input=given))["signIn"]
    assert answer == {"token": None, "errors": [{"code": "BAD_USER_INPUT", "path": []}]}


async def test_whoever_registers_verifies_their_address_by_a_link_that_works_once(
    served: Served, graph: Graph, post: Post
) -> None:
    registered = await done(graph, None, REGISTER, **GRACE)
    assert registered["user"] == {"role": "STUDENT"}
    before = await who(served, registered["token"])
    assert (before["email"], before["emailVerifiedAt"]) == (GRACE["email"], None)
    link = await post.token("verify")
    await done(graph, None, VERIFY, token=link)
    assert (await who(served, registered["token"]))["emailVerifiedAt"]
    assert await refusal(graph, None, VERIFY, token=link) == ("BAD_USER_INPUT", "input.token")


async def test_a_new_password_by_mail_ends_every_other_session(
    served: Served, graph: Graph, world: World, post: Post
) -> None:
    old = (await done(graph, None, SIGN_IN, email="ada@example.com", password=PASSWORD))["token"]
    await done(graph, None, ASK, email="ada@example.com")
    link = await post.token("reset")
    new = (await done(graph, None, RESET, token=link, password=NEW))["token"]
    assert await who(served, old) is None
    assert (await who(served, new))["sessions"]["totalCount"] == 1
    assert await refusal(graph, None, RESET, token=link, password=NEW) == ("BAD_USER_INPUT", "input.token")
    assert await refusal(graph, None, SIGN_IN, email="ada@example.com", password=PASSWORD) == ("BAD_USER_INPUT", "")
    assert (await done(graph, None, SIGN_IN, email="ada@example.com", password=NEW))["token"]


async def test_nobody_learns_from_a_reset_who_is_there(graph: Graph, post: Post) -> None:
    for email in ("nobody@example.com", "ada@example.com"):
        assert await done(graph, None, ASK, email=email) == {"sent": True, "errors": []}
    assert [mail.to for mail in await post.deliver()] == ["ada@example.com"]

"""The page `/signin`, in a real browser: all ways in, what is said of those that fail, and what is left of a secret."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from graphql import parse, validate
from sqlalchemy import select

from app.auth import authenticate
from app.pages.build import CONSOLE
from app.pages.signin import DOCUMENTS
from db import tables
from db.access import GUEST
from db.tokens import token_hash
from graphql_schema.schema import schema
from tests.app.browser import Browser, Page
from tests.app.serving import NO_DATABASE, Served, serving
from tests.graphql_schema.asking import add
from tests.world import World
from tests.world.accounts import PASSWORD

OPERATIONS: dict[str, str] = json.loads(DOCUMENTS.read_text())
ADA = "ada@example.com"
EMAIL, SECRET, NAME = "input[name=email]", "input[name=password]", "input[name=name]"
SAYS = "[...document.querySelectorAll('.refusal')].map(one => one.textContent).join()"
HEADING = "document.querySelector('h2')?.textContent"
FIELDS = "[...document.querySelectorAll('input')].map(one => [one.labels[0].textContent, one.autocomplete])"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
NO_AUTOFILL = "PublicKeyCredential.isConditionalMediationAvailable = async () => false"
needs_build = pytest.mark.skipif(not CONSOLE.is_current(), reason="the console is not built: python -m app.pages")


@asynccontextmanager
async def visited(browser: Browser, served: Served, arrival: str = "") -> AsyncIterator[Page]:
    """The page at a host with a name, as passkeys need one."""
    async with browser.visiting(f"{home(served)}/signin{arrival}") as page:
        yield page
        assert page.hosts == {home(served).removeprefix("http://")}
        assert [one for one in page.complaints if "404" not in one] == []


def home(served: Served) -> str:
    return f"http://localhost:{served.address.rpartition(':')[2]}"


async def press(page: Page, text: str) -> None:
    """Press the button with this text."""
    button = f"[...document.querySelectorAll('button')].find(one => one.textContent === {json.dumps(text)})"
    await page.until(f"{button} !== undefined")
    await page.run(f"{button}.click()")


async def enter(page: Page, selector: str, text: str) -> None:
    """Text in place of whatever is in a field."""
    await page.until(f"document.querySelector({json.dumps(selector)}) !== null")
    await page.run(f"document.querySelector({json.dumps(selector)}).select()")
    await page.type(selector, text)


@needs_build
async def test_a_password_signs_in_and_a_wrong_one_loses_nothing(browser: Browser, served: Served) -> None:
    async with visited(browser, served, "?return=%2Fgraphiql") as page:
        await page.until("document.activeElement?.name === 'email'")
        assert await page.run(FIELDS) == [["E-mail address", "username webauthn"], ["Password", "current-password"]]
        await enter(page, EMAIL, ADA)
        await enter(page, SECRET, "guessed")
        await page.press("Enter", text="\r")
        assert await page.until(SAYS) == "E-mail address and password do not match."
        assert await page.run("document.querySelector('.refusal').parentElement.role") == "alert"
        assert await page.run(f"document.querySelector('{EMAIL}').value") == ADA
        await enter(page, SECRET, PASSWORD)
        await page.press("Enter", text="\r")
        await page.until("document.querySelector('.who output')?.textContent === 'You are Ada'")
        assert await page.run("location.href") == f"{home(served)}/graphiql"
        assert not [url for url in page.requests if "guessed" in url or "trs_" in url]
        await press(page, "Sign out")
        await page.until("document.querySelector('.who output').textContent === 'Nobody is signed in'")
        await press(page, "Sign in")
        await enter(page, EMAIL, ADA)
        await enter(page, SECRET, PASSWORD)
        await page.press("Enter", text="\r")
        await page.until("document.querySelector('dialog') === null")
        await page.until("document.querySelector('.who output').textContent === 'You are Ada'")


@needs_build
async def test_a_passkey_is_added_and_signs_in_by_a_button_and_by_itself(
    browser: Browser, served: Served, world: World
) -> None:
    async with visited(browser, served, f"#{world.tokens['ada']}") as page:
        await page.send("WebAuthn.enable")
        await page.send("WebAuthn.addVirtualAuthenticator", options=DEVICE)
        await page.send("Page.enable")
        script = await page.send("Page.addScriptToEvaluateOnNewDocument", source=NO_AUTOFILL)
        await be(page, world, "ada")
        for expected in ("", "This device has a passkey of yours already."):
            await press(page, "Add a passkey")
            await enter(page, NAME, "My laptop")
            await press(page, "Add it")
            await page.until(
                "document.querySelector('[aria-labelledby=passkeys] li strong')?.textContent === 'My laptop'"
            )
            assert await page.until(f"{SAYS} || {json.dumps(not expected)}") == (expected or True)
        await press(page, "Sign out")
        await press(page, "Sign in with a passkey")
        await page.until(f"{HEADING} === 'You are Ada'")
        assert "used on" in await page.run("document.querySelector('[aria-labelledby=passkeys] li small').textContent")
        await page.send("Page.removeScriptToEvaluateOnNewDocument", **script)
        await page.run("sessionStorage.clear()")
        await page.send("Network.clearBrowserCookies")
        await page.send("Page.navigate", url=f"{home(served)}/signin?again")
        await page.until(f"!location.search && {HEADING} === 'You are Ada'")
        await press(page, "Remove")
        await page.until("document.querySelector('[aria-labelledby=passkeys] li') === null")
    async with served.app.database.work(GUEST) as work:
        assert await work.scalar(select(tables.Passkey.id).where(tables.Passkey.user_id == world.ada.id)) is None


async def be(page: Page, world: World, name: str) -> None:
    """Be signed in as somebody, as if with their password, and look again."""
    await page.until(f"{HEADING} === 'Sign in'")
    await page.run(f"sessionStorage.setItem('trellis:session', '{world.tokens[name]}'), location.reload()")
    await page.until(f"{HEADING} === 'You are {name.capitalize()}'")


@needs_build
async def test_a_session_that_has_ended_is_forgotten_and_no_other_site_is_opened(
    browser: Browser, served: Served, world: World
) -> None:
    async with visited(
        browser, served, "?return=//evil.example/&error=ACCESS_DENIED&verify=&invitation=secret"
    ) as page:
        await page.until(f"{SAYS}.startsWith('You were not signed in')")
        assert await page.run(
            "document.querySelector('[role=status]').textContent.startsWith('You have an invitation')"
        )
        assert "secret" not in await page.run("location.href")
        await page.run("localStorage.clear()")
        await be(page, world, "ada")
        assert await page.run("document.querySelector('a.primary').href") == f"{home(served)}/graphiql"
        await page.run("sessionStorage.setItem('trellis:session', 'trs_ended'), location.reload()")
        await page.until(f"{HEADING} === 'Sign in'")
        assert await page.run("sessionStorage.length") == 0
        page.complaints.clear()  # the browser says that the server has refused that token


@needs_build
async def test_whoever_registers_is_told_what_is_wrong_at_its_field_and_then_is_in(
    browser: Browser, served: Served
) -> None:
    async with visited(browser, served) as page:
        await press(page, "Create an account")
        await page.until(f"{HEADING} === 'Create an account'")
        assert await page.run("document.activeElement.tagName") == "H2"
        assert await page.run(FIELDS) == [
            ["Name", "name"],
            ["E-mail address", "username"],
            ["Password", "new-password"],
        ]
        await enter(page, NAME, "Zoe")
        await enter(page, EMAIL, ADA)
        await enter(page, SECRET, "long enough for me")
        await page.press("Enter", text="\r")
        await page.until(f"document.activeElement === document.querySelector('{EMAIL}[aria-invalid=true]')")
        said = "document.getElementById(document.activeElement.getAttribute('aria-describedby')).textContent"
        assert await page.run(said) == "Somebody has this address."
        await enter(page, EMAIL, "zoe@example.com")
        await page.press("Enter", text="\r")
        await page.until(f"{HEADING} === 'You are Zoe'")
        assert "not confirmed yet" in await page.run("document.body.textContent")


@needs_build
async def test_a_link_to_set_a_password_signs_in_and_leaves_nothing_in_the_address(
    browser: Browser, served: Served, world: World
) -> None:
    made: Any = vars(tables)["VerificationToken"]
    ends = datetime.now(UTC) + timedelta(hours=1)
    given = {"identifier": ADA, "purpose": "RESET_PASSWORD", "user_id": world.ada.id, "expires_at": ends}
    token = f"trv_{'a' * 43}"
    await add(served.app.database, made(token_hash=token_hash(token), **given))
    async with visited(browser, served, f"?reset={token}") as page:
        await page.until(f"{HEADING} === 'Choose another password'")
        assert await page.run("location.href") == f"{home(served)}/signin"
        await enter(page, SECRET, "another one that is long")
        await press(page, "Save and sign in")
        await page.until(f"{HEADING} === 'You are Ada'")


async def test_the_page_is_for_everybody_also_where_the_console_is_for_nobody(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url, introspection="nobody") as running:
        statuses = [(await running.send("GET", path)).status_code for path in ("/signin", "/graphiql")]
        page = await running.send("GET", "/signin")
    assert statuses == [200 if CONSOLE.is_current() else 503, 404]
    assert "form-action 'none'" in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "no-referrer"


def test_the_operations_of_the_page_are_those_of_this_schema() -> None:
    wrong = {name: validate(schema.core, parse(text)) for name, text in OPERATIONS.items()}
    assert {name: errors for name, errors in wrong.items() if errors} == {}


async def test_the_operations_of_the_page_run_where_nothing_else_does(
    database_url: str, redis_url: str, world: World
) -> None:
    strict: Any = {"trusted_documents": DOCUMENTS, "trusted_level": "id-only"}
    async with serving(database_url, redis_url, **strict) as running:
        given = {"email": ADA, "password": PASSWORD}
        answer = await running.post({"documentId": "trellis.signIn", "variables": {"input": given}})
        token = answer.json()["data"]["signIn"]["token"]
        assert (await authenticate(running.app.database, token)).id == world.ada.id
        refused = await running.post({"query": "{ viewer { id } }"})
        assert refused.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_ID_REQUIRED"

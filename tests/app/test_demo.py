"""The page `/demo`: served where people are named only, and in two browsers what one does the other sees."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.pages import demo
from app.pages.build import DEMO
from app.pages.node import StepFailed, on_machine
from app.persisted.manifests import collected
from graphql_schema.schema import executor
from tests.app.browser import Browser, Page
from tests.app.serving import Served, serving
from tests.clients.conftest import FOLDER as CLIENTS
from tests.deadline import DEADLINE

ADA, BEN = "ada@example.com", "ben@example.com"
SHOWN = """JSON.stringify([...document.querySelectorAll('.thread')].map(thread => [
    thread.querySelector('.title').textContent,
    ...[...thread.querySelectorAll('.comment')].map(comment =>
        [comment.querySelector('strong'), comment.querySelector('.said'), comment.querySelector('.reactions')]
            .map(part => part?.textContent))]))"""
"""All threads of a window, with who said what."""
needs_build = pytest.mark.skipif(not DEMO.is_current(), reason="the demo is not built: python -m app.pages")


@pytest.fixture
async def demonstrated(database_url: str, redis_url: str) -> AsyncIterator[Served]:
    """A server on whose page anybody may be Ada or Ben."""
    async with serving(database_url, redis_url, demo=(ADA, BEN), trusted_level="off") as running:
        yield running


def window(served: Served, who: str) -> str:
    return f"http://{served.address}/demo?as={who}"


async def test_without_people_there_is_no_such_page(served: Served) -> None:
    for method, path in (("GET", "/demo"), ("GET", "/demo/people"), ("POST", "/demo/people/ada")):
        assert (await served.send(method, path)).status_code == 404


async def test_a_token_is_given_for_those_only_who_are_named(demonstrated: Served) -> None:
    people = await demonstrated.send("GET", "/demo/people")
    assert [(person["as"], person["name"]) for person in people.json()] == [("ada", "Ada"), ("ben", "Ben")]
    assert "trs_" not in people.text
    given = await demonstrated.send("POST", "/demo/people/ben")
    assert given.headers["cache-control"] == "no-store"
    asked = await demonstrated.post({"query": "{ viewer { name } }"}, authorization=f"Bearer {given.json()['token']}")
    assert asked.json()["data"] == {"viewer": {"name": "Ben"}}
    assert (await demonstrated.send("POST", "/demo/people/olga")).status_code == 404


async def test_the_page_may_be_framed_by_itself_only(demonstrated: Served) -> None:
    page = await demonstrated.send("GET", "/demo")
    policy = dict(rule.split(" ", 1) for rule in page.headers["content-security-policy"].split("; "))
    assert (policy["frame-ancestors"], policy["frame-src"], policy["default-src"]) == ("'self'", "'self'", "'none'")


def test_the_operations_of_the_page_are_those_of_this_schema() -> None:
    assert len(collected([demo.DOCUMENTS], executor)) > 10


async def test_the_operations_of_the_page_run_where_nothing_else_does(database_url: str, redis_url: str) -> None:
    document = next(key for key, text in collected([demo.DOCUMENTS], executor).items() if "query Desk" in text)
    async with serving(
        database_url, redis_url, demo=(ADA,), trusted_documents=demo.DOCUMENTS, trusted_level="id-only"
    ) as served:
        answer = await served.post({"documentId": document})
        assert answer.json()["data"]["projects"] == {"__typename": "SpecificationProjectConnection", "nodes": []}


async def say(page: Page, text: str, *, where: str = ".thread textarea") -> None:
    """Write a reply, and send it by the keyboard."""
    await page.type(where, text)
    await page.press("Enter", text="\r")


async def until_both_show_the_same(one: Page, other: Page, text: str) -> None:
    for page in (one, other):
        await page.until(f"document.querySelector('article').textContent.includes({text!r})")
        await page.until("!document.querySelector('.sending')")
    async with asyncio.timeout(DEADLINE):
        while await one.run(SHOWN) != await other.run(SHOWN):  # noqa: ASYNC110  (nobody tells of it)
            await asyncio.sleep(0.02)


@pytest.mark.usefixtures("world")
@needs_build
async def test_two_people_see_what_each_other_does_and_one_who_was_away_catches_up(
    browser: Browser, demonstrated: Served
) -> None:
    async with (
        browser.visiting(window(demonstrated, "ada")) as ada,
        browser.visiting(window(demonstrated, "ben")) as ben,
    ):
        for page in (ada, ben):
            await page.until("document.querySelectorAll('.presence .face').length === 2")
        await ada.type(".thread textarea", "I am")
        await ben.until("document.querySelector('.presence').textContent.includes('Ada is typing')")
        await say(ada, " here.")
        await until_both_show_the_same(ada, ben, "I am here.")
        await ben.click(".comment [aria-label=Like]")
        await ada.until(f'{SHOWN}.includes(\'"I am here.","1"\')')

        await ben.go_offline()
        await ben.until("document.querySelector('.state.away') !== null")
        await say(ben, "Said offline.")
        await ben.until("document.querySelector('.sending') !== null")
        for number in range(3):
            await say(ada, f"While you were away: {number}.")
        await ada.until(f"{SHOWN}.includes('away: 2') && !document.querySelector('.sending')")
        assert "away: 2" not in await ben.run(SHOWN)
        await ben.go_offline(False)
        await until_both_show_the_same(ada, ben, "Said offline.")
        await ben.until("document.querySelector('.news')?.textContent.startsWith('3 new comments')")
        assert await ben.run("document.querySelectorAll('.badge').length") == 3
        assert await ada.run("document.querySelectorAll('.badge').length") == 0
        assert ada.hosts == ben.hosts == {demonstrated.address}


REMOVED = "document.body.textContent.includes('No project is open to you')"


@pytest.mark.usefixtures("world")
@needs_build
async def test_who_is_taken_off_sees_no_more_and_who_is_added_is_told(browser: Browser, demonstrated: Served) -> None:
    async with (
        browser.visiting(window(demonstrated, "ada")) as ada,
        browser.visiting(window(demonstrated, "ben")) as ben,
    ):
        await ben.type(".thread textarea", "Half a thou")
        await ada.click(".members button")
        await ben.until(REMOVED)
        assert await ben.run("document.querySelector('article')") is None
        await ada.until("document.querySelector('.members').textContent.includes('Add Ben')")
        await ada.click(".members button")
        await ben.until("document.querySelector('.thread textarea')?.value === 'Half a thou'")
        unread = "document.querySelector('.bell').ariaLabel"
        await ben.until(f"{unread} === 'Notifications, 2 unread'")
        await ben.click(".bell")
        await ben.click("#notices .primary")
        await ben.until(f"{unread} === 'Notifications, 0 unread'")


@pytest.mark.usefixtures("world")
@needs_build
async def test_what_is_refused_can_be_said_better_and_what_is_settled_can_be_opened_again(
    browser: Browser, demonstrated: Served
) -> None:
    async with browser.visiting(window(demonstrated, "ben")) as ben:
        long = "long " * 10_001
        await say(ben, long)
        await ben.until("document.querySelector('.refusal')?.textContent.includes('50,000')")
        assert await ben.run("document.querySelector('.thread textarea').value") == long.strip()
        before = await ben.run("document.querySelectorAll('.thread').length")
        await ben.click(".add")
        await ben.type(".threads > .composer textarea", "Where?")
        await ben.press("Escape")
        await ben.until("document.querySelector('.threads > .composer') === null")
        await ben.click(".add")
        await ben.until("document.activeElement.value === 'Where?'")
        await ben.press("Enter", text="\r")
        await ben.until(f"document.querySelectorAll('.thread').length === {before + 1}")
        title = "document.querySelector('.thread .title').textContent"
        await ben.until(f"{title}.startsWith('Open')")
        await ben.click(".thread > header > button:last-child")
        await ben.until(f"{title}.startsWith('Resolved by Ben')")
        await ben.click(".thread > header > button:last-child")
        await ben.until(f"{title}.startsWith('Open')")


@pytest.fixture(scope="session")
def axe() -> str:
    """The script that looks for what keeps people with disabilities out."""
    node = on_machine()
    if node is None:
        pytest.skip("there is no Node on this machine, or none that is new enough")
    try:
        node.install(CLIENTS)
    except StepFailed as reason:
        pytest.skip(f"axe is not installed: {reason}")
    return (CLIENTS / "node_modules/axe-core/axe.min.js").read_text()


VIOLATIONS = "axe.run().then(found => found.violations.map(({id, nodes}) => id + ': ' + nodes.map(node => node.html)))"


@pytest.mark.usefixtures("world")
@needs_build
async def test_nothing_keeps_people_with_disabilities_out_in_either_theme(
    browser: Browser, demonstrated: Served, axe: str
) -> None:
    async with browser.visiting(window(demonstrated, "ben"), width=390) as ben:
        await ben.click(".add")
        await ben.until("document.querySelectorAll('.composer').length > 1")
        await ben.run(f"{axe}; true")
        found = {}
        for scheme in ("light", "dark"):
            await ben.prefer(scheme)
            found[scheme] = await ben.run(VIOLATIONS)
        await ben.click(".bell")
        found["notifications"] = await ben.run(VIOLATIONS)
        assert found == {"light": [], "dark": [], "notifications": []}
        assert await ben.run("document.documentElement.scrollWidth") <= 390

"""The page `/demo`: served where people are named only, and in two browsers what one does the other sees."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlalchemy import delete

from app.pages import demo
from app.pages.build import DEMO
from app.pages.node import Node, StepFailed, on_machine
from app.persisted.manifests import collected
from db.access import GUEST
from db.actions import accounts
from db.engine import Database
from db.outbox import OutboxEvent
from graphql_schema.schema import executor
from tests.app.browser import Browser, Page
from tests.app.serving import Served, listeners, serving, until
from tests.deadline import DEADLINE
from tests.world import World

ADA, BEN, SAM = "ada@example.com", "ben@example.com", "sam@example.com"
SHOWN = """JSON.stringify([...document.querySelectorAll('.thread')].map(thread => [
    thread.querySelector('.title').textContent,
    ...[...thread.querySelectorAll('.comment')].map(comment =>
        [comment.querySelector('strong'), comment.querySelector('.said'), comment.querySelector('.reactions')]
            .map(part => part?.textContent))]))"""
"""All threads of a window, with who said what."""
Window = Callable[..., Awaitable[Page]]
needs_build = pytest.mark.skipif(not DEMO.is_current(), reason="the demo is not built: python -m app.pages")


@pytest.fixture
async def demonstrated(database_url: str, redis_url: str, prefix: str) -> AsyncIterator[Served]:
    """A server on whose page anybody may be Ada, Ben or Sam."""
    people = ADA, BEN, SAM
    async with serving(database_url, redis_url, redis_prefix=prefix, demo=people, trusted_level="off") as running:
        yield running


@pytest.fixture
async def window(browser: Browser, demonstrated: Served) -> AsyncIterator[Window]:
    """Opens the window of somebody."""
    async with AsyncExitStack() as windows:

        async def opened(who: str, **size: int) -> Page:
            address = f"http://{demonstrated.address}/demo?as={who}"
            return await windows.enter_async_context(browser.visiting(address, **size))

        yield opened


async def test_without_people_there_is_no_such_page(served: Served) -> None:
    for method, path in (("GET", "/demo"), ("GET", "/demo/people"), ("POST", "/demo/people/ada")):
        assert (await served.send(method, path)).status_code == 404


async def test_a_token_is_given_for_those_only_who_are_named(demonstrated: Served) -> None:
    people = await demonstrated.send("GET", "/demo/people")
    assert [(person["as"], person["name"]) for person in people.json()] == [
        ("ada", "Ada"),
        ("ben", "Ben"),
        ("sam", "Sam"),
    ]
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


@pytest.fixture(scope="session")
def packages() -> Node:
    """A Node with all that the page is developed with."""
    node = on_machine()
    if node is None:
        pytest.skip("there is no Node on this machine, or none that is new enough")
    try:
        node.install(DEMO.source)
    except StepFailed as reason:
        pytest.skip(f"the packages of the demo are not installed: {reason}")
    return node


def test_what_is_generated_for_the_page_is_of_its_operations_and_of_this_schema(packages: Node) -> None:
    reason = None
    try:
        packages.run_npm("run", "check", folder=DEMO.source)
    except StepFailed as failed:
        reason = failed
    if reason:
        said = "What is generated in app/demo is of another schema or other operations, or its types do not fit"
        pytest.fail(f"{said}: run `npm run generate` there, then `npm run check` ({reason}).", pytrace=False)


async def test_the_operations_of_the_page_run_where_nothing_else_does(database_url: str, redis_url: str) -> None:
    document = next(key for key, text in collected([demo.DOCUMENTS], executor).items() if "query Desk" in text)
    async with serving(
        database_url, redis_url, demo=(ADA,), trusted_documents=demo.DOCUMENTS, trusted_level="id-only"
    ) as served:
        answer = await served.post({"documentId": document})
        assert answer.json()["data"]["projects"] == {"__typename": "SpecificationProjectConnection", "nodes": []}


REPLY, OFFLINE = ".thread textarea", ".bar > button:not(.bell)"
TYPED = f"document.querySelector('{REPLY}')?.value"
TAKEN_OFF = "document.querySelector('.notice')?.textContent.startsWith('You are no longer on “Atlas”')"


async def say(page: Page, text: str) -> None:
    """Write a reply, and send it by the keyboard."""
    await page.type(REPLY, text)
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
    window: Window, demonstrated: Served
) -> None:
    ada, ben = await window("ada"), await window("ben")
    for page in (ada, ben):
        await page.until("document.querySelectorAll('.presence .face').length === 2")
    await ada.type(REPLY, "I am")
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


COMMENT = "mutation ($input: AddCommentInput!) { addComment(input: $input) { comment { id } } }"


@needs_build
async def test_a_window_that_was_away_for_too_long_says_so_shows_all_anew_and_loses_nothing_that_was_typed(
    window: Window, demonstrated: Served, world: World, database: Database, redis: Any, prefix: str
) -> None:
    async def comment(text: str) -> None:
        variables = {"input": {"threadId": world.thread_0.public_id, "content": text}}
        said = await demonstrated.post({"query": COMMENT, "variables": variables}, authorization=ada)
        assert "errors" not in said.json()

    ada, ben = f"Bearer {world.tokens['ada']}", await window("ben")
    await ben.until(f"document.querySelector('{REPLY}') !== null")
    await ben.click(OFFLINE)
    await say(ben, "Said offline.")
    await ben.type(REPLY, "Half a thou")
    await comment("While you were away.")
    await forget(database, redis, prefix)
    await ben.click(OFFLINE)
    await ben.until("document.querySelector('.news')?.textContent.includes('longer than events are kept')")
    await ben.until("document.querySelector('.news').textContent.includes('1 new comment')")
    await ben.until(f"{SHOWN}.includes('Said offline.') && !document.querySelector('.sending')")
    assert await ben.run("document.querySelector('.fresh .said').textContent") == "While you were away."
    assert await ben.run(TYPED) == "Half a thou"
    await comment("And on it goes.")
    await ben.until(f"{SHOWN}.includes('And on it goes.')")


async def forget(database: Database, redis: Any, prefix: str) -> None:
    """Lose what has happened, once it is published: in Redis and in the outbox."""
    async with asyncio.timeout(DEADLINE):
        while not (kept := await redis.keys(f"{prefix}history:*project:*")):  # noqa: ASYNC110  (nobody tells of it)
            await asyncio.sleep(0.02)
    await redis.delete(*kept)
    async with database.work(GUEST) as work:
        await work.execute(delete(OutboxEvent))


@pytest.mark.usefixtures("world")
@needs_build
async def test_a_session_that_ends_elsewhere_is_told_and_begun_again_with_what_was_typed(
    window: Window, demonstrated: Served, database: Database
) -> None:
    ben = await window("ben")
    await ben.type(REPLY, "Half a thou")
    token = await ben.run("sessionStorage.getItem('trellis:demo:ben')")
    await demonstrated.post({"query": "mutation { signOut { signedOut } }"}, authorization=f"Bearer {token}")
    await ben.until("document.querySelector('.signed-out')?.textContent.startsWith('Your session has ended')")
    assert await ben.run("document.querySelector('.state').textContent") == "Signed out"
    await ben.press("Enter", text="\r")
    await ben.until("document.querySelector('.refusal')?.textContent.includes('Sign in again')")
    await ben.run("dispatchEvent(new Event('online')) && fetch('demo/people').then(() => true)")
    assert sum(url.startswith("ws:") for url in ben.requests) == 1, "it tries to connect again"
    assert await ben.run(TYPED) == "Half a thou"

    await ben.click(".signed-out button")
    await ben.until("document.querySelector('.state.live') !== null")
    await ben.until(f"{TYPED} === 'Half a thou'")
    async with database.work(GUEST) as work:
        await accounts.set_active(work, BEN, is_active=False)
    await ben.until("document.querySelector('.signed-out')?.textContent.startsWith('Ben cannot sign in any more')")
    assert await ben.run("document.querySelector('.signed-out button')") is None
    assert await ben.run(TYPED) == "Half a thou"


@pytest.mark.usefixtures("world")
@needs_build
async def test_who_is_taken_off_sees_no_more_and_who_is_added_is_told(window: Window) -> None:
    ada, ben = await window("ada"), await window("ben")
    await ben.type(REPLY, "Half a thou")
    await ada.click(".members button")
    await ben.until(TAKEN_OFF)
    assert await ben.run("document.querySelector('article')") is None
    await ada.until("document.querySelector('.members').textContent.includes('Add Ben')")
    await ada.click(".members button")
    await ben.until(f"{TYPED} === 'Half a thou'")
    unread = "document.querySelector('.bell').ariaLabel"
    await ben.until(f"{unread} === 'Notifications, 2 unread'")
    await ben.click(".bell")
    await ben.click("#notices .primary")
    await ben.until(f"{unread} === 'Notifications, 0 unread'")


FINISH = "mutation ($input: CompleteLessonInput!) { completeLesson(input: $input) { lessonProgress { id } } }"


@needs_build
async def test_a_lesson_that_is_finished_on_one_device_is_finished_on_the_others_at_once(
    window: Window, demonstrated: Served, world: World
) -> None:
    async def finish(lesson: str) -> None:
        variables = {"input": {"lessonId": world.rows[lesson].public_id}}
        done = await demonstrated.post({"query": FINISH, "variables": variables}, authorization=telephone)
        assert "errors" not in done.json()

    sam, telephone = await window("sam"), f"Bearer {world.tokens['sam']}"
    progress = "document.querySelector('.course label')?.textContent.trim()"
    await sam.until(f"{progress} === '25 %, 1 of 4 lessons'")
    await until(lambda: listeners(demonstrated) == 2)
    await finish("logic_2_1")
    await sam.until(f"{progress} === '50 %, 2 of 4 lessons'")
    await sam.click(".course button")
    await sam.until(f"{progress} === '75 %, 3 of 4 lessons'")
    await finish("logic_2_2")
    await sam.until(f"{progress} === '100 %, 4 of 4 lessons' && document.querySelector('.course button') === null")


@pytest.mark.usefixtures("world")
@needs_build
async def test_what_is_refused_can_be_said_better_and_what_is_settled_can_be_opened_again(window: Window) -> None:
    ben = await window("ben")
    long = "long " * 10_001
    await say(ben, long)
    await ben.until("document.querySelector('.refusal')?.textContent.includes('50,000')")
    assert await ben.run(TYPED) == long.strip()
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


VIOLATIONS = (
    "axe.run(%s).then(found => found.violations.map(({id, nodes}) => id + ': ' + nodes.map(node => node.html)))"
)


@pytest.mark.usefixtures("packages", "world")
@needs_build
async def test_nothing_keeps_people_with_disabilities_out_in_either_theme(window: Window) -> None:
    ben = await window("ben", width=390)
    await ben.click(".add")
    await ben.until("document.querySelectorAll('.composer').length > 1")
    axe = (DEMO.source / "node_modules/axe-core/axe.min.js").read_text()
    await ben.run(f"{axe}; true")
    found = {"light": await ben.run(VIOLATIONS % "")}
    await ben.prefer("dark")
    found["dark"] = await ben.run(VIOLATIONS % "{runOnly: ['color-contrast']}")
    await ben.click(".bell")
    found["notifications"] = await ben.run(VIOLATIONS % "")
    assert found == {"light": [], "dark": [], "notifications": []}
    assert await ben.run("document.documentElement.scrollWidth") <= 390

"""From what a client sent to the text that runs, at every level, or to the code of a refusal."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from app.persisted.automatic import Automatic
from app.persisted.find import HashMismatch, NotInList, Persisted, PersistedQueryNotFound
from app.persisted.names import BadReference, digest
from app.persisted.trusted import IdRequired, NotInSafelist, Trusted
from app.requests import Members
from app.settings import Level
from db.access import GUEST
from graphql_schema.execution import Operation, Request, RequestError
from graphql_schema.schema import executor
from tests.app.serving import NO_REDIS

HOME = "query Home { viewer { id } }"
LISTED = "query Listed { viewer { name } }"
LEVELS: list[Level] = ["off", "log", "safelist", "id-only"]


async def read(request: Request) -> Operation:
    """Read a text as a guest does."""
    return await executor.read(request, GUEST)


async def beside(_text: str, work: Callable[[], bool]) -> bool:
    """Find something out of a text as it is done for a guest."""
    return await executor.worker.run(work, GUEST)


class Finding:
    """Asks at one level with one document on the list, as one tenant after another."""

    def __init__(self, automatic: Automatic, level: Level) -> None:
        self.persisted = Persisted(Trusted({"listed": LISTED}, level), automatic)

    async def __call__(self, tenant: str = "ada", **members: Any) -> str:
        return (await self.persisted.find(members, tenant, read, beside=beside)).query


@pytest.fixture
def find(automatic: Automatic, level: Level) -> Finding:
    return Finding(automatic, level)


@pytest.fixture
def level() -> Level:
    return "off"


def hashed(text: str, **others: Any) -> Members:
    """The members of a request that names a text by its hash."""
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest(text)}}, **others}


at = pytest.mark.parametrize
every_level = at("level", LEVELS)
every_level_with_texts = at("level", ["off", "log", "safelist"])


async def test_a_request_is_found_with_all_its_members(find: Finding) -> None:
    extensions = {"other": 1, "persistedQuery": None}
    sent = {"query": HOME, "operationName": "Home", "variables": {"a": 1}, "extensions": extensions}
    request = await find.persisted.find(sent, "ada", read, beside=beside)
    assert (request.query, request.operation_name) == (HOME, "Home")
    assert (request.variables, request.extensions) == ({"a": 1}, extensions)


async def test_a_hash_is_known_once_its_text_was_sent(find: Finding) -> None:
    with pytest.raises(PersistedQueryNotFound):
        await find(**hashed(HOME))
    assert await find(**hashed(HOME, query=HOME)) == HOME
    assert await find(**hashed(HOME)) == HOME


async def test_a_text_without_a_hash_is_not_remembered(find: Finding) -> None:
    await find(query=HOME)
    with pytest.raises(PersistedQueryNotFound):
        await find(**hashed(HOME))


async def test_one_tenant_does_not_find_what_another_has_sent(find: Finding) -> None:
    await find("ada", **hashed(HOME, query=HOME))
    with pytest.raises(PersistedQueryNotFound):
        await find("ben", **hashed(HOME))


@every_level_with_texts
async def test_a_hash_and_a_text_that_differ_are_refused(find: Finding) -> None:
    with pytest.raises(HashMismatch):
        await find(**hashed(HOME, query=f"{HOME} "))
    with pytest.raises(PersistedQueryNotFound):
        await find(**hashed(f"{HOME} "))


@at("text", ["{", "{ nothing }", "query A { viewer { id } } query B { viewer { id } }"])
async def test_a_text_that_cannot_run_is_refused_and_not_remembered(find: Finding, text: str) -> None:
    with pytest.raises(RequestError):
        await find(**hashed(text, query=text))
    with pytest.raises(PersistedQueryNotFound):
        await find(**hashed(text))


@every_level_with_texts
@at("name", ["", "abc", "A" * 64, "g" * 64, "a" * 63, "a" * 65, "a" * 64 + "\n"])
async def test_what_is_no_hash_is_refused(find: Finding, name: str) -> None:
    for text in (None, HOME):
        with pytest.raises(BadReference):
            await find(query=text, extensions={"persistedQuery": {"version": 1, "sha256Hash": name}})


async def test_a_reference_of_another_version_is_refused(find: Finding) -> None:
    with pytest.raises(BadReference):
        await find(query=HOME, extensions={"persistedQuery": {"version": 2, "sha256Hash": digest(HOME)}})


@every_level
@at("name", ["listed", digest(LISTED), f"sha256:{digest(LISTED)}"])
async def test_a_document_on_the_list_runs_by_its_id_at_every_level(find: Finding, name: str) -> None:
    assert await find(documentId=name) == LISTED
    assert await find(documentId=name, query=LISTED) == LISTED
    assert await find(extensions={"persistedQuery": {"version": 1, "sha256Hash": name}}) == LISTED


@every_level
@at("name", ["", "Listed", "a" * 64, f"sha256:{digest(HOME)}", "sha256:", f"SHA256:{digest(LISTED)}", "x-a:listed"])
async def test_an_id_that_is_not_on_the_list_is_refused(find: Finding, name: str) -> None:
    with pytest.raises(NotInList):
        await find(documentId=name)


async def test_an_id_is_not_looked_for_among_what_clients_have_sent(find: Finding) -> None:
    await find(**hashed(HOME, query=HOME))
    with pytest.raises(NotInList):
        await find(documentId=f"sha256:{digest(HOME)}")


@every_level
async def test_an_id_with_the_text_of_another_document_is_refused(find: Finding) -> None:
    with pytest.raises(HashMismatch):
        await find(documentId="listed", query=HOME)
    with pytest.raises(HashMismatch):
        await find(**hashed(LISTED, query=HOME))


async def test_an_empty_text_beside_a_name_counts_as_none(find: Finding) -> None:
    with pytest.raises(PersistedQueryNotFound):
        await find(**hashed(HOME, query=""))
    await find(**hashed(HOME, query=HOME))
    assert await find(**hashed(HOME, query="")) == HOME
    assert await find(documentId="listed", query="") == LISTED


async def test_an_id_goes_before_a_hash(find: Finding) -> None:
    assert await find(documentId="listed", **hashed(HOME)) == LISTED


@at("level", ["safelist"])
async def test_the_safelist_lets_nobody_add_to_it(find: Finding) -> None:
    for members in ({"query": HOME}, hashed(HOME, query=HOME)):
        with pytest.raises(NotInSafelist):
            await find(**members)
    with pytest.raises(PersistedQueryNotFound):
        await find(**hashed(HOME))


@at("level", ["safelist"])
async def test_what_was_sent_before_there_was_a_safelist_is_held_to_it(find: Finding, automatic: Automatic) -> None:
    await Finding(automatic, "off")(**hashed(HOME, query=HOME))
    with pytest.raises(NotInSafelist):
        await find(**hashed(HOME))


@at("level", ["safelist"])
async def test_another_layout_of_what_is_on_the_safelist_can_be_sent_once(find: Finding) -> None:
    layout = LISTED.replace(" ", "\n")
    assert await find(**hashed(layout, query=layout)) == layout
    assert await find(**hashed(layout)) == layout


@at("level", ["id-only"])
async def test_where_an_id_is_required_a_text_is_refused_even_one_on_the_list(find: Finding) -> None:
    for text in (HOME, LISTED):
        with pytest.raises(IdRequired):
            await find(query=text)


@at("level", ["id-only"])
async def test_where_an_id_is_required_a_hash_is_one(find: Finding, automatic: Automatic) -> None:
    await Finding(automatic, "off")(**hashed(HOME, query=HOME))
    for members in (hashed(HOME), hashed(HOME, query=HOME)):
        with pytest.raises(NotInList):
            await find(**members)


@at("level", ["log"])
async def test_what_would_be_refused_is_counted_however_it_was_asked_for(find: Finding) -> None:
    for members in ({"query": HOME}, hashed(HOME, query=HOME), hashed(HOME)):
        await find(**members)
    for members in ({"query": LISTED}, hashed(LISTED), {"documentId": "listed"}):
        await find(**members)
    assert find.persisted.trusted.outside == 3


async def test_without_redis_a_client_is_asked_for_the_text_and_then_known() -> None:
    async with Automatic(NO_REDIS) as automatic:
        find = Finding(automatic, "off")
        with pytest.raises(PersistedQueryNotFound):
            await find(**hashed(HOME))
        assert await find(**hashed(HOME, query=HOME)) == HOME
        assert await find(**hashed(HOME)) == HOME


@at("level", ["off", "log"])
async def test_what_is_known_is_found_without_waiting(find: Finding) -> None:
    await find(**hashed(HOME, query=HOME))
    for members in ({"query": HOME}, {"documentId": "listed"}, hashed(HOME), hashed(HOME, query=HOME)):
        with pytest.raises(StopIteration):
            find.persisted.find(members, "ada", read, beside=beside).send(None)


@at("level", ["log", "safelist"])
async def test_a_new_text_is_held_to_the_list_beside_the_event_loop_and_once(find: Finding) -> None:
    held: list[str] = []

    async def noted(text: str, work: Callable[[], bool]) -> bool:
        held.append(text)
        return await beside(text, work)

    layout = LISTED.replace(" ", "\n")
    for text in (LISTED, layout, HOME, layout, HOME):
        with suppress(NotInSafelist):
            await find.persisted.find({"query": text}, "ada", read, beside=noted)
    assert held == [layout, HOME]

"""Everybody who has the number of a certificate sees whether it holds, and its document."""

from datetime import timedelta

import httpx
import pytest

from tests.app.certificates.reading import look
from tests.app.serving import Served
from tests.conftest import NotingDatabase
from tests.graphql_schema.asking import change
from tests.world import NOON, World

NUMBER = "TRL-2026-000000BENBY"
MISTYPED = "TRL-2026-000000BENBZ"
FREE = "TRL-2026-000000BENCZ"
"""A number that nobody was given."""
GUARDS = {
    "cache-control": "no-cache",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}


async def shown(served: Served, number: str = NUMBER) -> httpx.Response:
    answer = await served.send("GET", f"/certificates/{number}")
    assert {name: answer.headers[name] for name in GUARDS} == GUARDS
    return answer


async def test_a_page_says_that_a_certificate_holds(served: Served) -> None:
    for typed in (NUMBER, NUMBER.lower()):
        page = await shown(served, typed)
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "This certificate is valid." in page.text
        assert "Ben" in page.text
        assert f'href="{NUMBER}.pdf"' in page.text


async def test_a_page_shows_a_name_as_it_is_and_runs_nothing_of_it(
    served: Served, database: NotingDatabase, world: World
) -> None:
    await change(database, world.certificate, holder_name="<script>alert(1)</script>")
    page = await shown(served)
    assert "&lt;script&gt;" in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_page_and_document_say_that_a_certificate_does_not_hold(
    served: Served, database: NotingDatabase, world: World
) -> None:
    for values, says, stamp in (
        ({"expires_at": NOON + timedelta(hours=1)}, "has expired", "EXPIRED"),
        ({"expires_at": None, "revoked_at": NOON}, "was revoked", "REVOKED"),
    ):
        await change(database, world.certificate, **values)
        assert says in (await shown(served)).text
        document = look((await shown(served, f"{NUMBER}.pdf")).content)
        assert stamp in document.text
        assert f"{stamp.capitalize()} {NOON.day}" in document.text


async def test_a_document_leads_to_the_page_that_verifies_it(served: Served) -> None:
    answer = await shown(served, f"{NUMBER}.pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["content-disposition"] == f'inline; filename="{NUMBER}.pdf"'
    document = look(answer.content)
    assert "Ben" in document.text
    assert f"http://{served.address}/certificates/{NUMBER}" in document.text


async def test_a_holder_who_is_gone_is_named_nowhere(served: Served, database: NotingDatabase, world: World) -> None:
    await change(database, world.certificate, user_id=None)
    assert "A former student" in (await shown(served)).text
    document = look((await shown(served, f"{NUMBER}.pdf")).content)
    assert "A former student" in document.text
    assert "Ben" not in document.text.replace(NUMBER, "")


@pytest.mark.parametrize("number", [FREE, MISTYPED, "x", "%00", "%2e%2e", "<script>", "0" * 5_000])
async def test_a_number_that_nobody_was_given_has_neither(served: Served, number: str) -> None:
    page = await shown(served, number)
    assert page.status_code == 404
    assert "No certificate was ever given this number." in page.text
    document = await served.send("GET", f"/certificates/{number}.pdf")
    assert document.status_code == 404
    assert document.json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_a_mistyped_number_takes_no_database_and_another_says_what_is_wrong(bare: Served) -> None:
    assert (await shown(bare, MISTYPED)).status_code == 404
    for path in (NUMBER, f"{NUMBER}.pdf"):
        answer = await bare.send("GET", f"/certificates/{path}")
        assert answer.status_code == 503
        assert answer.json()["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"

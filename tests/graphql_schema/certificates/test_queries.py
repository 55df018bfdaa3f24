"""Anybody verifies a certificate by its number, and learns nothing else."""

from datetime import timedelta

from tests.conftest import Graph
from tests.graphql_schema.asking import change
from tests.world import NOON, World

NUMBER = "TRL-2026-000000BENBY"
VERIFY = """
    query ($number: String!) {
      certificateVerification(number: $number) {
        status certificateNo holderName courseTitle issuedAt expiresAt revokedAt
      }
    }
"""
NOTHING = dict.fromkeys(("certificateNo", "holderName", "courseTitle", "issuedAt", "expiresAt", "revokedAt"))


async def verified(graph: Graph, number: str = NUMBER) -> dict[str, str | None]:
    found: dict[str, str | None] = (await graph.data(None, VERIFY, number=number))["certificateVerification"]
    return found


async def test_a_guest_verifies_a_certificate_however_they_type_its_number(graph: Graph, world: World) -> None:
    for typed in (NUMBER, "trl 2026 oooooo benby"):
        found = await verified(graph, typed)
        assert (found["status"], found["certificateNo"]) == ("VALID", NUMBER)
        assert (found["holderName"], found["courseTitle"]) == ("Ben", "Logic")


async def test_a_number_that_was_mistyped_takes_no_statement(graph: Graph) -> None:
    assert await verified(graph, "TRL-2026-000000BENBZ") == {"status": "UNKNOWN", **NOTHING}
    assert graph.database.statements == []


async def test_a_number_that_nobody_was_given_is_unknown(graph: Graph) -> None:
    assert await verified(graph, "TRL-2026-000000BENCZ") == {"status": "UNKNOWN", **NOTHING}
    assert len(graph.database.statements) == 1


async def test_what_ended_a_certificate_first_is_told(graph: Graph, world: World) -> None:
    before, after = NOON, NOON + timedelta(days=1)
    for expires_at, revoked_at, status in (
        (None, None, "VALID"),
        (None, after, "REVOKED"),
        (before, None, "EXPIRED"),
        (before, after, "EXPIRED"),
        (after, before, "REVOKED"),
    ):
        await change(graph.database, world.certificate, expires_at=expires_at, revoked_at=revoked_at)
        assert (await verified(graph))["status"] == status
        shown = await graph.data(
            "ben",
            "query ($id: ID!) { node(id: $id) { ... on Certificate { status } } }",
            id=world.certificate.public_id,
        )
        assert shown["node"]["status"] == status

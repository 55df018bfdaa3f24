"""Who teaches a course revokes its certificates, and whoever has one hears of that."""

import asyncio

from tests.conftest import Graph
from tests.graphql_schema.asking import change, done, listed, refusal
from tests.world import World

REVOKE = """
    mutation ($input: RevokeCertificateInput!) {
      revokeCertificate(input: $input) { certificate { status revokedAt } errors { code path } }
    }
"""
TOLD = "{ viewer { notifications { nodes { type message data } } } }"


async def test_a_teacher_and_an_administrator_revoke_a_certificate(graph: Graph, world: World) -> None:
    for who in ("ines", "root"):
        await change(graph.database, world.certificate, revoked_at=None)
        shown = await done(graph, who, REVOKE, certificateId=world.certificate.public_id)
        assert shown["certificate"]["status"] == "REVOKED"


async def test_one_that_is_revoked_already_stays_as_it_is(graph: Graph, world: World) -> None:
    revoking = (done(graph, "ines", REVOKE, certificateId=world.certificate.public_id) for _ in range(4))
    shown = [one["certificate"]["revokedAt"] for one in await asyncio.gather(*revoking)]
    assert len(set(shown)) == 1
    told = await listed(graph, "ben", TOLD)
    assert [one["message"] for one in told if one["type"] == "CERTIFICATE_REVOKED"] == [
        "Your certificate of Logic holds no more."
    ]
    assert told[0]["data"] == {"certificateId": world.certificate.public_id}


async def test_nobody_else_revokes_one(graph: Graph, world: World) -> None:
    named = {"certificateId": world.certificate.public_id}
    assert await refusal(graph, "ben", REVOKE, **named) == ("FORBIDDEN", "input.certificateId")
    assert await refusal(graph, "sam", REVOKE, **named) == ("NOT_FOUND", "input.certificateId")


async def test_one_whose_holder_is_gone_is_revoked_all_the_same(graph: Graph, world: World) -> None:
    await change(graph.database, world.certificate, user_id=None)
    shown = await done(graph, "ines", REVOKE, certificateId=world.certificate.public_id)
    assert shown["certificate"]["status"] == "REVOKED"

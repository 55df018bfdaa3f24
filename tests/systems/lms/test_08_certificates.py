"""Row 8: whoever completes a course has a certificate with a number, by which anybody can verify it: in the graph, on a
page, and from the paper.
"""

import asyncio
from typing import Any

from sqlalchemy import select

from db import tables
from db.access import GUEST
from db.actions import certificates
from db.tables import EnrollmentStatus
from tests.app.certificates.reading import look
from tests.app.serving import Served
from tests.conftest import Graph, NotingDatabase
from tests.graphql_schema.asking import change, done, refusal
from tests.world import NOON, World

VERIFY = """
    query ($number: String!) { certificateVerification(number: $number) { status holderName courseTitle } }
"""
MINE = "{ viewer { certificates { nodes { certificateNo holderName courseTitle status } } } }"
REVOKE = """
    mutation ($input: RevokeCertificateInput!) {
      revokeCertificate(input: $input) { certificate { id status } errors { code path } }
    }
"""
SEEN = "query ($id: ID!) { node(id: $id) { id } }"


async def certified(database: NotingDatabase, world: World) -> tables.Certificate:
    """Sam's certificate of Logic, which they have completed on several devices at once."""
    await change(database, world.rows["enrollment"], status=EnrollmentStatus.COMPLETED, completed_at=NOON)

    async def issue() -> tables.Certificate | None:
        async with database.work(GUEST) as work:
            place = select(tables.Enrollment).where(tables.Enrollment.id == world.rows["enrollment"].id)
            enrollment = (await work.scalars(place.with_for_update())).one()
            return await certificates.issue(work, enrollment)

    issued = [one for one in await asyncio.gather(*(issue() for _ in range(5))) if one]
    assert len(issued) == 1
    return issued[0]


async def test_a_holder_has_one_certificate_that_anybody_verifies(
    graph: Graph, database: NotingDatabase, world: World
) -> None:
    issued = await certified(database, world)
    (mine,) = (await graph.data("sam", MINE))["viewer"]["certificates"]["nodes"]
    number = mine["certificateNo"]
    assert mine == {"certificateNo": number, "holderName": "Sam", "courseTitle": "Logic", "status": "VALID"}
    for who in (None, "olga"):
        found = (await graph.data(who, VERIFY, number=number))["certificateVerification"]
        assert found == {"status": "VALID", "holderName": "Sam", "courseTitle": "Logic"}
        assert (await graph.data(who, SEEN, id=issued.public_id))["node"] is None


async def test_it_names_what_was_true_when_it_was_issued(graph: Graph, database: NotingDatabase, world: World) -> None:
    issued = await certified(database, world)
    await change(database, world.sam, name="Samuel")
    await change(database, world.logic, title="Logics")
    found = (await graph.data(None, VERIFY, number=issued.certificate_no))["certificateVerification"]
    assert (found["holderName"], found["courseTitle"]) == ("Sam", "Logic")


async def test_the_paper_leads_to_a_page_that_says_whether_it_holds(
    served: Served, graph: Graph, database: NotingDatabase, world: World
) -> None:
    issued = await certified(database, world)
    paper = look((await served.send("GET", f"/certificates/{issued.certificate_no}.pdf")).content)
    page = f"/certificates/{issued.certificate_no}"
    assert f"http://{served.address}{page}" in paper.text
    assert "Sam" in paper.text
    assert "This certificate is valid." in (await served.send("GET", page)).text
    named = {"certificateId": issued.public_id}
    assert await refusal(graph, "sam", REVOKE, **named) == ("FORBIDDEN", "input.certificateId")
    assert (await done(graph, "ines", REVOKE, **named))["certificate"]["status"] == "REVOKED"
    assert "was revoked" in (await served.send("GET", page)).text
    revoked = look((await served.send("GET", f"{page}.pdf")).content)
    assert "REVOKED" in revoked.text


async def test_a_wrong_digit_is_told_without_a_look_at_the_database(
    graph: Graph, database: NotingDatabase, world: World
) -> None:
    number = (await certified(database, world)).certificate_no
    wrong: Any = number[:-1] + ("0" if number[-1] != "0" else "1")
    nothing = {"status": "UNKNOWN", "holderName": None, "courseTitle": None}
    assert (await graph.data(None, VERIFY, number=wrong))["certificateVerification"] == nothing
    assert graph.statements == []

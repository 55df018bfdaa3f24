"""Cancelling jobs: by the person who asked, by those who manage the organization, and not after the end."""

from db.tables import JobStatus
from tests.conftest import Graph
from tests.graphql_schema.asking import done, refusal
from tests.world import World

CANCEL = "mutation ($input: CancelJobInput!) { cancelJob(input: $input) { job { status } errors { code path } } }"
JOB = "query ($id: ID!) { job(id: $id) { kind status done total message result user { name } organization { slug } } }"


async def test_a_job_is_shown_to_the_person_who_asked_and_to_managers_of_its_organization(
    graph: Graph, world: World
) -> None:
    for who, export, report in (("ben", 1, 0), ("ada", 0, 1), ("vera", 0, 0), ("root", 1, 1), (None, 0, 0)):
        seen = [await graph.data(who, JOB, id=job.public_id) for job in (world.export, world.report)]
        assert [bool(answer["job"]) for answer in seen] == [bool(export), bool(report)], who
    assert (await graph.data("ben", JOB, id=world.export.public_id))["job"] == {
        "kind": "export",
        "status": "RUNNING",
        "done": 2,
        "total": 5,
        "message": "Halfway",
        "result": None,
        "user": {"name": "Ben"},
        "organization": None,
    }


async def test_a_job_that_has_not_ended_is_cancelled_once(graph: Graph, world: World) -> None:
    given = {"jobId": world.export.public_id}
    assert (await done(graph, "ben", CANCEL, **given))["job"] == {"status": JobStatus.CANCELLED}
    assert (await done(graph, "ben", CANCEL, **given))["job"] == {"status": JobStatus.CANCELLED}
    assert await refusal(graph, "ada", CANCEL, **given) == ("NOT_FOUND", "input.jobId")


async def test_a_job_that_is_done_cannot_be_cancelled(graph: Graph, world: World) -> None:
    async with graph.database.work(world.viewer("root")) as work:
        job = await work.get(type(world.export), world.export.public_id, at="id", lock=True)
        work.change(job, {"status": JobStatus.DONE})
    assert await refusal(graph, "ben", CANCEL, jobId=world.export.public_id) == ("CONFLICT", "input.jobId")

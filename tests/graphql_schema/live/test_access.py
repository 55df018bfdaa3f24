"""Who loses the access to what they listen to: they are told at once which ids are gone, and the rest goes on."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import delete, func, update

from db import tables
from db.access import GUEST
from db.outbox import viewer_topic
from db.tables import MembershipStatus, OrganizationRole, PaymentStatus
from tests.app.serving import Served, Talk, listeners, serving, until
from tests.app.streams import test_streaming as events
from tests.app.streams.reading import reading
from tests.graphql_schema.asking import add
from tests.world import World

DOCUMENT = "subscription ($id: ID!) { documentEvents(documentId: $id) { kind } }"
PROJECT = "subscription ($id: ID!) { projectEvents(projectId: $id) { kind } }"
PROGRESS = "subscription ($id: ID!) { progressEvents(courseId: $id) { kind } }"
JOB = "subscription ($id: ID!) { jobProgress(jobId: $id) { job { status } } }"
REMOVE = "mutation ($input: RemoveProjectMemberInput!) { removeProjectMember(input: $input) { errors { code } } }"
LEAVE = "mutation ($input: LeaveProjectInput!) { leaveProject(input: $input) { errors { code } } }"
ENROLL = "mutation ($input: EnrollInput!) { enroll(input: $input) { errors { code } } }"
LEARN = "mutation ($input: CompleteLessonInput!) { completeLesson(input: $input) { errors { code } } }"
COMMENT = "mutation ($input: AddCommentInput!) { addComment(input: $input) { errors { code } } }"
MEASURED = 5.0
"""Seconds after which nothing more may be heard."""


@pytest.fixture
async def served(database_url: str, redis_url: str) -> AsyncIterator[Served]:
    async with serving(database_url, redis_url) as running:
        yield running


async def post(served: Served, world: World, who: str, mutation: str, **given: Any) -> None:
    body = {"query": mutation, "variables": {"input": given}}
    answer = await served.post(body, authorization=f"Bearer {world.tokens[who]}")
    assert [payload["errors"] for payload in answer.json()["data"].values()] == [[]]


async def subscribe(served: Served, talk: Talk, query: str, key: str, row: Any) -> None:
    before = listeners(served)
    await talk.ask(query, key=key, id=row.public_id)
    await until(lambda: listeners(served) > before)


def lost(message: Any) -> Any:
    """The extensions of the one error with which a subscription ends."""
    assert message["type"] == "error", message
    [error] = message["payload"]
    return error["extensions"]


async def test_who_is_removed_is_told_what_is_gone_at_once_and_hears_the_rest(
    database_url: str, redis_url: str, world: World
) -> None:
    """The server that hears is not the one that removes."""
    prefix = {"redis_prefix": f"{world.atlas.id.hex}:"}
    async with (
        serving(database_url, redis_url, **prefix) as served,
        serving(database_url, redis_url, **prefix) as other,
        served.talk(authorization=f"Bearer {world.tokens['vera']}") as talk,
    ):
        await subscribe(served, talk, DOCUMENT, "document", world.requirements)
        await subscribe(served, talk, PROGRESS, "progress", world.logic)
        await post(other, world, "ada", REMOVE, memberId=world.veras_place.public_id)
        async with asyncio.timeout(MEASURED):
            told = await talk.hear()
        gone = [world.requirements.public_id, world.atlas.public_id]
        assert (told["id"], lost(told)) == ("document", {"code": "FORBIDDEN", "ids": gone})
        await post(other, world, "ada", COMMENT, threadId=world.thread_0.public_id, content="Among us")
        await post(other, world, "vera", ENROLL, courseId=world.logic.public_id)
        await post(other, world, "vera", LEARN, lessonId=world.logic_1_1.public_id)
        heard = await talk.hear()
        assert (heard["id"], heard["payload"]["data"]["progressEvents"]["kind"]) == ("progress", "LESSON_COMPLETED")


async def test_who_leaves_is_told_so_on_all_of_their_sockets(served: Served, world: World) -> None:
    ben = {"authorization": f"Bearer {world.tokens['ben']}"}
    async with served.talk(**ben) as telephone, served.talk(**ben) as desk:
        await subscribe(served, telephone, DOCUMENT, "1", world.design)
        await subscribe(served, desk, PROJECT, "1", world.atlas)
        await post(served, world, "ben", LEAVE, memberId=world.bens_place.public_id)
        assert lost(await telephone.hear())["ids"] == [world.design.public_id, world.atlas.public_id]
        # The event that they have left is theirs no more.
        assert lost(await desk.hear())["ids"] == [world.atlas.public_id]


async def test_who_is_no_administrator_of_an_organization_any_more_loses_what_these_see(
    served: Served, world: World
) -> None:
    place = tables.OrganizationMember
    veras = update(place).where(place.user_id == world.vera.id)
    await change(served, veras.values(role=OrganizationRole.ADMIN))
    async with served.talk(authorization=f"Bearer {world.tokens['vera']}") as talk:
        await subscribe(served, talk, JOB, "1", world.report)
        await talk.hear()
        await change(served, veras.values(role=OrganizationRole.MEMBER), world.vera)
        assert lost(await talk.hear()) == {"code": "FORBIDDEN", "ids": [world.report.public_id]}


async def test_whose_enrollment_ends_loses_a_course_that_nobody_else_sees(served: Served, world: World) -> None:
    enrollment = tables.Enrollment(
        user_id=world.sam.id, course_id=world.draft.id, payment_status=PaymentStatus.COMPLETED
    )
    await add(served.app.database, enrollment)
    async with served.talk(authorization=f"Bearer {world.tokens['sam']}") as talk:
        await subscribe(served, talk, PROGRESS, "1", world.draft)
        await change(served, delete(tables.Enrollment).where(tables.Enrollment.id == enrollment.id), world.sam)
        assert lost(await talk.hear()) == {"code": "FORBIDDEN", "ids": [world.draft.public_id]}


async def test_whose_enrollment_ends_by_the_clock_is_told_so_though_nothing_happens(
    served: Served, world: World
) -> None:
    enrollment = tables.Enrollment(
        user_id=world.sam.id, course_id=world.draft.id, payment_status=PaymentStatus.COMPLETED
    )
    await add(served.app.database, enrollment)
    async with served.talk(authorization=f"Bearer {world.tokens['sam']}") as talk:
        for key, course in (("draft", world.draft), ("logic", world.logic)):
            await subscribe(served, talk, PROGRESS, key, course)
        ends = update(tables.Enrollment).where(tables.Enrollment.id == enrollment.id)
        await change(served, ends.values(expires_at=func.clock_timestamp() + timedelta(seconds=1)), world.sam)
        async with asyncio.timeout(MEASURED):
            told = await talk.hear()
        assert (told["id"], lost(told)) == ("draft", {"code": "FORBIDDEN", "ids": [world.draft.public_id]})


async def test_who_gains_access_to_something_else_is_told_nothing(served: Served, world: World) -> None:
    async with served.talk(authorization=f"Bearer {world.tokens['ben']}") as talk:
        await subscribe(served, talk, DOCUMENT, "1", world.requirements)
        await add(served.app.database, tables.ProjectMember(project_id=world.island.id, user_id=world.ben.id))
        async with served.app.database.work(GUEST) as work:
            work.touch(viewer_topic(world.ben.id))
        await post(served, world, "ada", COMMENT, threadId=world.thread_0.public_id, content="Among us")
        assert (await talk.hear())["payload"]["data"] == {"documentEvents": {"kind": "COMMENT_ADDED"}}


async def test_a_stream_is_told_too_and_is_complete(served: Served, world: World) -> None:
    token, document = world.tokens["vera"], world.requirements.public_id
    async with reading(served, DOCUMENT, accept=events.EVENTS, token=token, id=document) as stream:
        await until(lambda: listeners(served) > 0)
        await post(served, world, "ada", REMOVE, memberId=world.veras_place.public_id)
        said = await stream.rest()
    assert f'"code":"FORBIDDEN","ids":["{document}","{world.atlas.public_id}"]'.encode() in said
    assert said.endswith(events.COMPLETE)


async def test_what_changed_while_nobody_could_hear_of_it_is_looked_at_when_redis_is_back(
    served: Served, world: World, redis_url: str
) -> None:
    async with (
        Redis.from_url(redis_url, socket_timeout=None) as redis,
        served.talk(authorization=f"Bearer {world.tokens['vera']}") as talk,
    ):
        await subscribe(served, talk, DOCUMENT, "1", world.requirements)
        await redis.client_kill_filter(_type="pubsub")
        place = tables.ProjectMember
        removed = update(place).where(place.user_id == world.vera.id).values(status=MembershipStatus.REMOVED)
        await change(served, removed, world.vera)
        assert lost(await talk.hear())["code"] == "FORBIDDEN"


async def test_a_process_follows_the_access_of_a_person_once_and_only_while_they_listen(
    served: Served, world: World
) -> None:
    channels = served.app.realtime._channels

    def followers() -> int:
        """Listeners of what Ben has access to, but for those who look after his credential."""
        channel = channels.get(viewer_topic(world.ben.id))
        listeners = channel.listeners if channel else ()
        return sum(type(one).__module__ not in {"app.changes", "app.watch"} for one in listeners)

    async with served.talk(authorization=f"Bearer {world.tokens['ben']}") as talk:
        for key, row in enumerate((world.requirements, world.design, world.requirements)):
            await subscribe(served, talk, DOCUMENT, str(key), row)
        assert followers() == 1
    await until(lambda: followers() == 0)


async def change(served: Served, statement: Any, *people: tables.User) -> None:
    """Change rows, and say so under the topics of these people as a mutation would."""
    async with served.app.database.work(GUEST) as work:
        await work.execute(statement)
        work.touch(*(viewer_topic(person.id) for person in people))

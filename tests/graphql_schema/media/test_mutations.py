"""Files of courses and lessons: given by their instructor, shown to who may see them, and deleted when taken away."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from db import tables
from tests.conftest import Graph
from tests.graphql_schema.asking import change, done, refusal, with_ids
from tests.world import World

SHOWN = "media { id type url provider providerId title altText duration course { slug } lesson { title } }"
ERRORS = "errors { code message path }"
ADD = f"mutation ($input: AddMediaInput!) {{ addMedia(input: $input) {{ {SHOWN} {ERRORS} }} }}"
ATTACH = f"mutation ($input: AttachMediaInput!) {{ attachMedia(input: $input) {{ {SHOWN} {ERRORS} }} }}"
DETACH = f"mutation ($input: DetachMediaInput!) {{ detachMedia(input: $input) {{ detachedMediaId {ERRORS} }} }}"
FILM = {
    "type": "VIDEO",
    "url": "https://www.youtube.com/watch?v=1",
    "provider": "youtube",
    "providerId": "1",
    "title": "Proofs",
    "altText": "A proof, step by step",
    "duration": 90,
}
OF_COURSE = '{ course(slug: "logic") { media { nodes { url } } } }'
OF_LESSON = "query ($id: ID!) { node(id: $id) { ... on Lesson { media { nodes { url } } } } }"


async def urls(graph: Graph, who: str | None, world: World) -> list[list[str]]:
    """The addresses of the files of the course Logic, and of its first lesson, as somebody sees them."""
    course = (await graph.data(who, OF_COURSE))["course"]
    lesson = (await graph.data(who, OF_LESSON, id=world.logic_1_1.public_id))["node"]
    return [[file["url"] for file in one["media"]["nodes"]] for one in (course, lesson)]


async def test_a_film_of_another_service_is_given_to_a_course_and_to_a_lesson(graph: Graph, world: World) -> None:
    added = (await done(graph, "ines", ADD, courseId=world.logic.public_id, **FILM))["media"]
    assert added.pop("id")
    assert added == FILM | {"course": {"slug": "logic"}, "lesson": None}
    of_lesson = FILM | {"url": "https://vimeo.com/2", "provider": "vimeo"}
    added = (await done(graph, "ines", ADD, lessonId=world.logic_1_1.public_id, **of_lesson))["media"]
    assert (added["course"], added["lesson"]) == (None, {"title": "1.1"})
    cover, figure = world.cover.url, world.figure.url
    assert await urls(graph, "sam", world) == [[FILM["url"], cover], [of_lesson["url"], figure]]


async def test_what_a_lesson_shows_is_for_those_who_take_a_course_that_costs(graph: Graph, world: World) -> None:
    await change(graph.database, world.logic, price=5)
    assert await urls(graph, "sam", world) == [[world.cover.url], [world.figure.url]]
    assert await urls(graph, None, world) == [[world.cover.url], []]


async def test_an_upload_is_put_to_use_once(graph: Graph, world: World) -> None:
    given = with_ids(world, {"mediaId": "@slide", "lessonId": "@logic_1_1"})
    attached = (await done(graph, "ines", ATTACH, **given))["media"]
    assert (attached["id"], attached["lesson"]) == (given["mediaId"], {"title": "1.1"})
    assert (await done(graph, "ines", ATTACH, **given))["media"] == attached
    other = with_ids(world, {"mediaId": "@slide", "courseId": "@logic"})
    assert await refusal(graph, "ines", ATTACH, **other) == ("CONFLICT", "input.mediaId")
    assert await urls(graph, "sam", world) == [[world.cover.url], [world.slide.url, world.figure.url]]


async def test_of_two_who_put_an_upload_to_use_at_the_same_time_one_does(graph: Graph, world: World) -> None:
    lessons = ("@logic_1_1", "@logic_1_2", "@logic_2_1", "@logic_2_2")
    asked = (with_ids(world, {"mediaId": "@slide", "lessonId": lesson}) for lesson in lessons)
    answers = await asyncio.gather(*(graph.data("ines", ATTACH, input=given) for given in asked))
    assert sorted(len(answer["attachMedia"]["errors"]) for answer in answers) == [0, 1, 1, 1]


async def test_what_is_taken_away_is_deleted(graph: Graph, world: World, told: Any) -> None:
    assert await done(graph, "ines", DETACH, mediaId=world.cover.public_id)
    assert await urls(graph, "ines", world) == [[], [world.figure.url]]
    assert ("MEDIA_RELEASED", {"user": world.ines.public_id, "media": world.cover.public_id}) in told
    assert await refusal(graph, "ines", DETACH, mediaId=world.cover.public_id) == ("NOT_FOUND", "input.mediaId")


async def test_the_files_of_what_is_deleted_are_deleted_too(graph: Graph, world: World) -> None:
    delete = f"mutation ($input: DeleteModuleInput!) {{ deleteModule(input: $input) {{ {ERRORS} }} }}"
    await done(graph, "ines", delete, moduleId=world.logic_1.public_id)
    async with graph.database.read() as session:
        file = (await session.scalars(select(tables.Media).where(tables.Media.id == world.figure.id))).one()
        assert (file.lesson_id, file.uploader_id) == (None, None)  # so that the job finds it


@pytest.mark.parametrize(
    ("who", "mutation", "given", "code", "at"),
    [
        ("ines", ADD, FILM, "BAD_USER_INPUT", "lessonId"),
        ("ines", ADD, {**FILM, "courseId": "@logic", "lessonId": "@logic_1_1"}, "BAD_USER_INPUT", "lessonId"),
        ("ines", ADD, {**FILM, "courseId": "@logic", "url": "javascript:alert(1)"}, "BAD_USER_INPUT", "url"),
        ("ines", ADD, {**FILM, "courseId": "@logic", "duration": -1}, "BAD_USER_INPUT", "duration"),
        ("sam", ADD, {**FILM, "courseId": "@logic"}, "FORBIDDEN", "courseId"),
        ("sam", ADD, {**FILM, "lessonId": "@logic_1_1"}, "FORBIDDEN", "lessonId"),
        ("sam", ADD, {**FILM, "courseId": "@draft"}, "NOT_FOUND", "courseId"),
        ("ines", ATTACH, {"mediaId": "@slide"}, "BAD_USER_INPUT", "lessonId"),
        ("ines", ATTACH, {"mediaId": "@unused", "courseId": "@logic"}, "NOT_FOUND", "mediaId"),
        ("ines", ATTACH, {"mediaId": "@cover", "lessonId": "@logic_1_1"}, "CONFLICT", "mediaId"),
        ("root", ATTACH, {"mediaId": "@slide", "courseId": "@logic"}, "FORBIDDEN", "mediaId"),
        ("ada", DETACH, {"mediaId": "@portrait"}, "CONFLICT", "mediaId"),
        ("sam", DETACH, {"mediaId": "@cover"}, "FORBIDDEN", "mediaId"),
        ("sam", DETACH, {"mediaId": "@slide"}, "NOT_FOUND", "mediaId"),
    ],
)
async def test_files_are_given_and_taken_by_who_may(
    graph: Graph, world: World, who: str, mutation: str, given: dict[str, Any], code: str, at: str
) -> None:
    assert await refusal(graph, who, mutation, **with_ids(world, given)) == (code, f"input.{at}")

"""People change what they say of themselves, and what they are shown by."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from db import tables
from db.actions.profile import language
from db.errors import BadInput
from db.outbox import Event, topic
from tests.conftest import Graph
from tests.graphql_schema.asking import UNKNOWN, add, change, done, error_code, refusal, refusals
from tests.world import World

UPDATE = """
    mutation ($input: UpdateProfileInput!) {
      updateProfile(input: $input) {
        user { name username bio timezone language avatarUrl avatar { id url } }
        errors { code message path }
      }
    }
"""
ENTRIES = select(tables.AuditLog).order_by(tables.AuditLog.id.desc())


async def test_what_is_given_is_changed_and_null_removes_what_can_be_absent(graph: Graph) -> None:
    given = {"name": "Ada L.", "username": "ada-l", "bio": "Counts", "timezone": "Europe/London", "language": "EN-gb"}
    shown = given | {"language": "en-GB", "avatarUrl": None, "avatar": None}
    assert (await done(graph, "ben", UPDATE, **given))["user"] == shown
    assert (await done(graph, "ben", UPDATE))["user"] == shown
    removed = {"username": None, "bio": None, "timezone": None}
    assert (await done(graph, "ben", UPDATE, **removed))["user"] == shown | removed


async def test_what_cannot_be_absent_is_refused_at_its_field(graph: Graph) -> None:
    assert await refusals(graph, "ada", UPDATE, name=None, language=None) == [
        ("BAD_USER_INPUT", "input.name"),
        ("BAD_USER_INPUT", "input.language"),
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " \u00a0\n"),
        ("name", "x" * 201),
        ("username", ""),
        ("username", "ada lovelace"),
        ("username", "ad\u00e4"),
        ("username", "ada\n"),
        ("username", "x" * 101),
        ("bio", "x" * 2_001),
        ("bio", "nul\0"),
        ("timezone", "Mars/Olympus"),
        ("timezone", "europe/london"),
        ("timezone", "../../etc/passwd"),
        ("timezone", ""),
        ("language", ""),
        ("language", "e"),
        ("language", "en_GB"),
        ("language", "en-"),
        ("language", "en-\u0661\u0661\u0661"),
        ("language", "en\n"),
        ("language", "a-" * 18),
    ],
)
async def test_what_makes_no_sense_is_refused_at_its_field_and_nothing_is_changed(
    graph: Graph, field: str, value: str
) -> None:
    sent = {"bio": "Counts"} | {field: value}
    assert await refusal(graph, "ada", UPDATE, **sent) == ("BAD_USER_INPUT", f"input.{field}")
    assert (await graph.data("ada", "{ viewer { bio } }"))["viewer"]["bio"] is None


@pytest.mark.parametrize(
    ("tag", "canonical"),
    [
        ("DE", "de"),
        ("pt-br", "pt-BR"),
        ("ZH-HANT-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("sl-ROZAJ-biske-1994", "sl-rozaj-biske-1994"),
        ("de-ch-1996", "de-CH-1996"),
        ("zh-cmn-hans-cn", "zh-cmn-Hans-CN"),
        ("EN-a-BBB-X-a-ccc", "en-a-bbb-x-a-ccc"),
        ("en-u-CA-buddhist", "en-u-ca-buddhist"),
        ("X-Whatever", "x-whatever"),
    ],
)
def test_a_language_is_kept_in_its_canonical_case(tag: str, canonical: str) -> None:
    assert language(tag) == canonical


@pytest.mark.parametrize("tag", ["en--GB", "en-x", "en-a", "1-2", "en-GB-GB-", "abcdefghi", "en-1234567890"])
def test_what_the_grammar_does_not_have_is_no_language(tag: str) -> None:
    with pytest.raises(BadInput):
        language(tag)


async def test_a_username_belongs_to_one_person(graph: Graph) -> None:
    await done(graph, "ada", UPDATE, username="countess")
    assert await refusal(graph, "ben", UPDATE, username="countess") == ("CONFLICT", "input.username")
    assert await done(graph, "ada", UPDATE, username="countess")


async def test_of_many_who_want_one_username_at_once_one_gets_it(graph: Graph) -> None:
    people = ("ada", "ben", "vera", "rob", "ines", "sam", "olga")
    asked = (graph.data(who, UPDATE, input={"username": "first"}) for who in people)
    errors = [answer["updateProfile"]["errors"] for answer in await asyncio.gather(*asked)]
    assert sorted(error["code"] for (*_, error) in filter(None, errors)) == ["CONFLICT"] * (len(people) - 1)


async def test_a_change_is_told_on_the_topic_of_the_user_and_audited_without_what_was_written(
    graph: Graph, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = list[Event]()

    async def hear(event: Event) -> None:
        heard.append(event)

    monkeypatch.setattr(graph.database, "publish", hear)
    await done(graph, "ada", UPDATE, bio="Counts", name="Countess")
    assert [(event.topic, event.kind) for event in heard] == [(topic("user", world.ada.id), "PROFILE_CHANGED")]
    entry = await latest(graph)
    assert (entry.action, entry.actor_id, entry.details) == (
        "profile_changed",
        world.ada.id,
        {"fields": ["bio", "name"]},
    )
    assert "Count" not in str([entry.before, entry.after])


async def test_what_stays_as_it_is_is_neither_told_nor_audited(graph: Graph) -> None:
    await done(graph, "ada", UPDATE, bio="Counts")
    before = await latest(graph)
    await done(graph, "ada", UPDATE, bio="Counts")
    assert (await latest(graph)).id == before.id


async def test_a_guest_has_no_profile(graph: Graph) -> None:
    assert await error_code(graph, None, UPDATE, input={"bio": "Nobody"}) == "UNAUTHENTICATED"


# --- pictures ---


async def test_a_picture_becomes_ones_own_and_the_one_before_belongs_to_nobody(graph: Graph, world: World) -> None:
    first = (await done(graph, "ben", UPDATE, avatar=world.unused.public_id))["user"]
    assert first["avatar"] == {"id": world.unused.public_id, "url": world.unused.url}
    assert first["avatarUrl"] == world.unused.url
    another = tables.Media(type=tables.MediaType.IMAGE, url="/media/another", uploader_id=world.ben.id)
    await add(graph.database, another)
    second = (await done(graph, "ben", UPDATE, avatar=another.public_id))["user"]
    assert second["avatar"] == {"id": another.public_id, "url": "/media/another"}
    assert await owners(graph, world.unused) == (None, None)
    assert await refusal(graph, "ben", UPDATE, avatar=world.unused.public_id) == ("NOT_FOUND", "input.avatar")


async def test_the_picture_that_one_has_stays_when_it_is_given_again(graph: Graph, world: World) -> None:
    given = {"avatar": world.portrait.public_id}
    assert (await done(graph, "ada", UPDATE, **given))["user"]["avatar"]["id"] == world.portrait.public_id
    assert await owners(graph, world.portrait) == (world.ada.id, world.ada.id)


async def test_null_removes_a_picture_and_one_of_another_server(graph: Graph, world: World) -> None:
    await change(graph.database, world.ben, avatar_url="https://example.com/ben.png")
    for who in ("ada", "ben"):
        user = (await done(graph, who, UPDATE, avatar=None))["user"]
        assert (user["avatar"], user["avatarUrl"]) == (None, None)
    assert await owners(graph, world.portrait) == (None, None)


async def test_a_picture_of_somebody_else_or_of_something_else_is_not_taken(graph: Graph, world: World) -> None:
    refused = {
        ("ada", world.unused.public_id): "NOT_FOUND",
        ("vera", world.portrait.public_id): "FORBIDDEN",
        ("root", world.portrait.public_id): "FORBIDDEN",
        ("ines", world.cover.public_id): "CONFLICT",
        ("ines", world.figure.public_id): "CONFLICT",
        ("ada", f"med_{UNKNOWN}"): "NOT_FOUND",
        ("ada", world.atlas.public_id): "NOT_FOUND",
    }
    for (who, picture), code in refused.items():
        assert await refusal(graph, who, UPDATE, avatar=picture) == (code, "input.avatar")


async def test_what_is_no_picture_is_not_taken(graph: Graph, world: World) -> None:
    video = tables.Media(type=tables.MediaType.VIDEO, url="https://example.com/video", uploader_id=world.ben.id)
    await add(graph.database, video)
    assert await refusal(graph, "ben", UPDATE, avatar=video.public_id) == ("BAD_USER_INPUT", "input.avatar")


async def test_two_pictures_at_once_leave_one(graph: Graph, world: World) -> None:
    pictures = [
        tables.Media(type=tables.MediaType.IMAGE, url=f"/media/{number}", uploader_id=world.ben.id)
        for number in range(5)
    ]
    await add(graph.database, *pictures)
    given = [{"avatar": picture.public_id} for picture in pictures]
    await asyncio.gather(*(done(graph, "ben", UPDATE, **one) for one in given))
    found = [await owners(graph, picture) for picture in pictures]
    assert sorted(map(str, found)) == sorted(map(str, [(world.ben.id, world.ben.id), *[(None, None)] * 4]))


async def test_who_sees_a_person_sees_their_picture(graph: Graph, world: World) -> None:
    query = "query ($id: ID!) { node(id: $id) { ... on Media { url uploader { name } } } }"
    seen = {}
    for who in ("ada", "ben", "olga", None):
        seen[who] = (await graph.data(who, query, id=world.portrait.public_id))["node"]
    shown = {"url": world.portrait.url, "uploader": {"name": "Ada"}}
    assert seen == {"ada": shown, "ben": shown, "olga": None, None: None}


async def owners(graph: Graph, media: tables.Media) -> tuple[Any, Any]:
    """Whose picture it is, and who has uploaded it."""
    async with graph.database.read() as reading:
        found = await reading.get_one(tables.Media, media.id)
    return found.user_id, found.uploader_id


async def latest(graph: Graph) -> tables.AuditLog:
    """The newest entry of the audit log."""
    async with graph.database.read() as reading:
        found: tables.AuditLog = (await reading.scalars(ENTRIES)).all()[0]
    return found

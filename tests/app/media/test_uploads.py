"""Pictures are sent, kept as files of their senders, and refused like anything else."""

import asyncio
import gc
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from app.media import uploads
from app.media.pictures import LARGEST, drawn
from app.media.uploads import DRAWING, POINTS, READING
from db import tables
from db.access import GUEST
from db.actions.media import WAITING
from db.store import KEY, Folder
from tests.app.media.making import SVG, empty, opened, photograph, picture, polyglot
from tests.app.serving import Served, serving, until
from tests.db.actions.test_media import run
from tests.hostile.test_event_loop import LONGEST, turns
from tests.world import World


async def send(
    host: Served, world: World, content: bytes, *, who: str | None = "ben", kind: str = "image/png", **headers: str
) -> httpx.Response:
    """Send a picture as a person of the world."""
    given = {"authorization": f"Bearer {world.tokens[who]}"} if who else {}
    return await host.send("POST", "/media", content=content, content_type=kind, **given, **headers)


def code(answer: httpx.Response) -> tuple[int, str]:
    """The status of a refusal, and its code."""
    (error,) = answer.json()["errors"]
    return answer.status_code, error["extensions"]["code"]


async def uploaded(host: Served, user: tables.User) -> list[tables.Media]:
    """What somebody has uploaded, the newest first."""
    mine = select(tables.Media).where(tables.Media.uploader_id == user.id).order_by(tables.Media.id.desc())
    async with host.app.database.read() as reading:
        return list(await reading.scalars(mine))


def files(folder: Path) -> list[Path]:
    """All files in a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_picture_is_kept_without_what_a_camera_has_written(host: Served, world: World) -> None:
    answer = await send(host, world, photograph(), kind="image/jpeg")
    assert answer.status_code == 201
    newest = (await uploaded(host, world.ben))[0]
    assert answer.json() == {"id": newest.public_id, "url": newest.url}
    shown = await host.send("GET", newest.url)
    assert shown.status_code == 200
    assert dict(opened(shown.content).getexif()) == {}
    assert b"Telephone" not in shown.content
    assert (newest.type, newest.mime_type, newest.size) == ("IMAGE", "image/jpeg", len(shown.content))
    assert newest.file_key
    assert KEY.fullmatch(newest.file_key)


async def test_the_type_is_what_the_content_says(host: Served, world: World) -> None:
    for kind in ("image/gif", "image/svg+xml", "application/octet-stream", "IMAGE/x; name=page.html"):
        answer = await send(host, world, picture("WEBP"), kind=kind)
        assert answer.json()["url"].endswith(".webp")
    answer = await send(host, world, polyglot(), kind="image/gif")
    shown = await host.send("GET", answer.json()["url"])
    assert shown.headers["content-type"] == "image/png"
    assert b"<script" not in shown.content


async def test_a_picture_becomes_that_of_its_sender_and_the_file_of_the_one_before_is_deleted(
    host: Served, world: World
) -> None:
    update = "mutation ($id: ID) { updateProfile(input: {avatar: $id}) { user { avatarUrl } errors { code } } }"
    sent = [(await send(host, world, picture())).json() for _ in range(2)]
    for one in sent:
        asked = {"query": update, "variables": {"id": one["id"]}}
        answer = await host.post(asked, authorization=f"Bearer {world.tokens['ben']}")
        assert answer.json()["data"]["updateProfile"] == {"user": {"avatarUrl": one["url"]}, "errors": []}
    assert [(await host.send("GET", one["url"])).status_code for one in sent] == [200, 200]
    await clear(host)
    assert [(await host.send("GET", one["url"])).status_code for one in sent] == [404, 200]


async def clear(host: Served) -> None:
    """Run the job that deletes what belongs to nothing."""
    await run(host.app.database, "clear_media")


@pytest.mark.parametrize(
    ("content", "kind", "expected"),
    [
        (SVG, "image/svg+xml", (400, "BAD_USER_INPUT")),
        (b"<html></html>", "image/png", (400, "BAD_USER_INPUT")),
        (b"", "image/png", (400, "BAD_USER_INPUT")),
        (picture()[:60], "image/png", (400, "BAD_USER_INPUT")),
        (empty(30_000, 30_000), "image/png", (400, "BAD_USER_INPUT")),
        (bytes(6 * 2**20), "image/png", (413, "BAD_REQUEST")),
        (picture(), "multipart/form-data; boundary=x", (415, "BAD_REQUEST")),
        (picture(), "text/plain", (415, "BAD_REQUEST")),
        (picture(), "application/json", (415, "BAD_REQUEST")),
        (picture(), "", (415, "BAD_REQUEST")),
    ],
    ids=["svg", "page", "nothing", "truncated", "bomb", "6 MiB", "form", "text", "json", "no type"],
)
async def test_what_is_no_picture_is_refused_with_a_code_and_leaves_nothing(
    host: Served, world: World, tmp_path: Path, content: bytes, kind: str, expected: tuple[int, str]
) -> None:
    answer = await send(host, world, content, kind=kind)
    assert code(answer) == expected
    assert answer.headers["content-type"].startswith("application/json")
    assert [one.id for one in await uploaded(host, world.ben)] == [world.unused.id]
    assert files(tmp_path) == []


async def test_a_body_that_comes_in_pieces_is_read_up_to_the_limit(host: Served, world: World) -> None:
    sent = 0

    async def pieces() -> Any:
        nonlocal sent
        while sent < 4 * LARGEST:
            sent += 2**16
            yield bytes(2**16)

    async with host.client() as client:
        headers = {"authorization": f"Bearer {world.tokens['ben']}", "content-type": "image/png"}
        answer = await client.post("/media", content=pieces(), headers=headers)
    assert code(answer) == (413, "BAD_REQUEST")


async def test_only_people_who_are_signed_in_send_pictures_and_nobody_compressed_ones(
    host: Served, world: World
) -> None:
    assert code(await send(host, world, picture(), who=None)) == (401, "UNAUTHENTICATED")
    assert code(await send(host, world, picture(), content_encoding="gzip")) == (415, "BAD_REQUEST")
    assert code(await host.send("PUT", "/media", content=picture())) == (405, "BAD_REQUEST")
    crossed = {"cookie": "a=b", "origin": "https://evil.example"}
    assert code(await send(host, world, picture(), **crossed)) == (400, "CSRF_ERROR")


async def test_a_picture_is_paid_for_in_points(database_url: str, redis_url: str, world: World, tmp_path: Path) -> None:
    limits = {"rate_limit": 2 * POINTS, "rate_limit_restored": 1}
    async with serving(database_url, redis_url, media=tmp_path, **limits) as host:
        answers = [await send(host, world, picture()) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [201, 201, 429]
        assert code(answers[-1]) == (429, "REQUEST_RATE_LIMITED")
        assert int(answers[-1].headers["retry-after"]) > 0
        assert (await send(host, world, picture(), who="ada")).status_code == 201


async def test_a_server_without_a_folder_says_so(served: Served, world: World) -> None:
    assert code(await send(served, world, picture())) == (503, "SERVICE_UNAVAILABLE")
    assert (await served.send("GET", f"/media/{'0' * 32}.png")).status_code == 404


async def test_of_many_uploads_that_wait_the_newest_stay(host: Served, world: World, tmp_path: Path) -> None:
    sent = [(await send(host, world, picture())).json()["id"] for _ in range(WAITING + 3)]
    assert [one.public_id for one in await uploaded(host, world.ben)] == sent[: -WAITING - 1 : -1]
    await clear(host)
    assert len(files(tmp_path)) == WAITING


async def test_a_store_that_fails_leaves_no_file_and_a_row_that_is_cleared(
    host: Served, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(self: Folder, key: str, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Folder, "put", full)
    answer = await send(host, world, picture())
    assert code(answer) == (503, "SERVICE_UNAVAILABLE")
    assert "space" not in answer.text
    assert files(tmp_path) == []


async def test_of_pictures_two_are_drawn_at_once_and_others_do_not_wait_behind_one_who_sends_many(
    host: Served, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = list[bytes]()
    goes_on = threading.Event()

    def slowly(content: bytes) -> Any:
        began.append(content)
        goes_on.wait(60)
        return drawn(content)

    monkeypatch.setattr(uploads, "drawn", slowly)
    of_ben, of_ada = picture(), picture(size=(30, 30))
    many = [asyncio.create_task(send(host, world, of_ben)) for _ in range(8)]
    await until(lambda: len(began) == 2)
    await until(lambda: uploads.TURNS.waiting == 6)
    other = asyncio.create_task(send(host, world, of_ada, who="ada"))
    await until(lambda: uploads.TURNS.waiting == 7)
    assert len(began) == 2
    goes_on.set()
    assert (await other).status_code == 201
    assert of_ada in began[:4]
    assert {(await one).status_code for one in many} == {201}
    assert READING.waiting == 0
    assert DRAWING._work_queue.qsize() == 0


async def test_nothing_holds_the_event_loop(host: Served, world: World) -> None:
    large = picture("PNG", (4_000, 4_000))
    bodies = (large, empty(30_000, 30_000), bytes(LARGEST), photograph(), picture("JPEG", (5_000, 5_000)))
    await send(host, world, picture())  # what is made once is made
    gc.freeze()
    with turns() as spans:
        statuses = [(await send(host, world, body)).status_code for body in bodies]
    assert statuses == [201, 400, 400, 201, 201]
    assert max(spans) < LONGEST


async def test_a_picture_is_a_use_of_the_key_that_it_comes_with(host: Served, world: World) -> None:
    key = update(tables.ApiKey).where(tables.ApiKey.id == world.adas_key.id)
    async with host.app.database.work(GUEST) as work:
        await work.execute(key.values(scopes=["media:write"], rate_limit=1))
    assert (await send(host, world, picture(), who="adas_key")).status_code == 201
    assert code(await send(host, world, picture(), who="adas_key")) == (429, "REQUEST_RATE_LIMITED")

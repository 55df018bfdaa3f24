"""Files that belong to nothing are deleted, and no kill in the middle leaves one that nobody knows of."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from db import tables
from db.access import GUEST
from db.engine import Database
from db.mail import NoMailer
from db.queue import operators
from db.queue.declared import kinds
from db.store import Folder
from db.tables import MediaType
from tests.world import World

KEYS = [f"{number:032x}.png" for number in range(2, 8)]
OLD = timedelta(days=1, minutes=1)


@pytest.fixture
async def kept(database: Database, tmp_path: Path, world: World) -> Folder:
    """The folder of the test's own files, with one for each row of the world."""
    database.store = folder = Folder(tmp_path / "media", at="/media")
    for media in (world.portrait, world.unused, world.cover, world.figure, world.slide):
        await folder.put(media.file_key, b"a picture")
    return folder


async def run(database: Database, name: str, **arguments: str) -> None:
    """Run a job here and now, as an operator does."""
    address = database.address
    connection = await address.connect()
    try:
        await operators.run(database, address, connection, kinds()[name], arguments, _unwatched, mailer=NoMailer())
    finally:
        await connection.close()


async def _unwatched(*_: Any) -> None:
    """Tell nobody how far it is."""


async def rows(database: Database) -> set[str]:
    """The keys of the files that there are rows of."""
    async with database.read() as reading:
        return set(filter(None, await reading.scalars(select(tables.Media.file_key))))


def files(folder: Folder) -> set[str]:
    return {path.name for path in folder.root.rglob("*") if path.is_file()}


async def age(database: Database, media: tables.Media, by: timedelta) -> None:
    async with database.work(GUEST) as work:
        old = update(tables.Media).where(tables.Media.id == media.id).values(created_at=func.now() - by)
        await work.execute(old)


async def test_what_nobody_has_put_to_use_goes_after_a_day(database: Database, world: World, kept: Folder) -> None:
    before = files(kept)
    await age(database, world.portrait, OLD)  # which belongs to Ada
    await run(database, "clear_media")
    assert files(kept) == await rows(database) == before
    await age(database, world.unused, OLD)
    await run(database, "clear_media")
    assert files(kept) == await rows(database) == before - {world.unused.file_key}


async def test_what_is_on_its_way_out_goes_at_once(database: Database, world: World, kept: Folder) -> None:
    await run(database, "delete_media", media=world.unused.public_id)
    assert world.unused.file_key in files(kept)  # it is Ben's, still
    async with database.work(GUEST) as work:
        await work.execute(update(tables.Media).where(tables.Media.id == world.unused.id).values(uploader_id=None))
    for _ in range(2):
        await run(database, "delete_media", media=world.unused.public_id)
        assert world.unused.file_key not in files(kept) | await rows(database)


async def test_what_a_killed_process_has_left_is_cleared(database: Database, world: World, kept: Folder) -> None:
    """A row without its file, and half of a file: the row comes first."""
    async with database.work(GUEST) as work:
        for key in KEYS[3:5]:
            mine = {"uploader_id": world.ben.id, "type": MediaType.IMAGE, "url": f"/media/{key}"}
            await age(database, await work.add(tables.Media(file_key=key, **mine)), OLD)
    half = kept.path(KEYS[4]).with_name(f"{KEYS[4]}.part")
    half.parent.mkdir(parents=True, exist_ok=True)
    half.write_bytes(b"hal")
    async with database.work(GUEST) as work:
        old = update(tables.Media).where(tables.Media.file_key.in_(KEYS[3:5])).values(created_at=func.now() - OLD)
        await work.execute(old)
    await run(database, "clear_media")
    assert not {*KEYS[3:5]} & await rows(database)
    assert not half.exists()


async def test_a_job_that_is_killed_in_the_middle_ends_the_next_time(
    database: Database, world: World, kept: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """The process is gone."""

    async def dying(self: Folder, key: str) -> None:
        raise Killed

    await age(database, world.unused, OLD)
    with monkeypatch.context() as patch:
        patch.setattr(Folder, "delete", dying)
        with pytest.raises(Killed):
            await run(database, "clear_media")
    assert world.unused.file_key in await rows(database) & files(kept)
    await run(database, "clear_media")
    assert world.unused.file_key not in await rows(database) | files(kept)


async def test_what_is_put_to_use_while_the_job_runs_stays(database: Database, world: World, kept: Folder) -> None:
    await age(database, world.unused, OLD)
    async with database.work(GUEST) as work:
        mine = update(tables.Media).where(tables.Media.id == world.unused.id).values(user_id=world.ben.id)
        await work.execute(mine)
        await run(database, "clear_media")
    await run(database, "clear_media")
    assert world.unused.file_key in await rows(database) & files(kept)

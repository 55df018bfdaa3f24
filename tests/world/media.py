"""Ada's picture, those of the course Logic and of a lesson, and two that Ben and Ines have not put to use yet."""

from uuid import UUID

from db import tables
from db.tables import MediaType
from db.write import Work
from tests.world import World

NEEDS = ("accounts", "courses")


async def make(world: World, work: Work) -> None:
    files: tuple[tuple[str, str, dict[str, UUID]], ...] = (
        ("portrait", "ada", {"user_id": world.ada.id}),
        ("unused", "ben", {}),
        ("cover", "ines", {"course_id": world.logic.id}),
        ("figure", "ines", {"lesson_id": world.logic_1_1.id}),
        ("slide", "ines", {}),
    )
    for number, (name, who, owner) in enumerate(files):
        key = f"{number:032x}.png"
        file = tables.Media(
            type=MediaType.IMAGE,
            url=f"/media/{key}",
            mime_type="image/png",
            file_key=key,
            size=100,
            uploader_id=world.rows[who].id,
            **owner,
        )
        world.rows[name] = await work.add(file)

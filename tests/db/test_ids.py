"""Public ids: a prefix that names the table, and the key in 32 hex digits."""

from uuid import UUID

import pytest

from db import ids, tables
from db.base import new_id
from tests.world import World

KEY = UUID("0193a1b2-c3d4-7000-8000-00000000000f")


def test_an_id_names_table_and_key(world: World) -> None:
    assert world.atlas.public_id == f"prj_{world.atlas.id.hex}"
    assert ids.decode(world.atlas.public_id) == (tables.SpecificationProject, world.atlas.id)


def test_an_id_stands_for_a_row_of_its_own_table_alone() -> None:
    public_id = f"cmt_{KEY.hex}"
    assert ids.key_of(tables.Comment, public_id) == KEY
    assert ids.key_of(tables.CommentThread, public_id) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "_",
        "cmt",
        "cmt_",
        KEY.hex,
        f"_{KEY.hex}",
        f"xyz_{KEY.hex}",
        f"CMT_{KEY.hex}",
        f"cmt_{KEY.hex.upper()}",
        f"cmt_{KEY}",
        f"cmt_{KEY.hex}0",
        f"cmt_{KEY.hex[1:]}",
        f" cmt_{KEY.hex}",
        f"cmt_{KEY.hex}\n",
        f"cmt_{KEY.hex[1:]}٣",
        f"cmt__{KEY.hex[1:]}",
        "cmt_" + "\0" * 32,
    ],
)
def test_anything_else_is_no_id(text: str) -> None:
    assert ids.decode(text) is None
    assert ids.key_of(tables.Comment, text) is None


def test_keys_sort_by_the_time_they_were_made() -> None:
    keys = [new_id() for _ in range(1_000)]
    assert keys == sorted(keys)
    assert len(set(keys)) == 1_000
    assert {key.version for key in keys} == {7}

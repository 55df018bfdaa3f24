"""Tables and enumerations, all to be had under one name."""

from db import tables
from db.base import Base
from db.enums import Words
from db.modules import modules


def test_every_table_and_enumeration_of_a_slice_is_had_from_the_package() -> None:
    declared = [
        kind
        for module in modules(tables)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Base | Words) and kind.__module__ == module.__name__
    ]
    assert {tables.Comment, tables.CommentStatus, tables.User} <= {*declared}
    assert [kind for kind in declared if vars(tables).get(kind.__name__) is not kind] == []

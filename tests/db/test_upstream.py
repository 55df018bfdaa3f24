"""GitHub is asked by a process that says how, and by no other."""

import pytest

from db.errors import CannotRun
from db.upstream import NO_UPSTREAM


async def test_a_process_that_does_not_say_how_asks_nothing() -> None:
    for asked in (NO_UPSTREAM.repository("t", "a/b"), NO_UPSTREAM.numbered("t", "a/b", 1)):
        with pytest.raises(CannotRun):
            await asked
    with pytest.raises(CannotRun):
        await NO_UPSTREAM.between("t", "a/b", None, "f")

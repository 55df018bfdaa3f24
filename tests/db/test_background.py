"""Work that goes on for as long as the process does: it begins again, and its end is noticed."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from db import background
from db.background import Background
from tests.deadline import DEADLINE


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "SHORTEST_PAUSE", 0.001)
    monkeypatch.setattr(background, "SETTLED", 0.2)


class Work:
    """Comes to `ends`, one after the other, and then goes on."""

    def __init__(self, *ends: BaseException | None) -> None:
        self.ends = list(ends)
        self.goes_on = asyncio.Event()
        self.is_over = False

    async def __call__(self) -> None:
        if self.ends:
            if end := self.ends.pop(0):
                raise end
            return
        self.goes_on.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.is_over = True


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110  (there is no event to wait for)
            await asyncio.sleep(0.01)


def restarts() -> float:
    return REGISTRY.get_sample_value("trellis_background_restarts_total", {"task": "work"}) or 0


@pytest.mark.parametrize(
    "end", [None, RuntimeError("closed"), asyncio.CancelledError(), ExceptionGroup("", [OSError()])], ids=repr
)
async def test_whatever_it_ends_with_it_begins_again_is_logged_and_counted(end: BaseException | None) -> None:
    before, work = restarts(), Work(end, end)
    with capture_logs() as entries:
        async with Background("work", work), asyncio.timeout(DEADLINE):
            await work.goes_on.wait()
    assert [(entry["event"], entry["task"]) for entry in entries] == [("background task ended", "work")] * 2
    assert restarts() - before == 2


async def test_it_is_down_until_it_has_gone_on_for_a_while() -> None:
    work = Work(RuntimeError("closed"))
    async with Background("work", work), asyncio.timeout(DEADLINE):
        assert background.down() == []
        await work.goes_on.wait()
        assert background.down() == ["work"]
        await until(lambda: background.down() == [])
    assert background.down() == []


async def test_it_ends_with_its_context_and_does_not_begin_again() -> None:
    work = Work()
    with capture_logs() as entries:
        async with Background("work", work):
            await work.goes_on.wait()
        assert work.is_over
    assert entries == []


async def test_what_ends_by_itself_when_it_is_told_to_is_not_cancelled() -> None:
    begun, told, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await told.wait()
        done.set()

    async with Background("work", work, grace=DEADLINE):
        await begun.wait()
        told.set()
    assert done.is_set()


async def test_what_does_not_want_to_end_is_left_behind() -> None:
    begun, asked, free = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                asked.set()

    async with asyncio.timeout(DEADLINE), Background("work", work, timeout=0.01):
        await begun.wait()
    assert asked.is_set()
    free.set()

"""Documents are drawn beside the server: nothing of them is left when nobody waits any more."""

import asyncio
import sys
from dataclasses import replace

import pytest

from app.certificates import printing
from app.certificates.printing import Printer
from db.errors import Overloaded
from tests.app.certificates.test_drawing import PAPER


async def test_a_document_is_drawn_once_for_all_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, make = list[bytes](), printing._drawn

    async def noting(texts: bytes) -> bytes:
        begun.append(texts)
        return await make(texts)

    monkeypatch.setattr(printing, "_drawn", noting)
    monkeypatch.setattr(printing, "AT_ONCE", 1)
    printer = Printer()
    first, second = await asyncio.gather(printer.pdf(PAPER), printer.pdf(PAPER))
    assert first == second
    assert first.startswith(b"%PDF-")
    assert len(begun) == 1
    assert await printer.pdf(replace(PAPER, stamp="REVOKED")) != first


async def test_who_waits_too_long_is_told_so_and_no_process_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    started, start = list[asyncio.subprocess.Process](), asyncio.create_subprocess_exec

    async def noting(*command: str, **options: object) -> asyncio.subprocess.Process:
        started.append(await start(*command, **options))  # type: ignore[arg-type]
        return started[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noting)
    monkeypatch.setattr(printing, "TIMEOUT", 0.1)
    with pytest.raises(Overloaded):
        await Printer().pdf(PAPER)
    assert [process.returncode is None for process in started] == [False]


async def test_a_process_that_fails_gives_no_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RuntimeError, match="status 1"):
        await Printer().pdf(PAPER)

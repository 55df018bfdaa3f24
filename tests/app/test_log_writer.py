"""The thread that writes the log: in order, never in the way, and with a count of what nobody read."""

import io
import os
from collections.abc import Callable, Iterator
from typing import Any, TextIO

import orjson
import pytest
from prometheus_client import REGISTRY

from app import log_writer
from app.log_writer import LogWriter
from tests.deadline import DEADLINE


def rendered(entry: Any) -> str:
    return orjson.dumps(entry).decode()


@pytest.fixture
def pipe() -> Iterator[tuple[int, TextIO]]:
    """Where to read, and a stream that holds no more than a pipe does."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        yield reading, stream
    os.close(reading)


def read(reading: int, *, until: Callable[[list[Any]], bool]) -> list[Any]:
    """The entries until they are what is waited for."""
    text, entries = b"", list[Any]()
    while not until(entries):
        text += os.read(reading, 65536)
        entries = [orjson.loads(line) for line in text[: text.rfind(b"\n") + 1].splitlines()]
    return entries


def told(entries: list[Any]) -> int:
    """How many dropped entries these tell of."""
    return sum(entry["entries"] for entry in entries if entry["event"] == "log entries dropped")


def dropped() -> float:
    return REGISTRY.get_sample_value("trellis_log_entries_dropped_total") or 0


def test_entries_are_written_in_their_order() -> None:
    writer, stream = LogWriter(), io.StringIO()
    writer.start(stream, rendered)
    for number in range(2_000):
        writer.put({"event": str(number)})
    writer.put("a line of a library")
    assert writer.flush(within=DEADLINE)
    *entries, last = stream.getvalue().splitlines()
    assert [orjson.loads(entry)["event"] for entry in entries] == [str(number) for number in range(2_000)]
    assert last == "a line of a library"


def test_what_nobody_reads_is_dropped_and_counted(pipe: tuple[int, TextIO], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_writer, "MAX_WAITING", 100)
    (reading, stream), before, writer = pipe, dropped(), LogWriter()
    writer.start(stream, rendered)
    for number in range(2_000):
        writer.put({"event": str(number), "long": "x" * 1_000})
    assert not writer.flush(within=0.01)
    lost = dropped() - before
    assert lost > 1_000
    entries = read(reading, until=lambda entries: told(entries) == lost)
    assert sum("long" in entry for entry in entries) + lost == 2_000
    writer.put({"event": "last"})
    assert read(reading, until=bool) == [{"event": "last"}]


def test_an_entry_that_cannot_be_rendered_does_not_end_the_log() -> None:
    writer, stream = LogWriter(), io.StringIO()
    writer.start(stream, rendered)
    writer.put({"event": "odd", "value": object()})
    writer.put({"event": "last"})
    assert writer.flush(within=DEADLINE)
    odd, last = stream.getvalue().splitlines()
    assert odd.startswith("'odd' could not be logged: ")
    assert orjson.loads(last) == {"event": "last"}


def test_a_stream_that_is_closed_does_not_end_the_log() -> None:
    writer, closed, stream = LogWriter(), io.StringIO(), io.StringIO()
    closed.close()
    writer.start(closed, rendered)
    writer.put({"event": "lost"})
    assert writer.flush(within=DEADLINE)
    writer.start(stream, rendered)
    writer.put({"event": "last"})
    assert writer.flush(within=DEADLINE)
    assert [orjson.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["last", "log entries dropped"]

"""Nobody makes others wait: whatever is sent, nothing holds the event loop for longer than it may.

What is counted is the processor time of its thread, in each of its turns: on a busy machine the clock says nothing.
"""

import asyncio
import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import orjson
import pytest
from structlog.testing import capture_logs

from app.garbage import collect_seldom, settle
from graphql_schema.execution.memory import Memory
from tests.app.sockets.raw import CLOSE, PING, frame, raw
from tests.conftest import TEMPLATE
from tests.databases import Databases
from tests.hostile.conftest import Target, targeted
from tests.hostile.largest import CASES, HOME, Case
from tests.hostile.test_malformed import ask, coded, errors
from tests.world import World

LONGEST = 0.05
"""Seconds."""


@pytest.fixture(scope="module")
def host(
    databases: Databases,
    redis_url: str,
    template: World,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Target]:
    """A server that holds its documents to a list, and whose memory is settled as that of the command is."""
    (documents := tmp_path_factory.mktemp("documents") / "list.json").write_bytes(orjson.dumps({"home": HOME}))
    trusted = {"trusted_documents": documents, "trusted_level": request.param}
    with targeted(databases.copy(TEMPLATE), redis_url, template, batch_limit=10, **trusted) as found:
        usual = gc.get_threshold()
        collect_seldom()
        settle()
        Memory.is_settling = True
        yield found
        Memory.is_settling = False
        gc.set_threshold(*usual)


LEVELS = {"log", "safelist"}
SENT = [
    pytest.param(kind if kind in LEVELS else "off", case, id=f"{kind}: {name}")
    for kind, cases in CASES.items()
    for name, case in cases.items()
]


@pytest.mark.parametrize(("host", "made"), SENT, indirect=["host"], scope="module")
def test_nothing_holds_the_event_loop(host: Target, made: Callable[[], Case]) -> None:
    case = made()
    if case.known:
        host.run(ask(host, request(host, case, case.known), cut=False))
    gc.freeze()  # what thousands of tests have left in this process is not the server's to collect
    with capture_logs() as entries, turns() as spans:
        host.run(talked(host, case) if case.frames else posted(host, case))
    assert max(spans) < LONGEST
    assert errors(entries) == []


async def posted(host: Target, case: Case) -> None:
    """Send the body, and look at the answer."""
    answer = await ask(host, request(host, case, case.body), cut=False)
    top, _, content = answer.partition(b"\r\n\r\n")
    assert top.split()[1][:1] in {b"2", b"4"}, answer
    if content.startswith(b"{"):
        coded(orjson.loads(content))


async def talked(host: Target, case: Case) -> None:
    """Send the frames on a socket that is acknowledged, and wait until the server closes it."""
    async with raw(host.served.address, **authorization(host, case)) as client:
        await client.say(*case.frames, frame(PING, b"over"), frame(CLOSE, (1000).to_bytes(2)))
        while (await client.hear())[0] != CLOSE:
            pass


def request(host: Target, case: Case, body: bytes) -> bytes:
    """The whole request with this body."""
    headers = {
        "Content-Type": "application/json",
        "Connection": "close",
        "Content-Length": str(len(body)),
        **authorization(host, case),
        **case.head,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return b"POST /graphql HTTP/1.1\r\n%b\r\n%b" % (lines.encode(), body)


def authorization(host: Target, case: Case) -> dict[str, str]:
    return {} if case.guest else {"Authorization": f"Bearer {host.world.tokens[case.who]}"}


@contextmanager
def turns() -> Iterator[list[float]]:
    """The seconds of processor time that each callback of the event loop takes."""
    spans: list[float] = []
    run = asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        started = time.thread_time()
        run(handle)
        spans.append(time.thread_time() - started)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio.Handle, "_run", timed)
        yield spans

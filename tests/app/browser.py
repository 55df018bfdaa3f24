"""A headless Chromium for tests of pages: it visits them, and remembers every request and every complaint of each.

async with browser.visiting("http://127.0.0.1:8000/graphiql") as page:
    await page.until("document.querySelector('.graphiql-execute-button')")
    assert page.hosts == {"127.0.0.1:8000"}
"""

import asyncio
import base64
import itertools
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect

from tests.deadline import DEADLINE

# The first has no windows at all, which takes a third of the processor time.
_NAMES = "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"
PROGRAM = next(filter(None, map(shutil.which, _NAMES)), None)

_PATIENCE = 3 * DEADLINE  # a browser takes longer than all the rest
_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
]


@dataclass(frozen=True)
class Browser:
    """A running Chromium, by the address of its DevTools: to start one takes longer than most visits."""

    address: str

    @asynccontextmanager
    async def visiting(self, url: str, *, width: int = 1440, height: int = 900) -> AsyncIterator["Page"]:
        """The page at `url` in a window that shares nothing with any other, and closes with the block."""
        async with connect(self.address, max_size=None) as socket:
            page = Page(socket)
            listening = asyncio.create_task(page.listen())
            try:
                await page.attach(width, height)
                await page.send("Page.navigate", url=url)
                yield page
                await page.close()
            finally:
                listening.cancel()


@contextmanager
def chromium(program: str) -> Iterator[Browser]:
    """A Chromium with an empty profile, which ends with the block."""
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        command = [program, *_FLAGS, f"--user-data-dir={profile}"]
        # Nobody reads what it writes, and a pipe that is full would stop it.
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
        try:
            yield Browser(_devtools_address(process, Path(profile) / "DevToolsActivePort"))
        finally:
            process.terminate()
            process.wait(_PATIENCE)


def _devtools_address(process: subprocess.Popen[bytes], file: Path) -> str:
    """Where it listens, which it writes into a file once it does."""
    deadline = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        match file.read_text().splitlines() if file.exists() else []:
            case [port, path]:
                return f"ws://127.0.0.1:{port}{path}"
        time.sleep(0.02)
    raise RuntimeError(f"Chromium does not listen; it ended with {process.poll()}")


class Page:
    """A page and its workers, driven over the DevTools protocol."""

    def __init__(self, socket: ClientConnection) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self._socket = socket
        self._session: str | None = None
        self._numbers = itertools.count()
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}

    @property
    def hosts(self) -> set[str]:
        """Every `host:port` that was asked for anything, sockets included."""
        return {urlsplit(url).netloc for url in self.requests} - {""}

    async def attach(self, width: int, height: int) -> None:
        """Open an empty page of that size in pixels and watch it before it loads anything."""
        self._apart = apart = await self.send("Target.createBrowserContext", disposeOnDetach=True)
        # Hidden, it has all of a page without the window around it, which would take half of the time.
        target = await self.send("Target.createTarget", url="about:blank", hidden=True, **apart)
        attached = await self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        await self._watch(self._session)
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.send("Emulation.setDeviceMetricsOverride", **size)

    async def close(self) -> None:
        """Close the window, and all connections of its pages with it."""
        self._session = None  # it is the browser that is told
        await self.send("Target.disposeBrowserContext", **self._apart)

    async def until(self, condition: str) -> Any:
        """The first truthy value of a JavaScript expression; a missed deadline says what the page complained about."""
        try:
            async with asyncio.timeout(_PATIENCE):
                while not (value := await self.run(condition)):  # noqa: ASYNC110 — a page has no event for it
                    await asyncio.sleep(0.05)
        except TimeoutError as error:
            raise TimeoutError(f"never true: {condition}; the page says {self.complaints}") from error
        return value

    async def run(self, script: str) -> Any:
        """The value of a JavaScript expression, awaited if it is a promise."""
        answer = await self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def click(self, selector: str) -> None:
        """A click on the element, once it is there."""
        element = await self._element(selector)
        await self.run(f"{element}.click()")

    async def type(self, selector: str, text: str) -> None:
        """Text into the element, once it is there, as if pasted."""
        element = await self._element(selector)
        await self.run(f"{element}.focus()")
        await self.send("Input.insertText", text=text)

    async def press(self, key: str, *, code: str = "", text: str = "") -> None:
        """A key, pressed and let go, where the focus is."""
        for kind in ("keyDown", "keyUp"):
            await self.send("Input.dispatchKeyEvent", type=kind, key=key, code=code or key, text=text)

    async def go_offline(self, is_offline: bool = True) -> None:
        """Take the network away from the page, or give it back."""
        network = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        await self.send("Network.emulateNetworkConditions", offline=is_offline, **network)

    async def prefer(self, scheme: str) -> None:
        """The theme that its user prefers: `light` or `dark`."""
        await self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    async def screenshot(self) -> bytes:
        """What a person would see, as PNG."""
        picture = await self.send("Page.captureScreenshot", format="png")
        return base64.b64decode(picture["data"])

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        """The answer to one command of the DevTools protocol."""
        number = next(self._numbers)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        await self._post(number, method, params, self._session)
        async with asyncio.timeout(_PATIENCE):
            return await answer

    async def listen(self) -> None:
        """Take in answers and events for as long as the page is open."""
        async for message in self._socket:
            event = json.loads(message)
            if "method" in event:
                await self._note(event["method"], event["params"], event.get("sessionId"))
            elif answer := self._answers.pop(event["id"], None):
                _settle(answer, event)

    async def _note(self, method: str, params: dict[str, Any], session: str | None) -> None:
        match method:
            case "Fetch.requestPaused":
                self.requests.append(params["request"]["url"])
                await self._tell(session, "Fetch.continueRequest", requestId=params["requestId"])
            case "Network.webSocketCreated":
                self.requests.append(params["url"])
            case "Runtime.exceptionThrown":
                self.complaints.append(params["exceptionDetails"]["exception"].get("description", "exception"))
            case "Runtime.consoleAPICalled" if params["type"] == "error":
                self.complaints.append(" ".join(str(part.get("value", part)) for part in params["args"]))
            case "Log.entryAdded" if params["entry"]["level"] == "error":
                self.complaints.append(params["entry"]["text"])
            case "Target.attachedToTarget" if params["targetInfo"]["type"] != "page":
                await self._watch(params["sessionId"])

    async def _watch(self, session: str) -> None:
        # Every request is paused and let go, because preloads are missing from the network log of a new process;
        # a worker waits until it is watched. No answer is needed, and the listener could not wait for one.
        for method in ("Network.enable", "Fetch.enable", "Runtime.enable", "Log.enable"):
            await self._tell(session, method)
        await self._tell(session, "Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=True, flatten=True)
        await self._tell(session, "Runtime.runIfWaitingForDebugger")

    async def _tell(self, session: str | None, method: str, **params: Any) -> None:
        await self._post(next(self._numbers), method, params, session)

    async def _post(self, number: int, method: str, params: dict[str, Any], session: str | None) -> None:
        message = {"id": number, "method": method, "params": params}
        await self._socket.send(json.dumps(message | ({"sessionId": session} if session else {})))

    async def _element(self, selector: str) -> str:
        element = f"document.querySelector({json.dumps(selector)})"
        await self.until(f"{element} !== null")
        return element


def _settle(answer: asyncio.Future[dict[str, Any]], event: dict[str, Any]) -> None:
    if answer.cancelled():
        return
    if "error" in event:
        answer.set_exception(RuntimeError(event["error"]["message"]))
    else:
        answer.set_result(event["result"])

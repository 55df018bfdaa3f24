"""Requests to providers: none takes long, brings much, or leads elsewhere."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from app.oauth.failures import Failure, SignInFailed
from app.oauth.web import LARGEST, Web
from tests.app.oauth.fakes import running, silent


class Anything:
    """A server with an address for each test."""

    address = ""
    cookies: list[str | None]

    def app(self) -> Starlette:
        self.cookies = []
        return Starlette(
            routes=[
                Route("/cookie", self.cookie),
                Route("/elsewhere", lambda _request: RedirectResponse("/cookie")),
                Route("/bomb", self.bomb),
                Route("/endless", lambda _request: StreamingResponse(self.endless(0))),
                Route("/slow", lambda _request: StreamingResponse(self.endless(0.02))),
            ]
        )

    async def cookie(self, request: Request) -> Response:
        self.cookies.append(request.headers.get("cookie"))
        return JSONResponse({"found": True}, headers={"Set-Cookie": "who=ada; Path=/"})

    async def bomb(self, _request: Request) -> Response:
        body = gzip.compress(b" " * 50 * 2**20)
        return Response(body, headers={"Content-Encoding": "gzip"})

    async def endless(self, pause: float) -> AsyncIterator[bytes]:
        async with asyncio.timeout(20):
            while True:
                await asyncio.sleep(pause)
                yield b" " if pause else b" " * 2**16


@pytest.fixture
async def anything() -> AsyncIterator[Any]:
    async with running(Anything()) as server:
        yield server


async def failure(url: str) -> tuple[Failure, str]:
    async with Web() as web:
        with pytest.raises(SignInFailed) as failed:
            await web.get(url)
    return failed.value.failure, failed.value.because


async def test_nobody_is_sent_the_cookies_of_somebody_else(anything: Anything) -> None:
    async with Web() as web:
        for _ in range(2):
            assert await web.get(f"{anything.address}/cookie") == {"found": True}
    assert anything.cookies == [None, None]


async def test_no_redirect_is_followed(anything: Anything) -> None:
    assert await failure(f"{anything.address}/elsewhere") == (Failure.PROVIDER_FAILED, "status 307")
    assert anything.cookies == []


async def test_an_answer_has_an_end(anything: Anything) -> None:
    assert LARGEST < 2**20
    assert await failure(f"{anything.address}/endless") == (Failure.PROVIDER_FAILED, "the answer is too long")


async def test_what_is_compressed_stays_so(anything: Anything) -> None:
    async with Web() as web:
        assert await web.get(f"{anything.address}/bomb") is None


async def test_an_answer_that_trickles_in_is_given_up(anything: Anything, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.oauth.web.TIMEOUT", 0.3)
    assert await failure(f"{anything.address}/slow") == (Failure.PROVIDER_UNAVAILABLE, "TimeoutError")


async def test_whoever_is_not_there_is_unavailable() -> None:
    with silent() as address:
        pass
    assert (await failure(address))[0] is Failure.PROVIDER_UNAVAILABLE


@pytest.mark.parametrize("url", ["http://[", "gopher://example.com/", "http://\u2603\x00/"])
async def test_what_is_no_address_is_a_failure(url: str) -> None:
    assert (await failure(url))[0] in {Failure.PROVIDER_FAILED, Failure.PROVIDER_UNAVAILABLE}

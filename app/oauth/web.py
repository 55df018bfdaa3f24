"""Requests to providers, whose answers are bounded in time and in bytes. What goes wrong is a failed sign-in."""

import asyncio
from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Self

import httpx
import orjson

from app.oauth.failures import Failure, SignInFailed, unusable

TIMEOUT = 5.0
LARGEST = 2**19
BUSY = 429


class Web:
    """The way to providers. An asynchronous context manager: it closes its connections at the end.

    Cookies are not kept: what one person is given would be sent for another.
    """

    def __init__(self) -> None:
        nowhere = CookieJar(DefaultCookiePolicy(allowed_domains=()))
        headers = {"User-Agent": "Trellis", "Accept": "application/json", "Accept-Encoding": "identity"}
        self._client = httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, headers=headers, cookies=nowhere)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._client.aclose()

    async def get(self, url: str, *, token: str | None = None) -> Any:
        """The JSON at an address, asked for with a bearer token if there is one."""
        status, body = await self.ask("GET", url, {"Authorization": f"Bearer {token}"} if token else {})
        if status != httpx.codes.OK:
            raise unusable(f"status {status}")
        return body

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str], content: str | None = None
    ) -> tuple[int, Any]:
        """The status of an answer and the JSON in it, which is None where it has none.

        Raises SignInFailed where there is no answer in time, one that is too long, or one that says to come later.
        """
        try:
            async with asyncio.timeout(TIMEOUT):
                status, body = await self._answer(method, url, headers, content)
        except (TimeoutError, httpx.HTTPError, OSError) as error:
            raise SignInFailed(Failure.PROVIDER_UNAVAILABLE, type(error).__name__) from None
        except (httpx.InvalidURL, ValueError) as error:
            raise unusable(type(error).__name__) from None
        if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == BUSY:
            raise SignInFailed(Failure.PROVIDER_UNAVAILABLE, f"status {status}")
        try:
            return status, orjson.loads(body)
        except ValueError:
            return status, None

    async def _answer(
        self, method: str, url: str, headers: Mapping[str, str], content: str | None
    ) -> tuple[int, bytes]:
        body = bytearray()
        async with self._client.stream(method, url, headers=dict(headers), content=content) as response:
            async for part in response.aiter_raw():  # as it came: a few compressed bytes can become very many
                body += part
                if len(body) > LARGEST:
                    raise unusable("the answer is too long")
        return response.status_code, bytes(body)

"""GitHub's REST API: asked with the tokens of organizations, bounded in time and in bytes, and as often as it lets us.

No redirect is followed but that of a repository to its new name, at the same server: the token would go elsewhere.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, NoReturn, Self

import httpx
import orjson

from app.webhooks.github import NUL
from db.base import Json
from db.outgoing import Unanswered
from db.upstream import Limited, TokenRefused, Withheld

TIMEOUT = 15.0
"""Seconds that GitHub may take for an answer."""
LARGEST = 25 * 2**20
"""Bytes of an answer: a comparison has the changed lines of its files, too."""
PAGE = 100
"""Commits that GitHub tells at a time."""
PAGES_AT_ONCE = 10
"""The pages of commits that are asked for, the newest of them."""
PAUSE = timedelta(minutes=1)
"""The time without requests where GitHub asks for one, and does not say how long."""
LONGEST_PAUSE = timedelta(hours=24)
HEADERS = {
    "User-Agent": "Trellis",
    "Accept": "application/vnd.github+json",
    "Accept-Encoding": "identity",
    "X-GitHub-Api-Version": "2022-11-28",
}
MOVED = {301, 302, 307, 308}
NOT_THERE = {404, 409, 410, 422}
"""The answers for something that is not there, such as commits that no branch has any more."""
SENSELESS = "GitHub's answer makes no sense."


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its JSON, which is None where it has none."""

    status: int
    headers: Mapping[str, str]
    body: Any

    def known(self) -> Any:
        """The JSON. Raises Withheld where GitHub does not give any."""
        if self.status != httpx.codes.OK:
            raise Withheld(f"GitHub answered {self.status}.")
        return self.body


class GitHub:
    """GitHub, see `db.upstream.Upstream`. An asynchronous context manager: it closes its connections at the end."""

    def __init__(self, api: str, *, timeout: float = TIMEOUT) -> None:
        self.api = api
        self.timeout = timeout
        self._until: dict[str, datetime] = {}
        """The moments until which GitHub takes no more requests, by token."""

    async def __aenter__(self) -> Self:
        nowhere = CookieJar(DefaultCookiePolicy(allowed_domains=()))
        self._client = httpx.AsyncClient(timeout=self.timeout, headers=HEADERS, cookies=nowhere)
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._client.aclose()

    async def repository(self, token: str, name: str) -> Json:
        """The repository that has this full name, or had it before."""
        found = await self._get(token, self._at(name))
        if found.status in MOVED and (moved := found.headers.get("location", "")).startswith(f"{self.api}/"):
            found = await self._get(token, moved)
        if found.status in NOT_THERE:
            raise Withheld("GitHub shows no such repository to the token.")
        return _object(found.known())

    async def numbered(self, token: str, name: str, number: int) -> Json | None:
        """The issue or the pull request of a number.

        GitHub says 410 where issues are switched off, too, and may say 404 for what it hides from the token.
        """
        issues = f"{self._at(name)}/issues"
        found = await self._get(token, f"{issues}/{number}")
        if found.status == httpx.codes.NOT_FOUND:
            (await self._get(token, f"{issues}?state=all&per_page=1")).known()
        if found.status in (*MOVED, httpx.codes.NOT_FOUND):
            return None
        is_gone = found.status == httpx.codes.GONE
        if not is_gone and "pull_request" not in (issue := _of(number, found)):
            return {"issue": issue}
        found = await self._get(token, f"{self._at(name)}/pulls/{number}")
        return None if is_gone and found.status in NOT_THERE else {"pull_request": _of(number, found)}

    async def between(self, token: str, name: str, before: str | None, after: str) -> Sequence[Json] | None:
        """The commits behind one up to another. Where history was rewritten, those up to the other."""
        found = await self._compared(token, name, before, after) if before else []
        return found if any(one.get("sha") == after for one in found) else await self._newest(token, name, after)

    async def _compared(self, token: str, name: str, before: str, after: str) -> list[Json]:
        address = f"{self._at(name)}/compare/{before}...{after}?per_page={PAGE}&page="
        first = await self._get(token, f"{address}1")
        if first.status in NOT_THERE:
            return []
        total = _object(first.known()).get("total_commits")
        last = -(-total // PAGE) if isinstance(total, int) else 1
        others = range(max(2, last - PAGES_AT_ONCE + 1), last + 1)
        pages = [
            *([first] if last <= PAGES_AT_ONCE else []),
            *[await self._get(token, f"{address}{at}") for at in others],
        ]
        return [commit for page in pages for commit in _objects(_object(page.known()).get("commits"))]

    async def _newest(self, token: str, name: str, after: str) -> list[Json] | None:
        found = list[Json]()
        for page in range(1, PAGES_AT_ONCE + 1):
            answer = await self._get(token, f"{self._at(name)}/commits?sha={after}&per_page={PAGE}&page={page}")
            if answer.status in NOT_THERE and page == 1:
                return None
            some = _objects(answer.known())
            found += some
            if len(some) < PAGE:
                break
        return found[::-1]

    def _at(self, name: str) -> str:
        """The address of a repository. Raises Withheld for a name that would lead elsewhere."""
        if {".", ".."} & set(name.split("/")):
            raise Withheld("GitHub has no repository of this name.")
        return f"{self.api}/repos/{name}"

    async def _get(self, token: str, address: str) -> Answer:
        """An answer, whatever it says of what was asked for. Raises TokenRefused, Limited, Withheld and Unanswered."""
        if (until := self._until.get(token)) and until > datetime.now(UTC):
            raise Limited(until)
        try:
            async with asyncio.timeout(self.timeout):
                answer = await self._answer(address, {"Authorization": f"Bearer {token}"})
        except TimeoutError:
            raise Unanswered("GitHub took too long.") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise Unanswered(f"GitHub could not be reached: {type(error).__name__}.") from None
        self._until.pop(token, None)
        if answer.headers.get("x-ratelimit-remaining") == "0":
            self._until[token] = _until(answer)
        _check(answer)
        return answer

    async def _answer(self, address: str, headers: Mapping[str, str]) -> Answer:
        body = bytearray()
        async with self._client.stream("GET", address, headers=headers) as response:
            async for part in response.aiter_raw():
                body += part
                if len(body) > LARGEST:
                    raise Withheld("GitHub's answer is too long.")
        try:
            found = orjson.loads(NUL.sub(rb"\1\\ufffd", bytes(body)))
        except ValueError:
            found = None
        return Answer(response.status_code, response.headers, found)


def _check(answer: Answer) -> None:
    """Raise what an answer says of the token, of our requests and of GitHub itself."""
    match answer.status:
        case 401:
            raise TokenRefused("GitHub refuses the token.")
        case 429:
            raise Limited(_until(answer))
        case 403:
            _refuse(answer)
        case status if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise Unanswered(f"GitHub answered {status}.")


def _refuse(answer: Answer) -> NoReturn:
    """Raise what 403 means: too many requests, or something that the token is not good for."""
    said = answer.body.get("message") if isinstance(answer.body, dict) else None
    is_limit = answer.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in answer.headers
    if is_limit or "rate limit" in str(said).lower():
        raise Limited(_until(answer))
    raise Withheld("The token may not read this at GitHub.")


def _until(answer: Answer) -> datetime:
    """The moment from which on GitHub takes requests again, by the first header that says so."""
    now = datetime.now(UTC)
    for name, since in (("retry-after", now.timestamp()), ("x-ratelimit-reset", 0)):
        if (text := answer.headers.get(name, "")).isascii() and text.isdigit():
            seconds = min(since + int(text[:12]), (now + LONGEST_PAUSE).timestamp())
            return max(datetime.fromtimestamp(seconds, UTC), now)
    return now + PAUSE


def _of(number: int, answer: Answer) -> Json:
    """An issue or a pull request in an answer. Raises Withheld for one of another number."""
    if (found := _object(answer.known())).get("number") != number:
        raise Withheld(SENSELESS)
    return found


def _object(body: Any) -> Json:
    if not isinstance(body, dict):
        raise Withheld(SENSELESS)
    return body


def _objects(body: Any) -> list[Json]:
    if not isinstance(body, list):
        raise Withheld(SENSELESS)
    return [_object(one) for one in body]

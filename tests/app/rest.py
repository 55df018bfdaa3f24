"""GitHub's REST API, played on loopback over a few repositories, and its answers made from what webhooks carry."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TOKEN = "github_pat_of_analytical"
Json = dict[str, Any]
Answer = Callable[[Request], Awaitable[Response]]


@dataclass
class Shown:
    """A repository with what is in it: numbers that were deleted are None, and commits are in the order of time."""

    about: Json
    numbers: dict[int, Json | None] = field(default_factory=dict)
    commits: list[Json] = field(default_factory=list)

    def numbered(self, way: list[str]) -> Response:
        kind, number = way[0], int(way[1])
        found = self.numbers.get(number, {})
        if found is None:
            return JSONResponse({"message": "This issue was deleted"}, 410)
        is_pull = "head" in found
        if not found or (kind == "pulls" and not is_pull):
            return JSONResponse({"message": "Not Found"}, 404)
        if kind == "issues" and is_pull:  # as an issue a pull request has other parts, and says where it is
            rest = {name: value for name, value in found.items() if name not in ("head", "base", "additions")}
            return JSONResponse({**rest, "pull_request": {"url": f"https://api.example/pulls/{number}"}})
        return JSONResponse(found)

    def compared(self, ends: str, page: slice) -> Response:
        shas = [commit["sha"] for commit in self.commits]
        before, _, after = ends.partition("...")
        if not {before, after} <= {*shas}:
            return JSONResponse({"message": "Not Found"}, 404)
        between = self.commits[shas.index(before) + 1 : shas.index(after) + 1]
        return JSONResponse({"status": "ahead", "total_commits": len(between), "commits": between[page], "files": []})

    def listed(self, after: str, page: slice) -> Response:
        shas = [commit["sha"] for commit in self.commits]
        if after not in shas:
            return JSONResponse({"message": f"No commit found for SHA: {after}"}, 404)
        return JSONResponse(self.commits[shas.index(after) :: -1][page])


@dataclass
class FakeGitHub:
    """Answers as GitHub does to whoever has the token."""

    token: str = TOKEN
    address: str = ""
    repositories: dict[str, Shown] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """The paths that were asked for."""
    headers: Any = None
    """Of the last request."""
    answers: dict[str, Answer] = field(default_factory=dict)
    """What is answered instead at a path, or at all of them with an empty one."""
    spent: dict[str, str] = field(default_factory=dict)
    """The headers that say how many requests are left."""

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self.answer)])

    async def answer(self, request: Request) -> Response:
        path = request.url.path
        self.asked.append(path)
        self.headers = request.headers
        if other := self.answers.get(path) or self.answers.get(""):
            return await other(request)
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return JSONResponse({"message": "Bad credentials"}, 401)
        response = self._found(request)
        response.headers.update(self.spent)
        return response

    def _found(self, request: Request) -> Response:
        _, _, owner, name, *way = request.url.path.split("/")
        shown = self.repositories.get(f"{owner}/{name}".lower())
        size, number = (int(request.query_params.get(name, other)) for name, other in (("per_page", 30), ("page", 1)))
        page = slice(size * (number - 1), size * number)
        if shown is None:
            return JSONResponse({"message": "Not Found"}, 404)
        match way:
            case []:
                return JSONResponse(shown.about)
            case ["issues"]:
                return JSONResponse([])
            case ["compare", ends]:
                return shown.compared(ends, page)
            case ["commits"]:
                return shown.listed(request.query_params["sha"], page)
        return shown.numbered(way)


def answering(status: int, body: Any = None, **headers: str) -> Answer:
    """An answer that is always the same; a header `retry_after` is sent with hyphens."""

    async def answer(_request: Request) -> Response:
        return JSONResponse(body, status, {name.replace("_", "-"): value for name, value in headers.items()})

    return answer


async def hanging(_request: Request) -> Response:
    """Answer nothing, ever."""
    await asyncio.Event().wait()
    raise AssertionError


def commits_of(pushes: Iterable[Json]) -> list[Json]:
    """The commits of pushes as the REST API lists them."""
    return [_listed(commit) for push in pushes for commit in push["commits"]]


def _listed(commit: Json) -> Json:
    author = {name: commit["author"].get(name) for name in ("name", "email")}
    username = commit["author"].get("username")
    return {
        "sha": commit["id"],
        "commit": {
            "message": commit["message"],
            "author": {**author, "date": commit["timestamp"]},
            "committer": {"name": "GitHub", "email": "noreply@github.com", "date": commit["timestamp"]},
            "comment_count": 0,
        },
        "author": {"login": username, "type": "User"} if username else None,
        "committer": None,
        "parents": [],
    }

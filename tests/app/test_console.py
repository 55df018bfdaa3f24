"""The console: served strictly, built only when it must be, and in a real browser it asks no other host."""

import asyncio
import gzip
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.pages.build import CONSOLE, STAMP, Site, fingerprint
from app.pages.serving import routes
from app.pages.signin import DOCUMENTS
from graphql_schema.core.strawberry_seam import Schema
from tests.app.browser import Browser
from tests.app.prefixing import PREFIX, below_a_path
from tests.app.serving import Served

OPERATIONS = json.loads(DOCUMENTS.read_text())
SCRIPT = "console.log('a script worth compressing')" * 100
NOT_SOURCES = shutil.ignore_patterns("dist", "node_modules")
needs_build = pytest.mark.skipif(not CONSOLE.is_current(), reason="the console is not built: python -m app.pages")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A page that was built, in miniature."""
    site = Site("the page", tmp_path)
    (site.dist / "assets").mkdir(parents=True)
    (site.dist / "index.html").write_text("<title>Trellis</title>")
    (site.dist / "assets/index-abc.js").write_text(SCRIPT)
    (site.dist / "assets/index-abc.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    return site


async def get(site: Site, path: str, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(Starlette(routes=routes(site.dist, "/graphiql")))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        return await client.get(path, headers=headers)


async def test_the_page_may_load_and_reach_nothing_but_its_own_server(site: Site) -> None:
    page = await get(site, "/graphiql")
    policy = dict(rule.split(" ", 1) for rule in page.headers["content-security-policy"].split("; "))
    assert page.text == "<title>Trellis</title>"
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self' ws://localhost:8000 wss://localhost:8000"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"


async def test_a_host_header_cannot_widen_the_policy(site: Site) -> None:
    page = await get(site, "/graphiql", host="localhost; script-src *")
    assert "connect-src 'self';" in page.headers["content-security-policy"]
    assert "*" not in page.headers["content-security-policy"]


async def test_the_page_is_asked_for_again_each_time_and_its_assets_never(site: Site) -> None:
    page, asset = await get(site, "/graphiql"), await get(site, "/graphiql/assets/index-abc.js")
    assert page.headers["cache-control"] == "no-cache"
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(("accepted", "coding"), [("gzip", "gzip"), ("identity", "identity"), ("gzip;q=0", "identity")])
async def test_an_asset_is_compressed_for_those_who_accept_it(site: Site, accepted: str, coding: str) -> None:
    asset = await get(site, "/graphiql/assets/index-abc.js", **{"accept-encoding": accepted})
    assert asset.headers.get("content-encoding", "identity") == coding
    assert asset.headers["content-type"].startswith("text/javascript")
    assert asset.headers["vary"] == "Accept-Encoding"
    assert asset.text == SCRIPT


@pytest.mark.parametrize("name", ["unknown.js", "%2e%2e", "%2e%2e%2findex.html", "%00"])
async def test_what_is_no_asset_is_not_found(site: Site, name: str) -> None:
    assert (await get(site, f"/graphiql/assets/{name}")).status_code == 404


async def test_without_a_build_the_page_says_how_to_make_one(tmp_path: Path) -> None:
    page = await get(Site("the page", tmp_path), "/graphiql")
    assert page.status_code == 503
    assert page.headers["content-type"].startswith("text/plain")
    assert "python -m app.pages" in page.text


def test_a_build_is_current_until_a_source_changes(tmp_path: Path) -> None:
    source = shutil.copytree(CONSOLE.source, tmp_path / "console", ignore=NOT_SOURCES)
    site = Site("the page", source)
    site.dist.mkdir()
    (site.dist / STAMP).write_text(fingerprint(source))
    assert site.is_current()
    (source / "src/welcome.graphql").write_text("{ viewer { id } }")
    assert not site.is_current()


@pytest.mark.parametrize("node", [None, "v18.20.4"], ids=["no Node", "an old Node"])
def test_an_impossible_build_is_one_line_and_no_failure(tmp_path: Path, node: str | None) -> None:
    for folder in ("console", "demo", "pages"):
        shutil.copytree(CONSOLE.source.parent / folder, tmp_path / "app" / folder, ignore=NOT_SOURCES)
    (tmp_path / "app/__init__.py").touch()
    path = tmp_path / "bin"
    path.mkdir()
    for command in ("node", "npm") if node else ():
        (path / command).write_text(f"#!/bin/sh\necho {node}\n")
        (path / command).chmod(0o755)
    offline = {**os.environ, "PATH": str(path), "PIP_NO_INDEX": "1", "PYTHONPATH": str(tmp_path)}
    build_it = [sys.executable, "-m", "app.pages"]
    done = subprocess.run(build_it, cwd=tmp_path, env=offline, capture_output=True, text=True, check=False)  # noqa: S603 — our own
    assert done.returncode == 0
    assert len(done.stderr.splitlines()) == 1
    assert "of the console and the demo: fetching Node with pip failed" in done.stderr
    assert not list(tmp_path.glob("app/*/dist"))


@strawberry.type
class Person:
    name: str


@strawberry.type
class Query:
    @strawberry.field
    def viewer(self, info: strawberry.Info[Request]) -> Person | None:
        return Person(name="Ada") if info.context.headers.get("authorization") == "Bearer ada-token" else None


async def answer(request: Request) -> Response:
    """The least GraphQL server that the console can talk to."""
    operation = await request.json()
    query = operation.get("query") or OPERATIONS[operation["documentId"]]
    result = await Schema(Query).execute(query, context_value=request)
    return JSONResponse({"data": result.data})


@pytest.fixture
async def host() -> AsyncIterator[str]:
    """The `host:port` of a server with the console and a GraphQL endpoint of one field."""
    app = Starlette(routes=[*routes(CONSOLE.dist, "/graphiql"), Route("/graphql", answer, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await serving


@needs_build
async def test_the_console_runs_in_a_browser_that_asks_no_other_host(browser: Browser, host: str) -> None:
    async with browser.visiting(f"http://{host}/graphiql") as page:
        await page.until("document.querySelector('.graphiql-query-editor .view-lines') !== null")
        await page.click(".graphiql-execute-button")
        await page.until("document.querySelector('.result-window').textContent.includes('data')")
        assert page.hosts == {host}
        assert page.complaints == []


@needs_build
async def test_a_link_with_a_token_signs_in_and_keeps_it_out_of_the_address(browser: Browser, host: str) -> None:
    async with browser.visiting(f"http://{host}/graphiql#token=ada-token") as page:
        await page.until("document.querySelector('output')?.textContent === 'You are Ada'")
        assert await page.run("location.href") == f"http://{host}/graphiql"


@needs_build
async def test_a_wrong_token_is_named_as_such(browser: Browser, host: str) -> None:
    async with browser.visiting(f"http://{host}/graphiql") as page:
        await page.click(".who button")
        await page.click("dialog summary")
        await page.type("#token", "nonsense")
        await page.until("document.querySelector('output').textContent === 'This token is not accepted'")


SUBSCRIPTION = 'subscription { documentEvents(documentId: "doc_1") { kind } }'
UNSAID = dict.fromkeys(("hash", "variables", "headers", "operationName", "response"))
TABS = {"tabs": [{"id": "1", "title": "Listening", "query": SUBSCRIPTION, **UNSAID}], "activeTabIndex": 0}


@needs_build
async def test_below_a_path_of_a_proxy_the_console_finds_itself_the_graph_and_its_sockets(
    browser: Browser, served: Served
) -> None:
    async with below_a_path(served.address) as proxy, browser.visiting(f"http://{proxy}{PREFIX}/health/live") as page:
        await page.until("document.body.textContent.includes('ok')")
        await page.run(f"localStorage.setItem('graphiql:tabState', {json.dumps(json.dumps(TABS))})")
        await page.send("Page.navigate", url=f"http://{proxy}{PREFIX}/")
        await page.until("document.querySelector('.graphiql-query-editor')?.textContent.includes('documentEvents')")
        assert await page.run("location.href") == f"http://{proxy}{PREFIX}/graphiql"
        await page.click(".graphiql-execute-button")
        await page.until("document.querySelector('.result-window').textContent.includes('NOT_FOUND')")
        assert {f"{scheme}://{proxy}{PREFIX}/graphql" for scheme in ("http", "ws")} <= {*page.requests}
        outside = [url for url in page.requests if proxy in url and PREFIX not in url]
        assert outside in ([], [f"http://{proxy}/favicon.ico"]), "only the first page, which has no icon, asks for one"

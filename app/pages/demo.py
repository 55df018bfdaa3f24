"""The page `/demo`, where two people work on one document: people of the demo data, and anybody may be one of them."""

from collections.abc import Sequence

from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from app.auth import issue_token
from app.pages import serving
from app.pages.build import DEMO
from db import tables
from db.access import GUEST
from db.engine import Database
from db.errors import NotFound

DOCUMENTS = DEMO.source / "src/graphql/persisted-documents.json"
"""The operations of the page, which it sends by their ids."""
UNCACHED = {"Cache-Control": "no-store"}


def routes(emails: Sequence[str], database: Database, database_url: str) -> list[BaseRoute]:
    """The page, the people whom anybody may be on it, and tokens for them; nothing where there is nobody to be."""
    named = {email.partition("@")[0].partition(".")[0]: email for email in emails}

    async def people(_request: Request) -> Response:
        statement = select(tables.User).where(tables.User.email.in_(emails), tables.User.is_active)
        async with database.work(GUEST) as work:
            users = {user.email: user for user in (await work.execute(statement)).scalars()}
        found = [(name, users[email]) for name, email in named.items() if email in users]
        listed = [{"as": name, "id": user.public_id, "name": user.name} for name, user in found]
        return JSONResponse(listed, headers=UNCACHED)

    async def token(request: Request) -> Response:
        try:
            issued = await issue_token(database_url, named.get(request.path_params["name"], ""))
        except NotFound:
            return PlainTextResponse("Not found", status_code=404, headers=UNCACHED)
        return JSONResponse({"token": issued}, headers=UNCACHED)

    if not named:
        return []
    page = serving.routes(DEMO.dist, "/demo", is_framed=True)
    return [*page, Route("/demo/people", people), Route("/demo/people/{name}", token, methods=["POST"])]

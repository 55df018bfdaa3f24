"""`POST /webhooks/github/{slug}`: GitHub tells an organization what happens in its repositories.

What it tells is kept before it is answered 202, and worked in by a job. Deliveries of one moment are kept together, and
their JSON is read by the database alone: a large one keeps no other request waiting.
"""

import asyncio
import re
import secrets
from collections.abc import Sequence

import structlog
from sqlalchemy import Text, bindparam, select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.http import ClientLeft, HTTPRequest
from app.requests import BadRequest
from app.responses import refused_elsewhere
from app.webhooks.signatures import HEADER, is_signed
from db import tables
from db.access import GUEST
from db.actions import webhook_secrets, webhooks
from db.actions.webhooks import Delivery
from db.engine import Database
from db.errors import Refusal, Unauthenticated
from db.keyring import Unreadable
from db.queue.batches import Batches
from db.statements import compiled

LARGEST = 25 * 2**20
"""Bytes of a body: GitHub sends no more."""
TOGETHER = 2
"""Transactions in which deliveries are kept at a time."""
LONG = 2**16
"""Bytes from which on a body is signed beside the event loop."""
HEADERS = {"Cache-Control": "no-store"}
WORD = re.compile(r"[\w.:-]{1,100}", re.ASCII)
NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
"""A character that texts of the database cannot have, as JSON writes it."""
NOBODYS = secrets.token_urlsafe()
"""A secret in the place of one that there is not: an organization without one is refused as any other is."""
COLUMNS = "id", *webhook_secrets.SEALED.columns
_organization = tables.Organization.__table__
_SECRETS = compiled(
    select(*(_organization.c[name] for name in COLUMNS)).where(_organization.c.slug == bindparam("slug", type_=Text()))
)

log = structlog.get_logger()


class GitHubWebhook:
    """The address at which GitHub tells an organization."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._kept = Batches[Delivery](self._keep, asyncio.Semaphore(TOGETHER))

    def route(self) -> Route:
        """The address."""
        return Route("/webhooks/github/{slug}", self.take, methods=["POST"])

    async def take(self, request: Request) -> Response:
        """The answer to GitHub, which shows it to those who look after the repository."""
        slug = request.path_params["slug"]
        try:
            await self._kept(await self._delivery(slug, HTTPRequest(request.scope, request.receive)))
        except ClientLeft:
            return Response(status_code=400)
        except Exception as error:  # noqa: BLE001  (what is unexpected is logged and masked)
            if isinstance(error, Refusal):
                log.warning("webhook refused", organization=slug, because=error.message)
            return refused_elsewhere(error)
        return JSONResponse({"received": True}, 202, HEADERS)

    async def _delivery(self, slug: str, asked: HTTPRequest) -> Delivery:
        """The delivery in a request; raises Unauthenticated for one that was not signed for this organization."""
        body = await asked.body(LARGEST)
        organization = await self._organization(slug)
        header, known = asked.header(HEADER.lower().encode()), self._secrets(organization)
        is_right = (
            is_signed(body, header, known)
            if len(body) < LONG
            else await asyncio.to_thread(is_signed, body, header, known)  # it lets go of the interpreter
        )
        if organization is None or not is_right:
            raise Unauthenticated(f"The header {HEADER} is not of this body and this address.")
        delivery, event = asked.header(b"x-github-delivery"), asked.header(b"x-github-event")
        if not (WORD.fullmatch(delivery) and WORD.fullmatch(event)):
            raise BadRequest("The headers X-GitHub-Delivery and X-GitHub-Event are missing.")
        if not body.lstrip().startswith(b"{"):
            raise BadRequest("The body must be a JSON object: choose the content type application/json at GitHub.")
        if b"\\u0000" in body:
            body = NUL.sub(rb"\1\\ufffd", body)
        try:
            return Delivery(organization.id, delivery, event, body.decode())
        except UnicodeDecodeError:
            raise BadRequest("The body must be JSON in UTF-8.") from None

    async def _organization(self, slug: str) -> tables.Organization | None:
        found = await self.database.fetch(_SECRETS, _SECRETS.arguments({"slug": slug}))
        return None if found is None else tables.Organization(**dict(zip(COLUMNS, found, strict=True)))

    def _secrets(self, organization: tables.Organization | None) -> list[str]:
        """Two secrets, whichever organization it is, and if there is none."""
        try:
            known = webhook_secrets.known(self.database.keyring, organization) if organization else []
        except Unreadable:
            log.exception("webhook secret cannot be opened", organization=organization and organization.public_id)
            known = []
        return [*known, NOBODYS, NOBODYS][:2]

    async def _keep(self, deliveries: Sequence[Delivery]) -> None:
        async with self.database.work(GUEST) as work:
            await webhooks.keep(work, deliveries)

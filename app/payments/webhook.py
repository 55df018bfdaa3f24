"""`POST /webhooks/payments/{provider}`: a provider of payments tells what has become of a charge.

What it tells is kept before it is answered 200, and applied by a job: so it is answered at once, however much waits.
"""

import time
from collections.abc import Mapping, Sequence

import structlog
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.http import ClientLeft, HTTPRequest
from app.payments.signatures import HEADER, verify
from app.refusals import refused
from app.requests import BadRequest, parsed
from app.responses import refused_elsewhere
from db.access import GUEST
from db.actions import payments
from db.actions.charges import Message
from db.engine import Database
from db.errors import NotFound, Refusal

LARGEST = 2**18
HEADERS = {"Cache-Control": "no-store"}

log = structlog.get_logger()


class PaymentsWebhook:
    """The address at which providers tell, each with the secrets that it signs with."""

    def __init__(self, database: Database, secrets: Mapping[str, Sequence[str]]) -> None:
        self.database = database
        self.secrets = secrets

    def route(self) -> Route:
        """The address."""
        return Route("/webhooks/payments/{provider}", self.take, methods=["POST"])

    async def take(self, request: Request) -> Response:
        """The answer to a provider, which sends again whatever is refused."""
        provider = request.path_params["provider"]
        if provider not in self.secrets:
            return JSONResponse(refused(NotFound()), 404, HEADERS)
        try:
            await self._keep(provider, HTTPRequest(request.scope, request.receive))
        except ClientLeft:
            return Response(status_code=400)
        except Exception as error:  # noqa: BLE001  (what is unexpected is logged and masked)
            if isinstance(error, Refusal):
                log.warning("webhook refused", provider=provider, because=error.message)
            return refused_elsewhere(error)
        return JSONResponse({"received": True}, headers=HEADERS)

    async def _keep(self, provider: str, asked: HTTPRequest) -> None:
        body = await asked.body(LARGEST)
        verify(body, asked.header(HEADER.lower().encode()), self.secrets[provider], now=time.time())
        payload = parsed(body, what="body")
        try:
            message = Message.model_validate(payload)
        except ValidationError:
            raise BadRequest("This is no event with `id`, `type`, `created` and `data.object`.") from None
        async with self.database.work(GUEST) as work:
            await payments.receive(work, provider, message, payload)

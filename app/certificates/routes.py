"""`GET /certificates/{number}`: whether a certificate holds, for everybody with its number; as `.pdf` its document."""

from collections.abc import Awaitable, Callable

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from app.certificates.page import page, paper
from app.certificates.printing import Printer
from app.negotiation import JSON
from app.origins import origin_of
from app.refusals import refused
from app.responses import refused_elsewhere
from db.access import GUEST
from db.actions.certificates import UNKNOWN, Verification, verified
from db.certificate_numbers import number_in
from db.engine import Database
from db.errors import NotFound

HEADERS = {
    # It may be revoked at any time.
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
NOT_FOUND = 404
PDF = "application/pdf"
Answer = Callable[[Request], Awaitable[Response]]


def routes(database: Database, public_url: str | None) -> list[BaseRoute]:
    """The page and the document. Codes on paper lead to the public address, or to where the document was asked for."""
    printer = Printer()

    async def document(request: Request) -> Response:
        found = await _found(database, request)
        number = found.certificate_no
        if number is None:
            return Response(orjson.dumps(refused(NotFound())), NOT_FOUND, HEADERS, JSON)
        address = f"{public_url or origin_of(request.scope)}/certificates/{number}"
        named = {"Content-Disposition": f'inline; filename="{number}.pdf"'}
        return Response(await printer.pdf(paper(found, address)), headers={**HEADERS, **named}, media_type=PDF)

    async def verification(request: Request) -> Response:
        found = await _found(database, request)
        status = 200 if found.certificate_no else NOT_FOUND
        return HTMLResponse(page(found, f"{found.certificate_no}.pdf"), status, HEADERS)

    return [
        Route("/certificates/{number}.pdf", _answered(document)),
        Route("/certificates/{number}", _answered(verification)),
    ]


def _answered(answer: Answer) -> Answer:
    """An endpoint whose failures are told as they are everywhere."""

    async def answered(request: Request) -> Response:
        try:
            return await answer(request)
        except Exception as error:  # noqa: BLE001  (what is unexpected is logged and masked)
            return refused_elsewhere(error)

    return answered


async def _found(database: Database, request: Request) -> Verification:
    """The certificate of the number in the address. A mistyped one is not looked for."""
    number = number_in(request.path_params["number"])
    if number is None:
        return UNKNOWN
    async with database.read() as session:
        return (await verified(session, GUEST, [number])).get(number, UNKNOWN)

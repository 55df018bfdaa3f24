"""The session of a page: `POST /auth/session` puts the token that was sent into a cookie, which no script can read, and
`DELETE /auth/session` ends the session and takes the cookie away.
"""

from dataclasses import dataclass

from starlette.types import Send

from app import cookies
from app.http import GraphQLOverHTTP, HTTPRequest, Sent
from app.negotiation import Agreed, CrossSite, Refused
from app.responses import Answer
from app.streams.streaming import encoded
from app.watch import expires_in
from db.access import GUEST
from db.actions import accounts
from db.errors import Unauthenticated

METHODS = ("POST", "DELETE")


@dataclass(frozen=True)
class NoContent:
    """An answer that says all with its cookie."""

    cookie: str

    async def send(self, send: Send) -> None:
        """Send it."""
        headers = encoded({"Set-Cookie": self.cookie, "Cache-Control": "no-store"})
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


class PageSession(GraphQLOverHTTP):
    """The ASGI endpoint. No page of another origin can make a browser ask it, with or without a cookie: it would sign
    people in as somebody else.
    """

    def _check(self, asked: HTTPRequest) -> None:
        if asked.method not in METHODS:
            allowed = ", ".join(METHODS)
            raise Refused("A session is kept with POST and ended with DELETE.", status=405, headers={"Allow": allowed})
        if self.origins.is_foreign(asked.headers, asked.scope["scheme"]):
            raise CrossSite("A page of this origin may not do that.")

    async def _run(self, asked: HTTPRequest, agreed: Agreed) -> "Answer | Sent":
        if asked.method == "DELETE":
            await self._end(asked)
            return NoContent(cookies.dropped(cookies.SESSION))
        if asked.credential is None:
            raise Unauthenticated
        client = await self._client(asked)
        self.graph.rate_limits.take(client.pays, 1)
        if client.viewer.session_id is None:
            raise Unauthenticated("Only the token of a session can be kept in a cookie.")
        token = asked.credential.partition(" ")[2].strip()
        return NoContent(cookies.kept(cookies.SESSION, token, seconds=expires_in(client.viewer) or 0))

    async def _end(self, asked: HTTPRequest) -> None:
        """End the session that the request came with. Nothing is to be done for one that has ended."""
        credential = cookies.credential(asked.scope["headers"])
        try:
            viewer = await self.graph.sessions.viewer(credential)
        except Unauthenticated:
            viewer = GUEST
        if viewer.session_id is None:
            return
        async with self.graph.database.work(viewer) as work:
            await accounts.sign_out(work)
        self.graph.sessions.forget(credential)

"""`POST /media`: a picture comes as the body of a request, and is kept as a file of its sender's."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from secrets import token_hex

import orjson

from app.http import GraphQLOverHTTP, HTTPRequest
from app.media.pictures import LARGEST, drawn
from app.negotiation import JSON, Agreed, CrossSite, Refused
from app.responses import Answer
from db.actions import media
from db.errors import Forbidden, Unauthenticated
from db.turns import Turns

POINTS = 500
"""Points that a picture costs its sender, of those that operations are paid with."""
AT_A_TIME = 2
"""Pictures that are drawn at a time: each takes up to 200 MB, and a processor for as long as it takes."""
DRAWING = ThreadPoolExecutor(AT_A_TIME, "pictures")
TURNS = Turns(AT_A_TIME, max_waiting=16)
"""Turns of pictures to be drawn, by the payer."""
READING = Turns(32, max_waiting=16)
"""Turns of bodies to be read, which are in memory until their picture is drawn."""
BODY = "Send the picture as the body, with `Content-Type: image/png` or another type of picture."


class Uploads(GraphQLOverHTTP):
    """The ASGI endpoint that takes in pictures. It is asked like the graph, and refuses like it."""

    def _check(self, asked: HTTPRequest) -> None:
        if asked.method != "POST":
            raise Refused("A picture is sent with POST.", status=405, headers={"Allow": "POST"})
        if self.origins.are_crossed(asked.headers, asked.scope["scheme"]):
            raise CrossSite("A page of this origin may not ask with cookies.")
        # No form of another site can send these types: so a page of one has to ask before.
        media_type = asked.header(b"content-type").partition(";")[0].strip().lower()
        if not media_type.startswith("image/") and media_type != "application/octet-stream":
            raise Refused(BODY, status=415)
        if asked.header(b"content-encoding").strip().lower() not in {"", "identity"}:
            raise Refused("The body must not be compressed.", status=415, headers={"Accept-Encoding": "identity"})

    async def _run(self, asked: HTTPRequest, agreed: Agreed) -> Answer:
        client = await self._client(asked)
        if client.viewer.is_guest:
            raise Unauthenticated
        if not client.viewer.has_scope("media:write"):
            raise Forbidden("The scopes of your credential do not allow this.")
        database, payer = self.graph.database, client.pays[0]
        await self.graph.key_limits.use(client.viewer)
        self.graph.rate_limits.take(client.pays, POINTS)
        async with READING.turn(payer):
            content = await asked.body(LARGEST)
            async with TURNS.turn(payer):
                picture = await asyncio.get_running_loop().run_in_executor(DRAWING, drawn, content)
        store, key = database.store, f"{token_hex(16)}.{picture.ending}"
        async with database.work(client.viewer) as work:
            kept = await media.keep(work, picture, key=key, url=store.url(key))
        await store.put(key, picture.content)
        body = orjson.dumps({"id": kept.public_id, "url": kept.url})
        return Answer(JSON, body, {"cache-control": "no-store"}, status=201)

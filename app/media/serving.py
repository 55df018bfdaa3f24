"""`GET /media/{key}`: files as they were kept, which a browser shows and never runs."""

import orjson
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from app.media.pictures import KINDS
from app.negotiation import JSON
from app.refusals import refused
from db.errors import NotFound
from db.store import KEY, Folder, Store

MEDIA_TYPES = {ending: media_type for media_type, ending in KINDS.values()}
HEADERS = {
    # What a key names never changes.
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Disposition": "inline",  # all that is kept are pictures
    "Content-Security-Policy": "default-src 'none'; sandbox",
    # Pages of other origins show pictures, too.
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def routes(store: Store) -> list[BaseRoute]:
    """The route of the files of a store, if they are in a folder: others are served where they are."""
    if not isinstance(store, Folder):
        return []

    async def file(request: Request) -> Response:
        key = request.path_params["key"]
        if not KEY.fullmatch(key) or not (path := store.path(key)).is_file():
            return Response(orjson.dumps(refused(NotFound())), 404, {"X-Content-Type-Options": "nosniff"}, JSON)
        return FileResponse(path, media_type=MEDIA_TYPES[key.rpartition(".")[2]], headers=HEADERS)

    return [Route("/media/{key}", file)]

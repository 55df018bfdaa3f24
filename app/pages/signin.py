"""The page `/signin`, where people sign in and register: it is built with the console, and for everybody."""

from starlette.routing import BaseRoute

from app.pages import serving
from app.pages.build import CONSOLE

DOCUMENTS = CONSOLE.source / "src/operations.json"
"""The operations of the page, and of the console around GraphiQL, which are sent by their ids."""


def routes() -> list[BaseRoute]:
    """The page and its assets."""
    return serving.routes(CONSOLE.dist / "signin", "/signin")

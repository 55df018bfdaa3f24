"""The answer to bytes that cannot become a request."""

from http import HTTPStatus

import orjson

from app.connection.exchange import STATUS_LINES
from app.requests import BadRequest


class Unreadable(Exception):  # noqa: N818  (an outcome, not an error)
    """The bytes that came cannot become a request."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status

    @property
    def response(self) -> bytes:
        """All of the answer, which is the last one."""
        error = {"message": str(self), "extensions": {"code": BadRequest.code}}
        body = orjson.dumps({"errors": [error]})
        head = b"content-type: application/json\r\ncontent-length: %d\r\ncache-control: no-store\r\n" % len(body)
        return STATUS_LINES[self.status] + head + b"connection: close\r\n\r\n" + body

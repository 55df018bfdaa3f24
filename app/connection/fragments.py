"""Messages of a WebSocket, put together of the frames in which they come."""

from starlette.types import Message
from websockets.frames import Frame, Opcode


class Broken(Exception):  # noqa: N818  (an outcome, not an error)
    """A message that is not taken, with the code with which its socket closes."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Fragments:
    """The message that is coming, in at most `limit` frames."""

    __slots__ = ("_is_text", "_parts", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._is_text = False
        self._parts: list[bytes] = []

    def take(self, frame: Frame) -> Message | None:
        """The message of which this is the last frame; None where there are more. Raises Broken."""
        if frame.opcode is not Opcode.CONT:
            self._is_text, self._parts = frame.opcode is Opcode.TEXT, []
        elif len(self._parts) >= self.limit:
            raise Broken(1009, "Too many fragments of one message.")
        self._parts.append(bytes(frame.data))
        if not frame.fin:
            return None
        data, self._parts = b"".join(self._parts), []
        if not self._is_text:
            return {"type": "websocket.receive", "bytes": data}
        try:
            return {"type": "websocket.receive", "text": data.decode()}
        except UnicodeDecodeError:
            raise Broken(1007, "A text is in UTF-8.") from None

"""The end of a conversation: the code and the reason with which its socket closes."""

from app.refusals import is_broken, refused

REASON_BYTES = 123
"""Bytes of a reason that fit into a frame."""


class Closing(Exception):  # noqa: N818  (an outcome, not an error)
    """The conversation ends with this close code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:REASON_BYTES].decode(errors="ignore")


def closing_for(failure: Exception) -> Closing:
    """The end that a conversation comes to by an exception. After one that passes, the client comes back."""
    if isinstance(failure, Closing):
        return failure
    [told] = refused(failure)["errors"]
    return Closing(1013, told["message"]) if is_broken([told]) else Closing(4500, told["message"])

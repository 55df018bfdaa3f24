"""The end of a conversation: the code and the reason with which its socket closes."""


class Closing(Exception):  # noqa: N818  (an outcome, not an error)
    """The conversation ends with this close code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason

"""Texts as the frames of a WebSocket. What is told to many is framed once."""

from functools import lru_cache

TEXT = 0x81
"""The first byte of a text in one frame."""
TWO_BYTES, EIGHT_BYTES = 126, 127
"""The lengths that say that the length itself comes in so many bytes."""
SHARED = 8
"""Texts whose frames are kept: all who are told the same are told it one after the other."""


@lru_cache(maxsize=SHARED)
def framed_together(texts: tuple[bytes, ...]) -> bytes:
    """Texts in UTF-8, each as a message of its own."""
    return b"".join(map(framed, texts))


def framed(text: bytes) -> bytes:
    """A text in UTF-8 as the one frame of a message of the server. Source: RFC 6455, 5.2."""
    length = len(text)
    if length < TWO_BYTES:
        return b"%c%c%b" % (TEXT, length, text)
    if length < 2**16:
        return b"%c%c%b%b" % (TEXT, TWO_BYTES, length.to_bytes(2), text)
    return b"%c%c%b%b" % (TEXT, EIGHT_BYTES, length.to_bytes(8), text)

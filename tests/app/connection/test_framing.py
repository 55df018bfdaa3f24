"""Texts as frames."""

import pytest
from websockets.frames import Frame, Opcode

from app.connection.framing import framed, framed_together


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 2**16 - 1, 2**16, 2**20])
def test_a_text_is_framed_as_any_server_does(length: int) -> None:
    text = b"t" * length
    assert framed(text) == Frame(Opcode.TEXT, text).serialize(mask=False)


def test_several_texts_are_several_messages() -> None:
    assert framed_together((b"a", b"bc")) == framed(b"a") + framed(b"bc")

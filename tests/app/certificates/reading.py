"""Looks at a PDF as people do: the text of its page, where its characters stand, and where there is ink."""

from dataclasses import dataclass

import pypdfium2
from PIL import Image, ImageChops

MILLIMETRE = 5
"""Dots that a page is looked at in, to a millimetre."""


@dataclass(frozen=True)
class Looked:
    """The one page of a document: its text, the left edge of each character, and a picture."""

    text: str
    edges: list[float]
    picture: Image.Image

    def lefts(self, text: str) -> list[float]:
        """The left edges of the characters of a text on the page, in points."""
        at = self.text.index(text)
        return self.edges[at : at + len(text)]

    def ink(self, left: float, top: float, right: float, bottom: float) -> tuple[int, int, int, int] | None:
        """The box around all that is not white in a part of the page, in dots; the part is given in millimetres."""
        part = self.picture.crop(tuple(round(edge * MILLIMETRE) for edge in (left, top, right, bottom)))  # type: ignore[arg-type]
        return ImageChops.invert(part.convert("L")).getbbox()


def look(content: bytes) -> Looked:
    """The page of a document that has one."""
    document = pypdfium2.PdfDocument(content)
    assert len(document) == 1
    text = document[0].get_textpage()
    edges = [text.get_charbox(at)[0] for at in range(text.count_chars())]
    picture = document[0].render(scale=MILLIMETRE * 25.4 / 72).to_pil()
    return Looked(text.get_text_range(errors="replace"), edges, picture)

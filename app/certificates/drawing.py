"""Draws the document of a certificate as a PDF, in the fonts that its texts need, whatever languages they are in."""

from bisect import bisect_left
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import segno
from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import MethodReturnValue

from app.certificates.paper import Paper

WIDTH, HEIGHT, MARGIN = 297.0, 210.0, 12.0
INK, PALE, ACCENT, ALARM = (42, 50, 66), (105, 115, 133), (15, 138, 101), (180, 35, 25)
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
COLUMN = 230.0
"""The width of the texts, in millimetres."""
LEADING = 0.48
"""Millimetres from line to line for each point of a letter's size."""
CJK = "NotoSansCJK-Regular.ttc"
CHINESE = 2
"""The font in that collection whose shapes are those of mainland China, with all other characters."""


def drawn(paper: Paper) -> bytes:
    """The document, on one page."""
    pdf = _Page(paper)
    pdf.frame()
    if paper.stamp:
        pdf.stamp(paper.stamp)
    pdf.line_of_text("Trellis", at=24, size=14, color=ACCENT)
    pdf.line_of_text("Certificate of Completion", at=36, size=30)
    pdf.line_of_text("This certifies that", at=58, size=12, color=PALE)
    pdf.fitted(paper.holder, at=66, height=32, largest=34)
    pdf.line_of_text("has completed the course", at=102, size=12, color=PALE)
    pdf.fitted(paper.course, at=110, height=28, largest=24)
    pdf.foot()
    pdf.code(at=157, side=30)
    return bytes(pdf.output())


class _Page(FPDF):
    """A page in landscape, with as many fonts as its texts need."""

    def __init__(self, paper: Paper) -> None:
        super().__init__(orientation="landscape", format="A4")
        self.paper = paper
        self.set_auto_page_break(False)
        self.set_margin(0)
        self.c_margin = 0
        self.set_title(f"Certificate {paper.number}")
        self.set_author("Trellis")
        self.set_lang("en")
        self.set_creation_date(EPOCH)  # the same certificate is the same file
        self.add_page()
        self._add_fonts(f"{paper.holder} {paper.course}")

    def frame(self) -> None:
        """Two lines around the page; red ones where the certificate does not hold."""
        self.set_draw_color(*(ALARM if self.paper.stamp else ACCENT))
        for inset, width in ((MARGIN, 1.2), (MARGIN + 2.5, 0.3)):
            self.set_line_width(width)
            self.rect(inset, inset, WIDTH - 2 * inset, HEIGHT - 2 * inset)

    def stamp(self, word: str) -> None:
        """The word across the page, behind all else."""
        self.set_text_color(250, 222, 219)
        with self.rotation(20, WIDTH / 2, HEIGHT / 2):
            self._centred(word, at=HEIGHT / 2 - 25, size=110)

    def line_of_text(self, text: str, *, at: float, size: float, color: tuple[int, int, int] = INK) -> None:
        """A line in the middle of the page."""
        self.set_text_color(*color)
        self._centred(text, at=at, size=size)

    def fitted(self, text: str, *, at: float, height: float, largest: int) -> None:
        """A text in the middle of the page, as large as fits into the height."""
        text = " ".join(text.split())
        sizes = range(1, largest + 1)
        size = bisect_left(sizes, True, key=lambda size: self._height(text, size) > height)
        self.set_text_color(*INK)
        top = at + (height - self._height(text, size)) / 2
        self._centred(text, at=top, size=size)

    def foot(self) -> None:
        """Its dates, its number, and the way to verify it."""
        paper = self.paper
        self._at_left(" · ".join(paper.dates), at=162, size=12, color=ALARM if paper.stamp else INK)
        self._at_left(f"No. {paper.number}", at=170, size=12)
        self._at_left(f"Verify it at {paper.address}", at=179, size=9, color=PALE)

    def code(self, *, at: float, side: float) -> None:
        """The address where it is verified, for a camera."""
        code = segno.make_qr(self.paper.address)
        left, dot = WIDTH - 2 * MARGIN - side, side / code.symbol_size(border=0)[0]
        self.set_fill_color(*INK)
        for row, dots in enumerate(code.matrix):
            for column, is_dark in enumerate(dots):
                if is_dark:
                    self.rect(left + column * dot, at + row * dot, dot, dot, style="F")
        self.link(left, at, side, side, self.paper.address)

    def _centred(self, text: str, *, at: float, size: float) -> None:
        # What a text in other fonts leaves behind is not what the next one begins with.
        with self.local_context():
            self.set_font_size(size)
            self.set_xy((WIDTH - COLUMN) / 2, at)
            self.multi_cell(COLUMN, size * LEADING, text, align="C")

    def _at_left(self, text: str, *, at: float, size: float, color: tuple[int, int, int] = INK) -> None:
        self.set_text_color(*color)
        with self.local_context():
            self.set_font_size(size)
            self.set_xy(2 * MARGIN + 2, at)
            self.cell(200, size * LEADING, text)

    def _height(self, text: str, size: float) -> float:
        with self.local_context():
            self.set_font_size(size)
            needed = self.multi_cell(COLUMN, size * LEADING, text, dry_run=True, output=MethodReturnValue.HEIGHT)
        assert isinstance(needed, float)
        return needed

    def _add_fonts(self, text: str) -> None:
        """Add the fonts that have a character of the text which those before have not."""
        missing, names = {ord(character) for character in text}, list[str]()
        for number, path, name in _fonts():
            with TTFont(path, fontNumber=number, lazy=True) as font:
                known = font.getBestCmap().keys()
            if not names or missing & known:
                self.add_font(name, fname=path, collection_font_number=number)
                names.append(name)
                missing -= known
        self.set_font(names[0])
        self.set_fallback_fonts(names[1:], exact_match=False)
        self.set_text_shaping(True)


def _fonts() -> list[tuple[int, Path, str]]:
    """The fonts in the order in which they are used, each with its number in its file."""
    folder, collection = Path(str(files("manimgx_fonts"))), Path(str(files("noto_cjk_sans_otc"))) / CJK
    first = folder / "NotoSans[wght].ttf"
    others = sorted(path for path in folder.glob("Noto*.ttf") if path != first and "Italic" not in path.name)
    fonts = [(0, path, path.name.partition("[")[0]) for path in (first, *others)]
    return [*fonts, (CHINESE, collection, "NotoSansCJK")]

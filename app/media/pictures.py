"""Pictures as they are kept: drawn anew, so that nothing is left of a file but what is to be seen.

The type is what the content says. What a camera has written (place, time, owner, thumbnails), and whatever else hangs
on a file, is gone. Of what moves the first picture is kept.
"""

from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps

from db.errors import BadInput

LARGEST = 5 * 2**20
"""Bytes of a file that is read."""
MAX_PIXELS = 25_000_000
"""Pixels of a picture that is drawn. A file of a few bytes can say that it has many more."""
MAX_SIDE = 2_048
"""Pixels of the longer side of a picture that is kept. Larger ones are made smaller."""
MAX_SCANS = 64
"""Times that a JPEG may draw over all of itself. Ten are usual, and a file has room for many thousands."""
SCAN = b"\xff\xda"
Image.MAX_IMAGE_PIXELS = None  # those are counted here
UNREADABLE = "This is no picture that can be read: send a PNG, JPEG, WebP or GIF."


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is kept."""

    content: bytes
    media_type: str
    ending: str


KINDS = {"JPEG": ("image/jpeg", "jpg"), "PNG": ("image/png", "png"), "WEBP": ("image/webp", "webp")}
"""The media types of the formats in which pictures are kept, and the endings of their names."""
KEPT_AS = {"JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG", "GIF": "PNG", "WEBP": "WEBP"}
"""The format in which a picture of a format is kept. MPO is a JPEG with others behind it: telephones make such."""


def drawn(content: bytes) -> Picture:
    """The picture in a file; raises BadInput for what is none, or too large. This can take a second."""
    try:
        with Image.open(BytesIO(content), formats=("PNG", "JPEG", "GIF", "WEBP")) as opened:
            _check(opened, content)
            opened.draft("RGB", (MAX_SIDE, MAX_SIDE))  # what is to be smaller is read so
            picture = ImageOps.exif_transpose(_plain(opened))
            return _kept(picture, KEPT_AS[opened.format or ""])
    except BadInput:
        raise
    except Exception:  # noqa: BLE001  (a broken file is told of by exceptions of every kind)
        raise BadInput(UNREADABLE) from None


def _check(opened: Image.Image, content: bytes) -> None:
    """Raise BadInput for what would take long to draw. Nothing of it is drawn before."""
    if opened.width * opened.height > MAX_PIXELS:
        raise BadInput(f"A picture may have {MAX_PIXELS:,} pixels.")
    if opened.format in {"JPEG", "MPO"} and content.count(SCAN) > MAX_SCANS:
        raise BadInput(UNREADABLE)


def _plain(opened: Image.Image) -> Image.Image:
    """The picture in red, green and blue, with a mask where it has one, and within bounds."""
    if opened.mode.startswith("I"):  # with 16 bits, which nothing else takes
        opened = opened.convert("I").point(lambda value: value / 256).convert("L")
    has_mask = opened.has_transparency_data
    picture = opened.convert("RGBA" if has_mask else "RGB")
    picture.thumbnail((MAX_SIDE, MAX_SIDE))
    return picture


def _kept(picture: Image.Image, format_: str) -> Picture:
    picture.info.clear()  # some of it would be written again
    written = BytesIO()
    picture.save(written, format_, **({} if format_ == "PNG" else {"quality": 90}))
    return Picture(written.getvalue(), *KINDS[format_])

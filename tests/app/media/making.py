"""Pictures for tests, and files that only look like some."""

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image

PLACE, ORIENTATION, MAKER = 0x8825, 0x0112, 0x010F


def picture(format_: str = "PNG", size: tuple[int, int] = (40, 20), *, mode: str = "RGB", **options: Any) -> bytes:
    """A picture whose left half is red, and whose right half is blue."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    written = BytesIO()
    image.convert(mode).save(written, format_, **options)
    return written.getvalue()


def photograph() -> bytes:
    """A JPEG as a telephone makes it: with its place, its maker, a comment, and turned."""
    exif = Image.Exif()
    exif[MAKER], exif[ORIENTATION] = "Telephone of Ada", 6
    exif.get_ifd(PLACE)[1] = "N"
    exif.get_ifd(PLACE)[2] = (51.0, 30.0, 26.0)
    return picture("JPEG", exif=exif, comment=b"taken at home", quality=95)


def empty(width: int, height: int) -> bytes:
    """A PNG of so many pixels, in as few bytes as it takes."""
    packed = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    data = b"".join(packed.compress(row) for _ in range(height)) + packed.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def polyglot() -> bytes:
    """A GIF that is a page, too, for whoever reads it so."""
    return picture("GIF") + b"<html><script>alert(1)</script></html>"


def overdrawn(scans: int) -> bytes:
    """A JPEG that draws over itself so many times."""
    content = picture("JPEG", progressive=True)
    start = content.index(b"\xff\xda")
    return content[:-2] + content[start:-2] * scans + content[-2:]


def opened(content: bytes) -> Image.Image:
    """The picture in a file, read."""
    found = Image.open(BytesIO(content))
    found.load()
    return found


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


SVG = b"""<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>"""

"""Pictures are drawn anew: nothing is left of a file but what is to be seen, and no file takes long."""

import resource
import time
from typing import Any

import pytest

from app.media.pictures import MAX_PIXELS, MAX_SIDE, drawn
from db.errors import BadInput
from tests.app.media.making import SVG, empty, opened, overdrawn, photograph, picture, polyglot


def test_what_a_camera_has_written_is_gone_and_the_picture_stands_upright() -> None:
    content = photograph()
    assert b"Telephone of Ada" in content
    kept = drawn(content)
    assert not any(part in kept.content for part in (b"Exif", b"Telephone", b"taken at home"))
    shown = opened(kept.content)
    assert dict(shown.getexif()) == {}
    assert "comment" not in shown.info
    assert shown.size == (20, 40)
    assert (is_red(shown, 10, 5), is_red(shown, 10, 35)) == (True, False)  # the left side was up


def is_red(image: Any, across: int, down: int) -> bool:
    """Whether a picture is red at a place."""
    red, _, blue = image.convert("RGB").getpixel((across, down))
    return bool(red > 200 > blue)


@pytest.mark.parametrize(
    ("format_", "mode", "media_type", "shown"),
    [
        ("PNG", "RGB", "image/png", "RGB"),
        ("PNG", "RGBA", "image/png", "RGBA"),
        ("PNG", "LA", "image/png", "RGBA"),
        ("PNG", "P", "image/png", "RGB"),
        ("PNG", "1", "image/png", "RGB"),
        ("PNG", "I;16", "image/png", "RGB"),
        ("JPEG", "RGB", "image/jpeg", "RGB"),
        ("JPEG", "CMYK", "image/jpeg", "RGB"),
        ("JPEG", "L", "image/jpeg", "RGB"),
        ("WEBP", "RGBA", "image/webp", "RGB"),
        ("GIF", "P", "image/png", "RGB"),
    ],
)
def test_every_kind_of_picture_is_kept_as_one_that_all_browsers_show(
    format_: str, mode: str, media_type: str, shown: str
) -> None:
    kept = drawn(picture(format_, mode=mode))
    assert kept.media_type == media_type
    assert (opened(kept.content).mode, opened(kept.content).size) == (shown, (40, 20))


def test_of_what_moves_the_first_picture_is_kept() -> None:
    more = [opened(picture(size=(40, 20))).rotate(90 * turn) for turn in range(1, 4)]
    for format_ in ("GIF", "WEBP", "PNG"):
        kept = opened(drawn(picture(format_, save_all=True, append_images=more)).content)
        assert getattr(kept, "n_frames", 1) == 1
        assert is_red(kept, 2, 2)


def test_a_large_picture_is_made_smaller() -> None:
    for format_ in ("PNG", "JPEG", "WEBP"):
        assert opened(drawn(picture(format_, (5_000, 2_500))).content).size == (MAX_SIDE, MAX_SIDE // 2)


def test_what_hangs_on_a_picture_is_gone() -> None:
    for content in (polyglot(), picture("PNG") + SVG, picture("JPEG") + b"PK\x03\x04"):
        kept = drawn(content)
        assert not any(part in kept.content for part in (b"<html", b"<script", b"<svg", b"PK\x03\x04"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        SVG,
        b"<html><script>alert(1)</script></html>",
        b"%PDF-1.7\n",
        b"GIF89a" + b"\xff" * 100,
        picture("PNG")[:-30],
        picture("JPEG")[:400],
        picture("WEBP")[:60],
        picture("GIF")[:60],
        picture("BMP"),
        picture("TIFF"),
        picture("ICO", (16, 16)),
        bytes(1_000),
    ],
    ids=range(14),
)
def test_what_is_no_picture_or_a_part_of_one_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput):
        drawn(content)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_drawn() -> None:
    bomb = empty(30_000, 30_000)
    assert len(bomb) < 1_000_000
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.thread_time()
    with pytest.raises(BadInput, match=f"{MAX_PIXELS:,}"):
        drawn(bomb)
    assert time.thread_time() - began < 0.5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB


def test_a_picture_that_draws_over_itself_without_end_is_refused_before_it_is_drawn() -> None:
    began = time.thread_time()
    with pytest.raises(BadInput):
        drawn(overdrawn(10_000))
    assert time.thread_time() - began < 0.5

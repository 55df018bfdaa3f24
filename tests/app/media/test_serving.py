"""Files are shown as they were kept, and nothing that they could be taken for is ever run."""

import pytest

from tests.app.media.making import picture
from tests.app.media.test_uploads import send
from tests.app.serving import Served
from tests.world import World

GUARDS = {
    "cache-control": "public, max-age=31536000, immutable",
    "content-disposition": "inline",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "cross-origin",
    "x-content-type-options": "nosniff",
}


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP", "GIF"])
async def test_a_picture_is_shown_to_everybody_who_knows_where_it_is_and_never_run(
    host: Served, world: World, format_: str
) -> None:
    url = (await send(host, world, picture(format_))).json()["url"]
    shown = await host.send("GET", url)
    assert shown.status_code == 200
    assert shown.headers["content-type"] == {"JPEG": "image/jpeg", "WEBP": "image/webp"}.get(format_, "image/png")
    assert {name: shown.headers[name] for name in GUARDS} == GUARDS
    head = await host.send("HEAD", url)
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "%2e%2e%2fsecret",
        "..%2f..%2fetc%2fpasswd",
        f"{'0' * 32}.png",
        f"{'0' * 32}.svg",
        f"{'0' * 32}.html",
        f"{'0' * 32}.png.part",
        f"{'0' * 32}.png%00.jpg",
        f"{'0' * 32}.png%0a",
        "0" * 5_000,
    ],
)
async def test_what_is_no_key_leads_nowhere(host: Served, world: World, key: str) -> None:
    await send(host, world, picture())
    answer = await host.send("GET", f"/media/{key}")
    assert answer.status_code in (404, 405)  # the second is that of the address of uploads
    assert b"PNG" not in answer.content

"""Which addresses requests may go to: those of the open internet."""

import pytest

from db.errors import BadInput, CannotRun
from db.outgoing import NO_OUTGOING, host_of, is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.0.9",
        "0.0.0.0",  # noqa: S104  (nothing listens there)
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001:db8::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_an_address_of_a_private_network_is_none_to_reach(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::"]
)
def test_an_address_of_the_internet_is_one_to_reach(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.com", "example.com"),
        ("https://Example.com:8443/hook?key=1", "example.com"),
        ("https://1.1.1.1/", "1.1.1.1"),
        ("https://[2606:4700::1111]/", "2606:4700::1111"),
    ],
)
def test_an_address_names_a_host(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "https://",
        "http://example.com",
        "ftp://example.com",
        "file:///etc/passwd",
        "https://ada:secret@example.com",
        "https://@example.com",
        "https://example.com/#part",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://exa mple.com/",
        "https://example.com/\r\nHost: other",
        "https://exämple.com/",
        "https://[::1",
        "https://127.0.0.1/",
        "https://[::ffff:10.0.0.1]/",
        "https://example.com/" + "x" * 2_000,
    ],
)
def test_what_is_no_address_for_requests_is_refused(url: str) -> None:
    with pytest.raises(BadInput):
        host_of(url)


async def test_a_process_without_a_way_out_says_so() -> None:
    with pytest.raises(CannotRun):
        await NO_OUTGOING.post("https://example.com", {}, b"")

"""An end of TLS before servers that speak none, and certificates for it that nobody else trusts."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="certificates are made with openssl")
SSL_REQUEST = bytes.fromhex("00000008 04d2162f")
"""What a client of PostgreSQL asks in the clear before it speaks TLS."""


@dataclass(frozen=True)
class Certificate:
    """A certificate that vouches for itself, and its key."""

    certificate: Path
    key: Path

    @classmethod
    def made(cls, folder: Path, *, name: str, host: str = "localhost") -> "Certificate":
        made = cls(folder / f"{name}.crt", folder / f"{name}.key")
        keys = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(made.key))
        named = ("-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{host}", "-days", "2")
        command = ["openssl", "req", "-x509", *keys, *named, "-out", str(made.certificate)]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        return made


@dataclass
class Encrypted:
    """Where TLS ends, and what was spoken there."""

    port: int = 0
    ciphers: int = 0


@asynccontextmanager
async def encrypted(
    path: str, certificate: Certificate, *, asks: bool, client: Certificate | None = None
) -> AsyncIterator[Encrypted]:
    """TLS before the socket at `path`. With `asks` it is asked for first, as PostgreSQL has it; `client` must come."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.certificate, certificate.key)
    if client:
        context.load_verify_locations(client.certificate)
        context.verify_mode = ssl.CERT_REQUIRED
    end, writers = Encrypted(), set[asyncio.StreamWriter]()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            if asks:
                if await reader.readexactly(8) != SSL_REQUEST:
                    return writer.close()
                writer.write(b"S")
                await writer.start_tls(context)
            end.ciphers += bool(writer.get_extra_info("cipher"))
            there, back = await asyncio.open_unix_connection(path)
            writers.add(back)
            await asyncio.gather(_carry(reader, back), _carry(there, writer))
        return None

    server = await asyncio.start_server(connect, "127.0.0.1", 0, ssl=None if asks else context)
    end.port = server.sockets[0].getsockname()[1]
    try:
        yield end
    finally:
        server.close()
        for writer in writers:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def _carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            sink.write(data)
    sink.close()

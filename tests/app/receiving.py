"""Mail servers of tests: real ones on this machine, which keep what they are sent."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult

from tests.tls import Certificate

USER, PASSWORD = "trellis", "let me in/?"


@dataclass
class Receiver:
    """A mail server, and the mails that it took: of each the recipients, and the message."""

    port: int = 0
    taken: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    """Its answers to the next recipients, in place of its consent."""
    encrypted: list[bool] = field(default_factory=list)
    """Whether each mail came over TLS."""

    async def handle_RCPT(  # noqa: N802  (the library calls it so)
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if self.answers:
            return self.answers.pop(0).format(address=address)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  (as above)
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.encrypted.append(session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None)
        self.taken.append((envelope.rcpt_tos, message))
        return "250 OK"


@asynccontextmanager
async def receiving(
    *, certificate: Certificate | None = None, at_once: bool = False, port: int = 0, receiver: Receiver | None = None
) -> AsyncIterator[Receiver]:
    """A mail server. With a certificate it takes nothing without TLS and the password: it speaks TLS `at_once`, or is
    asked for it.
    """
    kept, loop, context = receiver or Receiver(), asyncio.get_running_loop(), None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate.certificate, certificate.key)
    connections = list[SMTP]()
    options: dict[str, Any] = {"hostname": "localhost", "loop": loop}
    if context:
        options |= {"auth_required": True, "authenticator": _known, "auth_require_tls": not at_once}
        options |= {} if at_once else {"tls_context": context, "require_starttls": True}

    def protocol() -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library does not know that all of it is TLS
            connections.append(SMTP(kept, **options))
        return connections[-1]

    server = await loop.create_server(protocol, "127.0.0.1", port, ssl=context if at_once else None)
    kept.port = server.sockets[0].getsockname()[1]
    try:
        yield kept
    finally:
        server.close()
        for one in connections:
            for transport in (one.transport, one._original_transport):
                if transport:
                    transport.abort()  # type: ignore[attr-defined]  # every transport of a socket has it
        are_closed = asyncio.Event()
        loop.call_soon(are_closed.set)  # behind the ends of all these
        await are_closed.wait()


def _known(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    is_known = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_known, handled=False)

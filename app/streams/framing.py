"""How the answers in one response are told apart: everything in which the ways to stream over HTTP differ.

Sources: GraphQL over Server-Sent Events Protocol, "Distinct connections mode"; Apollo, "HTTP callback and multipart
protocols for GraphQL Subscriptions" 1.0; GraphQL over HTTP, RFC "Incremental Delivery over HTTP"; RFC 2046, 5.1.
"""

from dataclasses import dataclass

BOUNDARY = b"\r\n--graphql"
HEAD = b"\r\nContent-Type: application/json; charset=utf-8\r\n\r\n"
COMMON = {"cache-control": "private, no-cache", "vary": "Accept, Accept-Encoding, Authorization"}
"""The headers of whatever is answered: to whom it belongs, and on what it depends."""
MULTIPART = 'multipart/mixed; boundary="graphql"'


@dataclass(frozen=True, slots=True)
class Framing:
    """The bytes around the answers, each of them JSON without a line break."""

    content_type: str
    opening: bytes
    before: bytes
    after: bytes
    ending: bytes
    """Says that nothing more comes. A response without it was cut off."""
    heartbeat: bytes = b""
    cursor: bytes = b""
    """Stands before a cursor that goes with an answer, in framings that carry one."""

    @property
    def headers(self) -> dict[str, str]:
        """The headers that keep caches and proxies from holding parts back: nginx would, until it has a buffer full."""
        return {**COMMON, "content-type": self.content_type, "x-accel-buffering": "no"}

    def part(self, answer: bytes, cursor: str | None = None) -> bytes:
        """One of several answers, and the cursor behind which another stream goes on."""
        identity = b"%b%b\n" % (self.cursor, cursor.encode()) if cursor and self.cursor else b""
        return identity + self.before + answer + self.after

    def alone(self, answer: bytes) -> bytes:
        """The whole response with one answer."""
        return self.opening + self.part(answer) + self.ending


def multipart(spec: str, *, before: bytes = b"", after: bytes = b"", heartbeat: bytes = b"") -> Framing:
    """Parts that are read at once: the boundary that ends a part is sent with it, not with the next."""
    return Framing(
        f"{MULTIPART}; {spec}",
        opening=BOUNDARY,
        before=HEAD + before,
        after=after + BOUNDARY,
        ending=b"--\r\n",
        heartbeat=heartbeat and HEAD + heartbeat + BOUNDARY,
    )


EVENTS = Framing(
    "text/event-stream",
    opening=b":\n\n",
    before=b"event: next\ndata: ",
    after=b"\n\n",
    ending=b"event: complete\ndata:\n\n",
    heartbeat=b":\n\n",
    cursor=b"id: ",
)
PAYLOADS = multipart('subscriptionSpec="1.0"', before=b'{"payload":', after=b"}", heartbeat=b"{}")
PATCHES = multipart("deferSpec=20220824")
"""Parts of an answer, each with its path in it."""
PENDING = multipart("incrementalSpec=v0.2")
"""Parts of an answer, announced before they come."""

"""Which framing a client is answered in: the headers that clients send, and the rules behind the answers."""

import pytest

from app.negotiation import GRAPHQL_RESPONSE, JSON, Agreed, Refused, negotiated
from app.streams.framing import EVENTS, PATCHES, PAYLOADS, PENDING

URQL = f"{GRAPHQL_RESPONSE}, application/graphql+json, {JSON}, text/event-stream, multipart/mixed"
APOLLO = f"{GRAPHQL_RESPONSE},{JSON};q=0.9"


@pytest.mark.parametrize(
    ("accept", "agreed"),
    [
        ("text/event-stream", Agreed(JSON, EVENTS, EVENTS)),
        (f"text/event-stream, {JSON}", Agreed(JSON, EVENTS, EVENTS)),
        (f"{JSON}, text/event-stream", Agreed(JSON, None, EVENTS)),
        (f"text/event-stream;q=0.9, {JSON}", Agreed(JSON, None, EVENTS)),
        (f"{JSON};q=0.9, text/event-stream", Agreed(JSON, EVENTS, EVENTS)),
        ("*/*, text/event-stream", Agreed(JSON, EVENTS, EVENTS)),
        ("text/event-stream;q=0, */*", Agreed(JSON)),
        ("text/*, */*;q=0.1", Agreed(JSON)),
        (URQL, Agreed(GRAPHQL_RESPONSE, None, EVENTS, PATCHES)),
        ("text/event-stream, multipart/mixed", Agreed(JSON, EVENTS, EVENTS, PATCHES)),
        (
            f"multipart/mixed;boundary=graphql;subscriptionSpec=1.0,{APOLLO}",
            Agreed(GRAPHQL_RESPONSE, PAYLOADS, PAYLOADS),
        ),
        (f"multipart/mixed;deferSpec=20220824,{APOLLO}", Agreed(GRAPHQL_RESPONSE, PATCHES, None, PATCHES)),
        (f"multipart/mixed;incrementalSpec=v0.2,{APOLLO}", Agreed(GRAPHQL_RESPONSE, PENDING, None, PENDING)),
        (f"multipart/mixed;deferSpec=20991231,{APOLLO}", Agreed(GRAPHQL_RESPONSE)),
    ],
)
def test_a_client_is_answered_as_it_accepts(accept: str, agreed: Agreed) -> None:
    assert negotiated(accept) == agreed


@pytest.mark.parametrize("accept", ["text/*", "multipart/*", "multipart/mixed;deferSpec=1", "text/event-stream;q=0"])
def test_nobody_gets_a_stream_who_did_not_name_it(accept: str) -> None:
    with pytest.raises(Refused):
        negotiated(accept)

"""What nobody should send: texts, values, documents, requests and messages that are broken in every way we know of."""

from urllib.parse import quote_from_bytes

import orjson
from hypothesis import strategies as st

LISTS = "projects(first: $n, after: $t, filter: {search: $t, ownerId: [$id]}) { nodes { name } }"
QUERIES = {
    "query": f"query ($id: ID!, $n: Int, $t: String) {{ node(id: $id) {{ id }} {LISTS} }}",
    "nodes": "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename } }",
    "filter": "query ($f: SpecificationProjectFilter) { projects(filter: $f) { totalCount } }",
    "courses": "query ($f: CourseFilter, $o: CourseOrder) { courses(filter: $f, orderBy: $o) { totalCount } }",
    "create": "mutation ($i: CreateProjectInput!) { createProject(input: $i) { project { name } errors { code } } }",
    "comment": "mutation ($i: AddCommentInput!) { addComment(input: $i) { errors { code } } }",
    "enroll": "mutation ($id: ID!) { enroll(courseId: $id) { errors { code } } }",
    "listen": "subscription ($id: ID!) { documentEvents(documentId: $id) { kind } }",
    "meta": '{ __type(name: "User") { fields { name } } }',
}
VARIABLES = ("id", "ids", "n", "t", "f", "o", "i")
INPUTS = ("search", "ownerId", "createdAt", "since", "until", "name", "members", "content", "price")
IDS = ("", "user_", "proj_0", "\0", "proj_" + "z" * 26, "proj_" + "0" * 5_000, "🙂", "../etc/passwd", "null")
CURSORS = ("eyJ2IjoxfQ", "e30", "W10", "bnVsbA", "====", "AAAA", "eyJ2IjoxLCJrIjpbXX0")
DATES = ("2026-13-45", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "2026-01-01T00:00:00+99:99", "-1", "∞")
BYTES = (b"", b"\0", b"\xff", b"\xc3(", b"\xed\xa0\x80", b"{", b"[", b'"', b"\\", b"\\ud800", b"\r\n\r\n")

texts = st.one_of(
    st.sampled_from((*IDS, *CURSORS, *DATES)),
    st.text(st.characters(exclude_categories=()), max_size=20),
    st.text(max_size=5).map(lambda text: f"proj_{text}\0"),
)
numbers = st.one_of(
    st.integers(-(2**63), 2**64 - 1),
    st.floats(),
    st.sampled_from((2**31, -(2**31) - 1, 1e308, -0.0, 5e-324)),
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(INPUTS) | texts, inner, max_size=4),
    max_leaves=10,
)


def encoded(value: object) -> bytes:
    """JSON of anything, lone surrogates too: as escapes, which is how they come."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return orjson.dumps(_escaped(value)).replace(b"\\\\ud", b"\\ud")


def _escaped(value: object) -> object:
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case list():
            return [_escaped(item) for item in value]
        case dict():
            return {_escaped(name): _escaped(item) for name, item in value.items()}
    return value


HUGE = st.sampled_from((b"9" * 5_000, b"-" + b"1" * 5_000, b"1e" + b"9" * 400, b"[" * 2_000 + b"]" * 2_000, b"NaN"))
members = st.fixed_dictionaries(
    {"query": st.sampled_from(list(QUERIES.values()))},
    optional={
        "variables": st.dictionaries(st.sampled_from(VARIABLES), values, max_size=4) | values,
        "operationName": values,
        "extensions": values | st.fixed_dictionaries({"persistedQuery": values}),
        "documentId": values,
    },
)


@st.composite
def mutated(draw: st.DrawFn, source: st.SearchStrategy[bytes]) -> bytes:
    """Bytes with a few places cut out, doubled or replaced."""
    found = draw(source)
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(found)))
        end = min(len(found), start + draw(st.integers(0, 8)))
        piece = draw(st.sampled_from(BYTES) | st.binary(max_size=4) | HUGE | st.just(found[start:end] * 2))
        found = found[:start] + piece + found[end:]
    return found


documents = mutated(st.sampled_from([text.encode() for text in QUERIES.values()])).map(
    lambda text: text.decode("utf-8", "surrogateescape")
)
bodies = st.one_of(
    st.binary(max_size=50),
    values.map(encoded),
    mutated(members.map(encoded)),
    st.builds(lambda text, given: encoded({"query": text, "variables": given}), documents, values),
    st.builds(lambda given, huge: encoded(given).replace(b'"t":', b'"n":' + huge + b',"t":', 1), members, HUGE),
)
parameters = st.lists(
    st.tuples(
        st.sampled_from(("query", "variables", "extensions", "operationName", "documentId", "")),
        mutated(documents.map(lambda text: text.encode("utf-8", "surrogateescape")) | values.map(encoded)),
    ),
    max_size=4,
).map(lambda pairs: "&".join(f"{name}={quote_from_bytes(value[:1500])}" for name, value in pairs).encode())
NAMES = (
    *(b"Content-Type", b"Accept", b"Authorization", b"Sec-Fetch-Site", b"Content-Encoding", b"Expect", b"Cookie"),
    *(b"Origin", b"X-Cost-Debug", b"Idempotency-Key", b"Last-Event-ID", b"traceparent", b"Host"),
)
HEADERS = (
    *(
        b"application/json; charset=utf-16",
        b'application/json; charset="',
        b"multipart/form-data",
        b"text/event-stream",
    ),
    *(b"Bearer", b"Bearer trs_\xff", b"*/*;q=x", b"gzip", b",;=,"),
)
LINES = (b"", b"Content-Length: -1\r\n", b"Content-Length: 1, 2\r\n", b"no header\r\n", b" folded\r\n", b":\r\n")
header = st.tuples(
    st.sampled_from(NAMES),
    st.sampled_from(HEADERS) | st.binary(max_size=30).map(lambda value: value.translate(None, b"\r\n\0")),
)
heads = st.builds(
    lambda found, line: b"".join(b"%b: %b\r\n" % pair for pair in found) + line,
    st.lists(header, max_size=4),
    st.sampled_from(LINES),
)
KINDS = ("subscribe", "complete", "ping", "pong", "connection_init", "next", "error")
messages = st.one_of(
    st.binary(max_size=30),
    values.map(encoded),
    mutated(
        st.builds(
            lambda kind, key, payload: encoded({"type": kind, "id": key, "payload": payload}),
            st.sampled_from(KINDS) | values,
            st.sampled_from(("1", "2")) | values,
            members | values,
        )
    ),
)

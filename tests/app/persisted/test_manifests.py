"""The list made from what the tools of front ends write.

`apollo.json` was written by @apollo/generate-persisted-query-manifest 1.4.0, `relay.json` by relay-compiler 21.0.1 with
a `persistConfig`, each from a few operations of this schema.
"""

from collections.abc import Callable
from hashlib import md5
from pathlib import Path

import orjson
import pytest

from app.persisted.manifests import collected, written
from app.persisted.names import digest
from app.persisted.trusted import BadDocuments, Trusted
from graphql_schema.schema import executor

HERE = Path(__file__).parent
APOLLO, RELAY = HERE / "apollo.json", HERE / "relay.json"
VIEWER = "query Viewer { viewer { id } }"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file below the test's folder, and gives back that folder."""

    def write(name: str, content: str | bytes) -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path

    return write


def manifest(*operations: tuple[str, str], **others: object) -> bytes:
    """What Apollo's tool would write for these ids and texts."""
    listed = [{"id": key, "name": "Name", "type": "query", "body": text} for key, text in operations]
    return orjson.dumps({"format": "apollo-persisted-query-manifest", "version": 1, "operations": listed} | others)


def problems(*sources: Path) -> list[str]:
    """What is said about the sources, without the folder that they are in."""
    with pytest.raises(BadDocuments) as refused:
        collected(sources, executor)
    return [line.removeprefix(f"{sources[0].parent}/") for line in refused.value.message.splitlines()]


def test_a_manifest_of_apollo() -> None:
    documents = collected([APOLLO], executor)
    assert [text.split("(")[0].split(" {")[0] for text in documents.values()] == [
        "query Projects",
        "mutation SignOut",
        "query Viewer",
    ]
    assert all(key == digest(text) for key, text in documents.items())


def test_a_map_of_relay() -> None:
    documents = collected([RELAY], executor)
    assert len(documents) == 2
    assert all(key == md5(text.encode(), usedforsecurity=False).hexdigest() for key, text in documents.items())


def test_a_folder_with_the_fragments_of_other_files_joined_in(write: Write) -> None:
    write("home.graphql", "query Home { viewer { ...Person } }  query Bare { viewer { id } }")
    write("people/person.graphql", "fragment Person on User { ...Name id }")
    folder = write("people/deep/name.graphql", "fragment Name on User { name }\nfragment Unused on User { id }")
    write("notes.txt", "not a document")
    documents = collected([folder], executor)
    fragments = "fragment Name on User {\n  name\n}\n\nfragment Person on User {\n  ...Name\n  id\n}"
    assert list(documents.values()) == [
        "query Bare {\n  viewer {\n    id\n  }\n}",
        f"query Home {{\n  viewer {{\n    ...Person\n  }}\n}}\n\n{fragments}",
    ]
    assert all(key == digest(text) for key, text in documents.items())


def test_a_list_is_a_source_and_stays_what_it_is(write: Write) -> None:
    documents = collected([APOLLO, RELAY], executor)
    assert len(documents) == 5
    old = write("list.json", written(documents)) / "list.json"
    for sources in ([old], [RELAY, old], [RELAY, APOLLO]):
        assert written(collected(sources, executor)) == old.read_bytes()


def test_the_list_is_what_the_server_loads(write: Write) -> None:
    documents = collected([APOLLO, RELAY], executor)
    trusted = Trusted.load(write("list.json", written(documents)) / "list.json", "safelist")
    for key, text in documents.items():
        assert trusted.get(key) == text
        trusted.admit(text, None)


def test_what_apollos_client_sends_is_on_the_safelist_of_its_manifest() -> None:
    trusted = Trusted(collected([APOLLO], executor), "safelist")
    [projects] = [text for text in collected([APOLLO], executor).values() if "fragment" in text]
    operation, fragment = projects.split("\n\n")
    trusted.admit(f"{fragment}\n\n{operation}", None)


def test_every_problem_is_said_in_a_line(write: Write) -> None:
    folder = write("a.json", manifest(("a", "{"), ("b", "{ nothing elsewhere }"), ("c", VIEWER), ("d e", VIEWER)))
    write("b.json", orjson.dumps({"c": "{ viewer { name } }", "sha256:1": VIEWER, f"sha256:{digest(VIEWER)}": VIEWER}))
    assert problems(folder / "a.json", folder / "b.json") == [
        "a.json, Name: Syntax Error: Expected Name, found <EOF>.",
        "a.json, Name: Cannot query field 'nothing' on type 'Query'.",
        "a.json, Name: Cannot query field 'elsewhere' on type 'Query'.",
        "a.json, Name: An id has letters, digits and `-._~`, and may have a prefix `x-...:`.",
        "b.json, c: Another document has the id c too.",
        "b.json, sha256:1: An id has letters, digits and `-._~`, and may have a prefix `x-...:`.",
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "It is no JSON: Expecting value: line 1 column 1 (char 0)."),
        (b"\xff", "It is no JSON: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte."),
        (b'{"a": "{ __typename }", "a": "{ viewer { id } }"}', "a is in it twice."),
        (manifest(("a", VIEWER), version=2), "It is neither an apollo-persisted-query-manifest of version 1 nor a"),
        (
            manifest(("a", VIEWER), format="other"),
            "It is neither an apollo-persisted-query-manifest of version 1 nor a",
        ),
        (manifest(("a", VIEWER), operations=[{"id": "a"}]), "An operation in it lacks `id`, `name` or `body`."),
        (b"[]", "It is neither an apollo-persisted-query-manifest of version 1 nor a map of ids to texts."),
        (b'{"a": 1}', "It is neither an apollo-persisted-query-manifest of version 1 nor a map of ids to texts."),
        (b"{}", "There are no documents in it."),
        (manifest(), "There are no documents in it."),
    ],
)
def test_a_file_of_another_kind_is_refused(write: Write, content: bytes, problem: str) -> None:
    [line] = problems(write("x.json", content) / "x.json")
    assert line.startswith(f"x.json: {problem}")


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"a.txt": VIEWER}, "There are no documents in it."),
        ({"a.graphql": "fragment A on User { id }"}, "There are no documents in it."),
        ({"a.graphql": VIEWER, "b.graphql": VIEWER}, "b.graphql: There is another operation Viewer."),
        (
            {"a.graphql": "fragment A on User { id }", "b.graphql": "fragment A on User { id }"},
            "b.graphql: There is another fragment A.",
        ),
        ({"a.graphql": "{ viewer { id } }"}, "a.graphql: What is in it must be fragments, and operations with a name."),
        ({"a.graphql": "type A { b: ID }"}, "a.graphql: What is in it must be fragments, and operations with a name."),
        ({"a.graphql": "{"}, "a.graphql: Syntax Error: Expected Name, found <EOF>."),
        ({"a.graphql": b"\xff"}, "a.graphql: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    ],
)
def test_a_folder_that_makes_no_list_is_refused(write: Write, files: dict[str, str | bytes], problem: str) -> None:
    for name, content in files.items():
        folder = write(f"folder/{name}", content) / "folder"
    assert problems(folder) == [f"folder: {problem}"]


def test_a_fragment_that_is_nowhere_is_missed(write: Write) -> None:
    folder = write("folder/home.graphql", "query Home { viewer { ...Person } }") / "folder"
    assert problems(folder) == ["folder, Home: Unknown fragment 'Person'."]

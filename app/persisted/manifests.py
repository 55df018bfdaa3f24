"""The list of trusted documents, made from what the tools of front ends write.

Those are Apollo's manifest, Relay's map of ids to texts (GraphQL Code Generator and Trellis write the same), and a
folder of `.graphql` files.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from graphql import (
    DefinitionNode,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    parse,
    print_ast,
    separate_operations,
)

from app.persisted.names import IDENTIFIER, digest
from app.persisted.trusted import BadDocuments, definition_order
from graphql_schema.execution import Executor, RequestError
from graphql_schema.limits import Limits

APOLLO = ("apollo-persisted-query-manifest", 1)
"""The format and its version: https://www.apollographql.com/docs/graphos/platform/security/persisted-queries"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as a source has it; `position` is where in it."""

    id: str
    text: str
    position: str


def collected(sources: Iterable[Path], executor: Executor) -> dict[str, str]:
    """The texts of all sources by their ids. Raises BadDocuments with a line for each problem."""
    documents: dict[str, str] = {}
    problems: list[str] = []
    for source in sources:
        try:
            for entry in _entries(source):
                known = documents.setdefault(entry.id, entry.text)
                problems += [f"{source}, {entry.position}: {problem}" for problem in _problems(entry, known, executor)]
        except BadDocuments as problem:
            problems.append(f"{source}: {problem}")
    if problems:
        raise BadDocuments("\n".join(problems))
    return documents


def written(documents: dict[str, str]) -> bytes:
    """The list as the server reads it."""
    return orjson.dumps(documents, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def _problems(entry: Entry, known: str, executor: Executor) -> Iterator[str]:
    if not IDENTIFIER.fullmatch(entry.id) and entry.id != f"sha256:{digest(entry.text)}":
        yield "An id has letters, digits and `-._~`, and may have a prefix `x-...:`."
    if entry.text != known:
        yield f"Another document has the id {entry.id} too."
    try:
        _check(entry.text, executor)
    except GraphQLError as error:
        yield error.message
    except RequestError as refused:
        yield from (error["message"] for error in refused.errors)


def _check(text: str, executor: Executor) -> None:
    """Read each operation of a document as the server will; raises GraphQLError or RequestError."""
    nodes = parse(text, max_tokens=Limits.tokens).definitions
    names = [getattr(node.name, "value", None) for node in nodes if isinstance(node, OperationDefinitionNode)]
    for name in names or [None]:
        executor.document(text).definition(name)


def _entries(source: Path) -> list[Entry]:
    """The documents of one source; raises BadDocuments."""
    entries = _folder(source) if source.is_dir() else _file(source)
    if not entries:
        raise BadDocuments("There are no documents in it.")
    return entries


def _file(source: Path) -> list[Entry]:
    try:
        content = json.loads(source.read_bytes(), object_pairs_hook=_unique)
    except ValueError as error:
        raise BadDocuments(f"It is no JSON: {error}.") from None
    match content:
        case {"format": name, "version": version, "operations": list(operations)} if (name, version) == APOLLO:
            return [_operation(operation) for operation in operations]
        case dict() if all(isinstance(text, str) for text in content.values()):
            return [Entry(key, text, key) for key, text in content.items()]
    raise BadDocuments(f"It is neither an {APOLLO[0]} of version {APOLLO[1]} nor a map of ids to texts.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise BadDocuments(f"{name} is in it twice.")
        members[name] = value
    return members


def _operation(operation: Any) -> Entry:
    match operation:
        case {"id": str(key), "name": str(name), "body": str(text)}:
            return Entry(key, text, name)
    raise BadDocuments("An operation in it lacks `id`, `name` or `body`.")


def _folder(source: Path) -> list[Entry]:
    """A document for each operation, with the fragments that it needs from all files; its id is its hash."""
    nodes: dict[str, DefinitionNode] = {}
    for file in sorted(source.rglob("*.graphql")):
        for node in _definitions(file):
            if (title := _title(node, file)) in nodes:
                raise BadDocuments(f"{file.name}: There is another {title}.")
            nodes[title] = node
    separate = separate_operations(DocumentNode(definitions=tuple(sorted(nodes.values(), key=definition_order))))
    return [Entry(digest(text := print_ast(document)), text, name) for name, document in separate.items()]


def _definitions(file: Path) -> tuple[DefinitionNode, ...]:
    try:
        return parse(file.read_text("utf-8")).definitions
    except (GraphQLError, UnicodeDecodeError) as error:
        raise BadDocuments(f"{file.name}: {getattr(error, 'message', error)}") from None


def _title(node: DefinitionNode, file: Path) -> str:
    match node:
        case FragmentDefinitionNode():
            return f"fragment {node.name.value}"
        case OperationDefinitionNode(name=name) if name:
            return f"operation {name.value}"
    raise BadDocuments(f"{file.name}: What is in it must be fragments, and operations with a name.")

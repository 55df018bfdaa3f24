"""Documents, parsed and validated once: front ends send the same few texts again and again."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from graphql import DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode, validate

from graphql_schema.core.errors import MAX_ERRORS, RequestError, SchemaError
from graphql_schema.execution.definitions import Definition
from graphql_schema.execution.limits import check_document, parsed
from graphql_schema.execution.memory import Memory
from graphql_schema.execution.misfits import named
from graphql_schema.execution.validation import RULES
from graphql_schema.limits import Limits

BYTES = 20_000
BYTES_A_TOKEN = 400
"""Bytes that are kept beside the text, measured with tracemalloc: for any document, and for each token of it."""


@dataclass(frozen=True, slots=True)
class Document:
    """A text as it was read: its operations by their names, or why it is refused. It takes about so many bytes."""

    bytes: int
    definitions: Mapping[str | None, Definition] = field(default_factory=dict)
    refusal: RequestError | None = None

    def definition(self, name: str | None) -> Definition:
        """The operation called `name`, or the only one; raises RequestError."""
        if self.refusal:
            raise self.refusal.again()
        found = self.definitions.get(name)
        if found is None:
            raise RequestError([_unresolved(self.definitions, name)], "OPERATION_RESOLUTION_FAILURE")
        return found


def read(text: str, name: str | None, *, schema: GraphQLSchema, limits: Limits, memory: Memory) -> Document:
    """Read a text, and prepare its operation called `name`. What is made of its operations is kept in `memory`."""
    try:
        document = _valid(text, schema, limits)
    except RequestError as error:
        return Document(BYTES + len(text), refusal=error.again())
    definitions = _definitions(document, schema, limits, memory)
    if name in definitions:
        definitions[name].prepare()
    return Document(BYTES + BYTES_A_TOKEN * document.token_count + len(text), definitions)


def _valid(text: str, schema: GraphQLSchema, limits: Limits) -> DocumentNode:
    document = parsed(text, limits)
    _unchain(document)
    check_document(document, limits)
    if errors := validate(schema, document, RULES, max_errors=MAX_ERRORS):
        raise RequestError(errors, "GRAPHQL_VALIDATION_FAILED")
    return document


def _definitions(
    document: DocumentNode, schema: GraphQLSchema, limits: Limits, memory: Memory
) -> dict[str | None, Definition]:
    """The operations of a document by their names; one that is alone can be meant without its name, too."""
    nodes = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    made = [Definition(schema, document, node, limits, memory) for node in nodes]
    found = {node.name.value if node.name else None: one for node, one in zip(nodes, made, strict=True)}
    if len(found) == 1:
        found[None] = next(iter(found.values()))
    return found


def _unresolved(definitions: Mapping[str | None, Definition], name: str | None) -> GraphQLError:
    """That there is no such operation. The names that there are may be of a trusted document, and not the client's."""
    if name is None:
        return GraphQLError("Say with `operationName` which operation of the document is to run.")
    what = f"The document has no operation `{named(name)}`"
    names = ", ".join(f"`{known}`" for known in definitions if known)
    return SchemaError(
        f"{what}; it has {names}." if names else f"{what}: its operation has no name.", discreet=f"{what}."
    )


def _unchain(document: DocumentNode) -> None:
    """Let tokens know only those behind them: in a cycle they would stay until the next collection of garbage."""
    token = document.loc and document.loc.start_token
    while token:
        token.prev, token = None, token.next

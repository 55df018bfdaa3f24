"""Documents, parsed and validated once: front ends send the same few texts again and again."""

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    get_operation_ast,
    validate,
)

from graphql_schema.core.errors import MAX_ERRORS, RequestError, SchemaError
from graphql_schema.execution.deferring import at_once
from graphql_schema.execution.definitions import BYTES, Definition
from graphql_schema.execution.limits import Limits
from graphql_schema.execution.memory import Memory
from graphql_schema.execution.misfits import named
from graphql_schema.execution.validation import RULES


class Documents:
    """Knows what texts are that were sent before: an operation, or refused."""

    def __init__(self, schema: GraphQLSchema, limits: Limits) -> None:
        self.schema = schema
        self.limits = limits
        self.memory = Memory()

    def definition(self, text: str, name: str | None) -> Definition:
        """The operation called `name`, or the only one, of the document; raises RequestError."""
        return self.find(text, name) or self.keep(text, name, self.read(text, name))

    def find(self, text: str, name: str | None) -> Definition | None:
        """The operation, if it is kept; raises RequestError where it is kept that it was refused."""
        found = self.memory.documents.get((text, name))
        return None if found is None else _told(found)

    def has(self, text: str, name: str | None) -> bool:
        """Whether the text was read before."""
        return (text, name) in self.memory.documents

    def keep(self, text: str, name: str | None, found: "Definition | RequestError") -> Definition:
        """Keep what a text was found to be, and tell it."""
        bytes_ = BYTES if isinstance(found, RequestError) else found.bytes
        self.memory.documents.put((text, name), found, bytes_ + len(text) + len(name or ""))
        return _told(found)

    def read(self, text: str, name: str | None) -> "Definition | RequestError":
        """Read a text anew; returns its operation, or why it is refused."""
        try:
            return self._read(text, name)
        except RequestError as error:
            return error.again()

    def _read(self, text: str, name: str | None) -> Definition:
        document = self.limits.parsed(text)
        _unchain(document)
        self.limits.check(document)
        if errors := validate(self.schema, document, RULES, max_errors=MAX_ERRORS):
            raise RequestError(errors, "GRAPHQL_VALIDATION_FAILED")
        node = get_operation_ast(document, name)
        if node is None:
            raise RequestError([_unresolved(document, name)], "OPERATION_RESOLUTION_FAILURE")
        whole = at_once(document)
        undeferred = get_operation_ast(whole, name)
        assert undeferred
        return Definition(self.schema, whole, undeferred, document, self.limits, self.memory)


def _told(found: Definition | RequestError) -> Definition:
    if isinstance(found, RequestError):
        raise found.again()
    return found


def _unresolved(document: DocumentNode, name: str | None) -> GraphQLError:
    """That there is no such operation. The names that there are may be of a trusted document, and not the client's."""
    if name is None:
        return GraphQLError("Say with `operationName` which operation of the document is to run.")
    nodes = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    what = f"The document has no operation `{named(name)}`"
    names = ", ".join(f"`{node.name.value}`" for node in nodes if node.name)
    return SchemaError(
        f"{what}; it has {names}." if names else f"{what}: its operation has no name.", discreet=f"{what}."
    )


def _unchain(document: DocumentNode) -> None:
    """Let tokens know only those behind them: in a cycle they would stay until the next collection of garbage."""
    token = document.loc and document.loc.start_token
    while token:
        token.prev, token = None, token.next

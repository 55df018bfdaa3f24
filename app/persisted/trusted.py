"""Trusted documents: the list that an operator gives, and how strictly requests are held to it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import orjson
import structlog
from graphql import DefinitionNode, DocumentNode, GraphQLError, OperationDefinitionNode, parse, print_ast

from app.persisted.names import digest, names
from app.settings import Level
from db.cache import Cache
from db.errors import BadInput, Refusal
from graphql_schema.execution import RequestError
from graphql_schema.execution.limits import parsed
from graphql_schema.limits import Limits

MAX_JUDGED = 10_000
SHOWN = 100

log = structlog.get_logger()


class BadDocuments(BadInput):
    """A list of documents cannot be used. The message has a line for each problem."""


class NotInSafelist(Refusal):
    """The text is not on the list, and nothing else runs."""

    code = "QUERY_NOT_IN_SAFELIST"
    default = "Only the operations on this server's list are run, and this is none of them."


class IdRequired(Refusal):
    """A text was sent where only ids are taken."""

    code = "PERSISTED_QUERY_ID_REQUIRED"
    default = "Operations are run by their ids only: send `documentId` or `extensions.persistedQuery`."


class Trusted:
    """The documents by their ids. `outside` counts the requests for others, where the level looks at them."""

    def __init__(self, documents: Mapping[str, str], level: Level, *, limits: Limits | None = None) -> None:
        self.level = level
        self.limits = limits or Limits()
        self.outside = 0
        self._texts = {name: text for key, text in documents.items() for name in names(key, text)}
        self._texts |= documents
        self._exact = set(documents.values())
        self._normal = {_normal(text) for text in self._exact} if level in {"log", "safelist"} else set()
        self._judged = Cache[bool](MAX_JUDGED)

    @classmethod
    def load(
        cls, file: Path | None, level: Level, *, limits: Limits | None = None, beside: Sequence[Path] = ()
    ) -> Self:
        """The list in a file that `scripts/trusted-documents` wrote, and those in files of ours beside it. Raises
        BadDocuments, and OSError without a file.
        """
        if file is None and level != "off":
            raise BadDocuments(f"TRELLIS_TRUSTED_LEVEL is {level}, but TRELLIS_TRUSTED_DOCUMENTS names no list.")
        try:
            files = [file, *beside] if file else beside
            return cls({name: text for one in files for name, text in _read(one).items()}, level, limits=limits)
        except GraphQLError as error:
            raise BadDocuments(f"{file}: {error.message}") from error

    def get(self, name: str) -> str | None:
        """The text of a document."""
        return self._texts.get(name)

    def has(self, text: str) -> bool:
        """Whether the list is known to have a text: as it is sent, or in another layout that was looked up before."""
        return text in self._exact or bool(self._judged.get(digest(text)))

    def knows(self, text: str) -> bool:
        """Whether it is cached if the level admits a text. A new text has to be read: see `is_among`."""
        return self.level in {"off", "id-only"} or text in self._exact or digest(text) in self._judged

    def is_among(self, text: str) -> bool:
        """Whether the list has a text, in whatever layout. To find out takes as long as to read it."""
        try:
            return _printed(parsed(text, self.limits)) in self._normal
        except RequestError:
            return False

    def keep(self, text: str, operation: str | None, *, listed: bool) -> None:
        """Cache whether the list has a text. One that it has not is logged, each text once."""
        self._judged.put(digest(text), listed, 1)
        if not listed:
            log.warning("operation outside the list", sha256=digest(text), operation=operation and operation[:SHOWN])

    def admit(self, text: str, operation: str | None) -> None:
        """Let a text pass that the level lets pass; raises NotInSafelist or IdRequired for every other."""
        if self.level == "off":
            return
        if self.level == "id-only":
            raise IdRequired
        if not self.knows(text):
            self.keep(text, operation, listed=self.is_among(text))
        if not self.has(text):
            self.outside += 1
            if self.level == "safelist":
                raise NotInSafelist


def _read(file: Path) -> dict[str, str]:
    try:
        documents = orjson.loads(file.read_bytes())
    except ValueError:
        documents = None
    if not isinstance(documents, dict) or not all(isinstance(text, str) for text in documents.values()):
        raise BadDocuments(f"{file} is no list of trusted documents: make one with scripts/trusted-documents.")
    return documents


def _normal(text: str) -> str:
    """The text of a document without its layout; raises GraphQLError."""
    return _printed(parse(text, no_location=True, max_tokens=Limits.tokens))


def _printed(document: DocumentNode) -> str:
    """The document without its layout, in an order of its own.

    Apollo's clients sort the definitions when they write a manifest, and do not when they send the text.
    """
    return print_ast(DocumentNode(definitions=tuple(sorted(document.definitions, key=definition_order))))


def definition_order(definition: DefinitionNode) -> tuple[bool, str]:
    """Operations by their names, then fragments by theirs."""
    name = getattr(definition, "name", None)
    return not isinstance(definition, OperationDefinitionNode), name.value if name else ""

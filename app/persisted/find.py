"""From what a client sent to the request that runs: its text, or the one that it names."""

from collections.abc import Awaitable, Callable
from functools import partial

from app.persisted.automatic import Automatic
from app.persisted.names import DIGEST, BadReference, digest, named
from app.persisted.trusted import Trusted
from app.requests import Members, graphql_request
from db.errors import Refusal
from graphql_schema.execution import Request

Read = Callable[[Request], Awaitable[object]]
Beside = Callable[[str, Callable[[], bool]], Awaitable[bool]]
"""Runs work that takes as long as to read a text beside the event loop, when it is that client's turn, at its expense.
"""


class NotInList(Refusal):
    """There is no trusted document with this id."""

    code = "PERSISTED_QUERY_NOT_IN_LIST"
    default = "There is no operation with this id on this server's list."


class PersistedQueryNotFound(Refusal):
    """Nobody of the tenant has sent a text with this hash yet: the client sends both."""

    code = "PERSISTED_QUERY_NOT_FOUND"
    default = "PersistedQueryNotFound"  # urql's client knows it by this text, Apollo's by this text or the code


class HashMismatch(Refusal):
    """A text came with the name of another."""

    code = "PERSISTED_QUERY_HASH_MISMATCH"
    default = "The text is not the one that the hash or id stands for."


class Persisted:
    """Finds the document of a request."""

    def __init__(self, trusted: Trusted, automatic: Automatic) -> None:
        self.trusted = trusted
        self.automatic = automatic

    async def find(self, members: Members, tenant: str, read: Read, *, beside: Beside) -> Request:
        """The request in the checked members of one who belongs to `tenant`, with its text.

        A `documentId` is looked for in the list only, a hash in the list and then among what the tenant has sent.
        A text that comes with either must be the one that is meant; an empty one counts as none, because the client
        of graphql-ws cannot leave it out. Raises NotInList, PersistedQueryNotFound, HashMismatch, BadReference, and
        what `Trusted.admit` and `read` raise: what that refuses is not remembered for anybody.
        """
        name, extensions = members.get("documentId"), members.get("extensions")
        if name is not None:
            text = self._listed(name, members.get("query") or None)
        elif extensions and (reference := extensions.get("persistedQuery")) is not None:
            text = await self._hashed(named(reference), members, tenant, read, beside=beside)
        else:
            text = members["query"]
            await self._admit(text, members, beside)
        return graphql_request(members, text)

    def _listed(self, name: str, sent: str | None) -> str:
        text = self.trusted.get(name)
        if text is None:
            raise NotInList
        if sent is not None and sent != text:
            raise HashMismatch
        return text

    async def _hashed(self, name: str, members: Members, tenant: str, read: Read, *, beside: Beside) -> str:
        text: str | None = members.get("query") or None
        if self.trusted.level == "id-only" or self.trusted.get(name) is not None:
            return self._listed(name, text)
        if not DIGEST.fullmatch(name):
            raise BadReference
        if text is None:
            text = await self._recalled(name, tenant)
        elif digest(text) != name:
            raise HashMismatch
        await self._admit(text, members, beside)
        if not self.automatic.holds(tenant, name):
            await read(graphql_request(members, text))
            await self.automatic.put(tenant, text)
        return text

    async def _admit(self, text: str, members: Members, beside: Beside) -> None:
        operation = members.get("operationName")
        if not self.trusted.knows(text):
            self.trusted.keep(text, operation, listed=await beside(text, partial(self.trusted.is_among, text)))
        self.trusted.admit(text, operation)

    async def _recalled(self, name: str, tenant: str) -> str:
        text = await self.automatic.get(tenant, name)
        if text is None:
            raise PersistedQueryNotFound
        return text

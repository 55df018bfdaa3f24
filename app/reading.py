"""Texts of operations, read without holding anybody up: a new one can take most of a second, a known one no time.

To parse and validate the widest takes 80 ms, to write its statement half a second.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from db.access import Viewer
from db.errors import Overloaded
from graphql_schema.execution import Executor, Operation, Request

THREAD = ThreadPoolExecutor(1, "reading")
MOST_WAITING = 50
"""New texts that wait for the thread at most."""


class Reading:
    """Prepares requests: at once what was sent before, and what is new in a thread, while others are answered."""

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self.waiting = 0

    async def prepare(self, request: Request, viewer: Viewer | None = None) -> Operation:
        """The operation of the request, for a viewer who is to run it at once.

        Raises RequestError, and Overloaded where too many new ones wait.
        """
        documents = self.executor.documents
        if documents.has(request.query, request.operation_name):
            return self.executor.prepare(request)
        if self.waiting >= MOST_WAITING:
            raise Overloaded
        self.waiting += 1
        try:
            operation = await asyncio.get_running_loop().run_in_executor(THREAD, self._read, request, viewer)
        finally:
            self.waiting -= 1
        documents.keep(request.query, request.operation_name, operation.definition)
        return operation

    def _read(self, request: Request, viewer: Viewer | None) -> Operation:
        definition = self.executor.documents.read(request.query, request.operation_name)
        operation = self.executor.operation(definition, request)
        if viewer:
            self.executor.compile(operation, viewer)
        return operation

"""Responses that are sent as their answers come: subscriptions, and answers with deferred parts."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.types import Send

from app.graph import Client, Graph
from app.metrics import count_errors
from app.streams.framing import Framing
from graphql_schema.execution import Operation, RequestError

BROKEN = {"HISTORY_GAP", "SERVICE_UNAVAILABLE"}
"""The codes of last answers after which a subscription is not complete: there is more, but not from here."""


class Streams:
    """All subscriptions over HTTP that are open in this process, with a sign of life every `heartbeat` seconds."""

    def __init__(self, graph: Graph, *, heartbeat: float) -> None:
        self.graph = graph
        self.heartbeat = heartbeat
        self.is_draining = False
        self.open: set[asyncio.Task[None]] = set()

    def subscription(self, operation: Operation, client: Client, framing: Framing) -> "Stream":
        """The response with the events of a subscription. What it is refused with is its only answer."""
        self.graph.charge(operation, client)
        return Stream(framing, self._answers(operation, client), {"X-Trellis-Plan": operation.plan.how}, self)

    def drain(self) -> None:
        """End the subscriptions without a word: they are not complete, and clients that are told so come back."""
        self.is_draining = True
        for task in self.open:
            task.cancel()

    async def _answers(self, operation: Operation, client: Client) -> AsyncGenerator[bytes, None]:
        answer: Mapping[str, Any] = {}
        context = self.graph.context(client.viewer)
        try:
            async with aclosing(self.graph.executor.subscribe(operation, context)) as answers:
                async for answer in answers:
                    count_errors(answer.get("errors", ()))
                    yield orjson.dumps(answer)
        except RequestError as error:
            count_errors(error.errors)
            yield orjson.dumps({"errors": error.errors})
        if any(error["extensions"]["code"] in BROKEN for error in answer.get("errors", ())):
            raise Interrupted


class Interrupted(Exception):  # noqa: N818  (an outcome, not an error)
    """There are more answers, but they do not come from here."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A response whose answers are still to come."""

    framing: Framing
    answers: AsyncGenerator[bytes, None]
    headers: Mapping[str, str]
    streams: Streams

    async def send(self, send: Send) -> None:
        """Send the answers as they come, and that it was all unless they were cut off."""
        headers = {**self.framing.headers, **self.headers}
        lines = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": lines})
        async with asyncio.TaskGroup() as tasks:
            beating = tasks.create_task(self._beat(send))
            answering = tasks.create_task(self._answer(send))
            answering.add_done_callback(lambda _: beating.cancel())
            self._add(answering)
        await send({"type": "http.response.body", "body": b""})

    def _add(self, answering: asyncio.Task[None]) -> None:
        self.streams.open.add(answering)
        answering.add_done_callback(self.streams.open.discard)
        if self.streams.is_draining:
            answering.cancel()

    async def _answer(self, send: Send) -> None:
        await _write(send, self.framing.opening)
        try:
            async with aclosing(self.answers) as answers:
                async for answer in answers:
                    await _write(send, self.framing.part(answer))
        except Interrupted:
            return
        await _write(send, self.framing.ending)

    async def _beat(self, send: Send) -> None:
        while True:
            await asyncio.sleep(self.streams.heartbeat)
            await _write(send, self.framing.heartbeat)


async def _write(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})

"""Responses that are sent as their answers come: subscriptions, and queries with deferred parts."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.types import Send

from app import costs, metrics, rate_limits
from app.auth import REFUSED
from app.graph import Client, Graph, cost_of
from app.rate_limits import Charge
from app.refusals import is_broken, refused
from app.streams.framing import Framing
from app.streams.increments import WRITTEN
from app.watch import Watch
from db.errors import Refusal, Unauthenticated
from graphql_schema.execution import Operation, RequestError
from graphql_schema.execution.cost import objects_in
from graphql_schema.live.messages import Message
from graphql_schema.live.subscriptions import Messages

Answers = AsyncGenerator[bytes, None]
"""Answers in the framing of their stream."""


class Streams:
    """All streams of this process, with a heartbeat every `heartbeat` seconds."""

    def __init__(self, graph: Graph, watch: Watch, *, heartbeat: float) -> None:
        self.graph = graph
        self.watch = watch
        self.heartbeat = heartbeat
        self.is_draining = False
        self.subscriptions: set[Subscription] = set()

    def subscription(self, operation: Operation, client: Client, framing: Framing, *, after: str | None) -> "Stream":
        """The response with the events of a subscription, behind a cursor if there is one. A refusal is its only
        answer.
        """
        charge = self.graph.charge(operation, client)
        return self._stream(operation, charge, framing, self._events(operation, client, framing, after))

    async def parts(self, operation: Operation, client: Client, framing: Framing) -> "Stream":
        """The response with the parts of the answer to a query; raises what comes before the first of them."""
        with self.graph.charged(operation, client) as charge:
            parts = self._parts(operation, client, charge, framing)
            first = await anext(parts)
        return self._stream(operation, charge, framing, _all(first, parts))

    def drain(self) -> None:
        """End the subscriptions without a word: they are not complete, and clients that see it come back."""
        self.is_draining = True
        for subscription in self.subscriptions:
            subscription.end(Interrupted())

    def _stream(self, operation: Operation, charge: Charge, framing: Framing, answers: Answers) -> "Stream":
        throttle = self.graph.rate_limits.status(charge.keys)
        headers = {"x-trellis-plan": operation.plan.how, **rate_limits.headers(throttle)}
        return Stream(framing, answers, headers, self.heartbeat)

    async def _events(self, operation: Operation, client: Client, framing: Framing, after: str | None) -> Answers:
        messages = self.graph.executor.subscribe(operation, self.graph.context(client), after=after)
        subscription = Subscription(client, messages)
        errors: Sequence[Any] = ()
        with self._running(subscription):
            try:
                async with aclosing(subscription.heard()) as heard:
                    async for message in heard:
                        errors = message.errors
                        metrics.count_errors(errors)
                        yield framing.part(message.body, message.cursor)
            except (RequestError, Refusal) as error:
                answer = refused(error)
                errors = answer["errors"]
                yield framing.part(orjson.dumps(answer))
        if is_broken(errors):
            raise Interrupted

    async def _parts(self, operation: Operation, client: Client, charge: Charge, framing: Framing) -> Answers:
        graph, objects, started, written = self.graph, 0, time.perf_counter(), WRITTEN[framing]
        async with aclosing(graph.executor.execute_in_parts(operation, graph.context(client))) as increments:
            async for increment in increments:
                body = orjson.dumps(written(increment))
                objects += objects_in(body)
                metrics.count_errors(error for kept in increment.kept for error in kept.errors)
                if increment.answer:
                    metrics.count(operation, increment.answer, seconds=time.perf_counter() - started)
                if not increment.has_next:
                    actual = operation.actual(objects)
                    throttle = graph.rate_limits.settle(charge, actual)
                    body = costs.with_cost(body, cost_of(operation, actual, client, throttle))
                yield framing.part(body)

    @contextmanager
    def _running(self, subscription: "Subscription") -> Iterator[None]:
        """For as long as it lasts, a stop of the server ends the subscription, and so does its credential."""
        if self.is_draining:
            raise Interrupted
        self.subscriptions.add(subscription)
        try:
            with self.watch.over(subscription):
                yield
        finally:
            self.subscriptions.discard(subscription)


class Interrupted(Exception):  # noqa: N818  (an outcome, not an error)
    """There are more answers, but they do not come from here."""


class Subscription:
    """The messages to one client, which others can end."""

    def __init__(self, client: Client, messages: Messages) -> None:
        self.client: Client | None = client
        self._messages = messages
        self._reason: Exception | None = None
        self._waiting: asyncio.Timeout | None = None

    async def heard(self) -> Messages:
        """The messages as they come; raises the reason why others have ended it."""
        async with aclosing(self._messages):
            with suppress(TimeoutError):
                while not self._reason and (message := await self._next()) is not None:
                    yield message
        if self._reason:
            raise self._reason

    def end(self, reason: Exception) -> None:
        """End it at once or, if the client has yet to take an answer, after that."""
        if self._waiting and not self._reason:
            self._waiting.reschedule(0)
        self._reason = reason

    async def turn_away(self) -> None:
        """End it with an answer that says why: a client that is only cut off comes back."""
        self.end(Unauthenticated(REFUSED))

    async def warn(self, seconds: int) -> None:
        """Say nothing: beside the answers of a stream there is no place for it that clients would read."""

    async def _next(self) -> Message | None:
        """The next message, if there is one; raises TimeoutError when it is ended."""
        try:
            async with asyncio.timeout(None) as self._waiting:
                return await anext(self._messages, None)
        finally:
            self._waiting = None


@dataclass(frozen=True, slots=True)
class Stream:
    """A response whose answers are still to come, with the seconds between two heartbeats."""

    framing: Framing
    answers: Answers
    headers: Mapping[str, str]
    heartbeat: float

    async def send(self, send: Send) -> None:
        """Send the answers as they come, and that it was all unless they were cut off."""
        headers = encoded({**self.framing.headers, **self.headers})
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async with asyncio.TaskGroup() as tasks:
            beating = tasks.create_task(self._beat(send))
            answering = tasks.create_task(self._answer(send))
            answering.add_done_callback(lambda _: beating.cancel())
        await send({"type": "http.response.body", "body": b""})

    async def _answer(self, send: Send) -> None:
        await _write(send, self.framing.opening)
        try:
            async with aclosing(self.answers) as answers:
                async for answer in answers:
                    await _write(send, answer)
        except Interrupted:
            return
        await _write(send, self.framing.ending)

    async def _beat(self, send: Send) -> None:
        while True:
            await asyncio.sleep(self.heartbeat)
            await _write(send, self.framing.heartbeat)


def encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers as ASGI has them."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


async def _all(first: bytes, rest: AsyncIterator[bytes]) -> Answers:
    yield first
    async for answer in rest:
        yield answer


async def _write(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})

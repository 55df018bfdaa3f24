"""The answers of subscriptions to events: whatever the number of listeners, each viewer's answer is made once.

All who listen to a topic in this process get the same event at the same moment. Those of one viewer who select the same
share one answer; those of several share the statements (`Database.heard`), each with their own access.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from functools import partial
from typing import Any

from orjson import OPT_SORT_KEYS, dumps

from db.errors import HistoryGap, Overloaded, TooSlow
from db.failures import Failure, failure_of
from db.outbox import Event
from graphql_schema.core.context import Context
from graphql_schema.core.errors import RequestError
from graphql_schema.core.tree import Member
from graphql_schema.execution.answering import Answering
from graphql_schema.execution.answers import Answer, Nulled, failed
from graphql_schema.execution.coalescing import Coalescing
from graphql_schema.execution.compiling import compile_ahead
from graphql_schema.execution.deadline import Deadline
from graphql_schema.execution.operations import Operation

OURS = (Failure.BUSY, Failure.TOO_SLOW, Failure.UNAVAILABLE)
UNSERVED = {"OVERLOADED", "SERVICE_UNAVAILABLE"}
PAUSES = (0.1, 0.3, 1.0, 2.0)
"""Seconds until an event that could not be answered is tried again."""


class Subscriptions:
    """Answers to events, each within the deadline."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self._heard = Coalescing[Answer]()

    async def answers(self, operation: Operation, context: Context) -> AsyncGenerator[Answer, None]:
        """The answers to the events of a subscription; raises RequestError before the first when it is refused.

        Raises HistoryGap where events are lost, or when the database cannot give the answer to one for too long.
        """
        stream = await self._stream(operation, context)
        # All that an answer depends on, beside the event and the state of the database.
        asked = operation.plan.number, context.viewer, dumps(operation.request.variables, option=OPT_SORT_KEYS)
        try:
            async for event in stream:
                hear = partial(self._hear, operation, event, context)
                yield await self._heard.once((id(event), *asked), hear)
        except HistoryGap:
            raise
        except Exception as error:  # noqa: BLE001  (an error of the stream is the last answer of the subscription)
            yield failed(error)
        finally:
            await stream.aclose()

    async def _stream(self, operation: Operation, context: Context) -> Any:
        member, node = _only(operation)
        try:
            await compile_ahead(operation, context)
            arguments = node.given.values(operation.variables)
            return await self.deadline.keep(node.field.resolve(None, context, node.name, arguments))
        except Exception as error:
            raise RequestError([Nulled(error, member, (member.key,)).located]) from error

    async def _hear(self, operation: Operation, event: Event, context: Context) -> Answer:
        """The answer to an event. One that takes too long does not end the subscription."""
        try:
            return await self.deadline.keep(self._answer(operation, event, context))
        except TooSlow as error:
            return failed(error)

    async def _answer(self, operation: Operation, event: Event, context: Context) -> Answer:
        """The answer, asked for again where the database could not give it: late is better than a gap."""
        for pause in PAUSES:
            with suppress(HistoryGap):
                return await self._served(operation, event, context.heard())
            await asyncio.sleep(pause)
        return await self._served(operation, event, context.heard())

    async def _served(self, operation: Operation, event: Event, context: Context) -> Answer:
        """The answer; raises HistoryGap where the database cannot give it."""
        member, node = _only(operation)
        try:
            payload = await node.field.payload(event, context, node.given.values(operation.variables))
        except Exception as error:
            if isinstance(error, Overloaded) or failure_of(error) in OURS:
                raise HistoryGap from error
            raise
        answering = Answering(operation, context)
        answer = answering.answer({member.key: await answering.show(member, payload)})
        if any(error["extensions"]["code"] in UNSERVED for error in answer.get("errors", ())):
            raise HistoryGap
        return answer


def _only(operation: Operation) -> tuple[Member, Any]:
    """The one field of a subscription, and its node."""
    (member,) = operation.plan.members
    return member, member.node

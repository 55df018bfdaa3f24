"""Mutations whose fields are one transaction: because the operation says `@atomic`, or has an idempotency key.

A key is kept in the transaction of the change that it stands for, together with the answer, so that neither is ever
there without the other. That is why the fields of an operation with a key are one transaction, too.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from orjson import OPT_SORT_KEYS, dumps

from db.access import Viewer
from db.actions import idempotency
from db.change.keys import Key
from db.change.parts import Form
from db.deadlocks import is_deadlock, repeated
from db.errors import BadInput, KeyReused, Refusal, RolledBack
from graphql_schema.core.changes import Shown
from graphql_schema.core.context import Context
from graphql_schema.core.errors import shown
from graphql_schema.core.mutations import Mutation, Showing, told
from graphql_schema.core.tree import Constant, Member, Python
from graphql_schema.execution import kept
from graphql_schema.execution.answering import Answering
from graphql_schema.execution.answers import Answer, failed
from graphql_schema.execution.compiling import at_once_ahead, compile_ahead
from graphql_schema.execution.mutations import done
from graphql_schema.execution.operations import Operation
from graphql_schema.execution.payloads import Payload

KEY = "idempotencyKey"
MAX_KEY = 255

key_locks: WeakValueDictionary[tuple[UUID | None, Key], asyncio.Lock] = WeakValueDictionary()
"""A lock for each key: a repetition of what is still being done waits here, and not with a connection."""


class Stopped(Exception):  # noqa: N818  (an outcome: nothing is kept)
    """A field was refused, which its payload tells, or failed with errors, because of what was raised."""

    def __init__(
        self, member: Member, payload: Payload, errors: Sequence[dict[str, Any]], raised: Sequence[Exception]
    ) -> None:
        super().__init__(member.key)
        self.member = member
        self.payload = payload
        self.errors = errors
        self.raised = raised


def is_asked_for(operation: Operation, viewer: Viewer) -> bool:
    """Whether a mutation is to be done as a whole or not at all."""
    return operation.definition.is_atomic or _given(operation, viewer) is not None


async def run(operation: Operation, context: Context) -> Answer:
    """The answer, kept under the operation's key if it has one; or what stopped it, and then nothing of it is done.

    Raises KeyReused, and BadInput for what cannot be sent so.
    """
    check(operation)
    key = key_of(operation, context.viewer)
    alone = await at_once_ahead(operation, context, form=Form.KEYED if key else Form.ALONE)
    if alone is None:
        await compile_ahead(operation, context, form=Form.PART)
    turn = key_locks.setdefault((context.viewer.id, key), asyncio.Lock()) if key else nullcontext()
    try:
        async with turn:
            if alone:
                return await _at_once(Answering(operation, context), *alone, key=key)
            return await repeated(partial(_whole, operation, context, key=key), is_undone=_is_undone)
    except Stopped as stopped:
        return await _undone(Answering(operation, context), stopped)
    except Refusal:
        raise
    except Exception as error:  # noqa: BLE001  (explained or masked)
        return failed(error)


def check(operation: Operation) -> None:
    """Refuse what must be kept when the rest is undone, such as a count of failures, and what shows a secret."""
    for member in operation.plan.members:
        node = member.node
        if isinstance(node, Python) and isinstance(node.field, Mutation) and node.field.alone:
            raise BadInput(f"`{member.name}` is done by itself: send it without `@atomic` and without a key.")


def key_of(operation: Operation, viewer: Viewer) -> Key | None:
    """The key that the operation came with."""
    given = _given(operation, viewer)
    if given is None:
        return None
    if not isinstance(given, str) or not 0 < len(given) <= MAX_KEY or "\0" in given:
        raise BadInput(f"An idempotency key is a text of 1 to {MAX_KEY} characters, none of which is NUL.", at=KEY)
    request = operation.request
    body = dumps([request.query, request.operation_name, request.variables or {}], option=OPT_SORT_KEYS)
    names = " ".join(member.name for member in operation.plan.members)
    return Key(names, given, hashlib.sha256(body).digest())


def _given(operation: Operation, viewer: Viewer) -> Any:
    """The idempotency key that was sent. A guest's is not looked at: there is nobody whose it would be."""
    extensions = operation.request.extensions
    return extensions.get(KEY) if extensions and not viewer.is_guest else None


def _is_undone(error: Exception) -> bool:
    """Whether another transaction was in the way, which is over now."""
    return any(map(is_deadlock, error.raised if isinstance(error, Stopped) else [error]))


async def _at_once(answering: Answering, member: Member, showing: Showing, *, key: Key | None) -> Answer:
    """The answer to the only field, by the statement that is all of the transaction, and keeps it if there is a key."""
    if key:
        given = key.parameters(await kept.pieces(answering, member))
        answering.operation.showings[member.key] = showing._replace(values={**showing.values, **given})
    try:
        payload = await done(member, answering.operation, answering.context)
        if isinstance(payload, Shown) and payload.known:
            return await kept.repeated(answering, payload.known)
        found = await answering.show(member, payload)
    except KeyReused:
        raise
    except Exception as error:  # noqa: BLE001  (explained or masked)
        found = answering.failures.add(error)
    return answering.answer(kept.whole(answering, member, found))


async def _whole(operation: Operation, context: Context, *, key: Key | None) -> Answer:
    async with context.database.transaction() as transaction:
        inside = context.within(transaction)
        if key:
            async with transaction.work(context.viewer) as work:
                known = await idempotency.begin(work, key)
            if known is not None:
                return await kept.repeated(Answering(operation, inside), known)
        found, payloads = dict[str, Any](), dict[str, Payload]()
        for member in operation.plan.members:
            found[member.key], payloads[member.key] = await _done(Answering(operation, inside), member)
        if key:
            await transaction.tell()
            async with transaction.work(context.viewer) as work:
                await idempotency.keep(work, key, kept.written(payloads, found, dumps(transaction.moved)))
    context.viewer = inside.viewer
    context.moved.update(transaction.moved)
    return {"data": found}


async def _done(answering: Answering, member: Member) -> tuple[Any, Payload]:
    """Do a field; returns what is selected of it and its payload, and raises Stopped."""
    if isinstance(member.node, Constant):
        return member.node.value, {}
    transaction, failures = answering.context.transaction, answering.failures
    assert transaction
    found = None
    payload: Payload = {}
    try:
        payload = await done(member, answering.operation, answering.context)
        if not transaction.has_failed:
            found = await answering.show(member, payload)
    except Exception as error:  # noqa: BLE001  (explained or masked)
        found = failures.add(error)
    answer = answering.answer({member.key: found}, [member])
    if "errors" in answer or transaction.has_failed:
        # What was shown of it is as it was in the transaction, and nothing of that is kept.
        raise Stopped(member, dict(payload), answer.get("errors", ()), [*failures.by_number.values(), *failures.raised])
    return answer["data"][member.key], payload


async def _undone(answering: Answering, stopped: Stopped) -> Answer:
    """The answer of a transaction that was stopped: the reason, and at all other fields that they are not done."""
    reason = RolledBack(f"Nothing of this operation was done, because of `{stopped.member.key}`.")
    found: dict[str, Any] = {}
    for member in answering.operation.plan.members:
        if isinstance(member.node, Constant):
            found[member.key] = member.node.value
        elif stopped.errors:
            found[member.key] = None if member is stopped.member else answering.failures.add(reason)
        else:
            payload = stopped.payload if member is stopped.member else told([reason])
            found[member.key] = await answering.show(member, payload)
    answer = answering.answer(found)
    errors = shown([*stopped.errors, *answer.get("errors", ())])
    return answer | ({"errors": errors} if errors else {})

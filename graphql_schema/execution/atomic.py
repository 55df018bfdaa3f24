"""Mutations whose fields are one transaction: because the operation says `@atomic`, or has an idempotency key.

A key is kept in the transaction of the change that it stands for, together with the answer, so that neither is ever
there without the other. That is why the fields of an operation with a key are one transaction, too.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from functools import partial
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from graphql import GraphQLError
from orjson import OPT_SORT_KEYS, Fragment, dumps

from db.access import Viewer
from db.actions import idempotency
from db.actions.idempotency import Key
from db.deadlocks import is_deadlock, repeated
from db.errors import BadInput, Refusal, RolledBack
from graphql_schema.core.context import Context
from graphql_schema.core.mutations import Mutation, told
from graphql_schema.execution.answers import Answer, answered, located, with_errors
from graphql_schema.execution.operations import Operation
from graphql_schema.execution.steps import Step

KEY = "idempotencyKey"
MAX_KEY = 255

Payload = Mapping[str, Any]
Show = Callable[[Operation, Context, Step, Payload, list[GraphQLError]], Awaitable[Any]]

turns: WeakValueDictionary[tuple[UUID | None, Key], asyncio.Lock] = WeakValueDictionary()
"""Who repeats what is still being done waits here, and not with a connection to the database."""


class Stopped(Exception):  # noqa: N818  (an outcome: nothing is kept)
    """A field was refused, which its payload tells, or failed with errors."""

    def __init__(self, step: Step, payload: Payload, errors: list[GraphQLError]) -> None:
        super().__init__(step.key)
        self.step = step
        self.payload = payload
        self.errors = errors


def is_asked_for(operation: Operation, viewer: Viewer) -> bool:
    """Whether the operation is to be done as a whole or not at all."""
    if operation.kind != "mutation":
        return False
    return operation.definition.is_atomic or _given(operation, viewer) is not None


async def run(operation: Operation, context: Context, *, show: Show) -> Answer:
    """The answer, kept under the operation's key if it has one; or what stopped it, and then nothing of it is done.

    Raises KeyReused, and BadInput for what cannot be sent so.
    """
    check(operation)
    key = key_of(operation, context.viewer)
    turn = turns.setdefault((context.viewer.id, key), asyncio.Lock()) if key else nullcontext()
    try:
        async with turn:
            return await repeated(partial(_whole, operation, context, key=key, show=show), is_undone=_is_undone)
    except Stopped as stopped:
        return await _undone(operation, context, stopped, show=show)
    except Refusal:
        raise
    except Exception as error:  # noqa: BLE001  (explained or masked)
        return {"data": None} | with_errors([GraphQLError(str(error), original_error=error)])


def check(operation: Operation) -> None:
    """Refuse what must be kept when the rest is undone: sign-ins that fail are counted."""
    for step in operation.plan.steps:
        if isinstance(step.field, Mutation) and step.field.guests:
            raise BadInput(f"`{step.selected.name}` is done by itself: send it without `@atomic` and without a key.")


def key_of(operation: Operation, viewer: Viewer) -> Key | None:
    """The key that the operation came with."""
    given = _given(operation, viewer)
    if given is None:
        return None
    if not isinstance(given, str) or not 0 < len(given) <= MAX_KEY:
        raise BadInput(f"An idempotency key is a text of 1 to {MAX_KEY} characters.", at=KEY)
    request = operation.request
    body = dumps([request.query, request.operation_name, request.variables or {}], option=OPT_SORT_KEYS)
    names = " ".join(step.selected.name for step in operation.plan.steps)
    return Key(names, given, hashlib.sha256(body).digest())


def _given(operation: Operation, viewer: Viewer) -> Any:
    """What was sent as a key. A guest's is not looked at: there is nobody whose it would be."""
    extensions = operation.request.extensions
    return extensions.get(KEY) if extensions and not viewer.is_guest else None


def _is_undone(error: Exception) -> bool:
    """Whether another transaction was in the way, which is over now."""
    errors = [one.original_error for one in error.errors] if isinstance(error, Stopped) else [error]
    return any(map(is_deadlock, errors))


async def _whole(operation: Operation, context: Context, *, key: Key | None, show: Show) -> Answer:
    async with context.database.transaction() as transaction:
        inside = context.within(transaction)
        if key:
            async with transaction.work(context.viewer) as work:
                kept = await idempotency.begin(work, key)
            if kept is not None:
                return {"data": Fragment(kept)}
        found = {step.key: await _done(operation, inside, step, show=show) for step in operation.plan.steps}
        if key:
            async with transaction.work(context.viewer) as work:
                await idempotency.keep(work, key, dumps(found))
    context.viewer = inside.viewer
    return {"data": found}


async def _done(operation: Operation, context: Context, step: Step, *, show: Show) -> Any:
    """What is selected of a field, once it is done; raises Stopped."""
    if step.is_typename:
        return step.parent.name
    assert step.field
    assert context.transaction
    errors: list[GraphQLError] = []
    payload: Payload = {}
    try:
        payload = await step.field.resolve(None, context, step.name, dict(step.arguments(operation.variables)))
        if not context.transaction.has_failed:
            found = await show(operation, context, step, payload, errors)
    except Exception as error:  # noqa: BLE001  (explained or masked)
        errors.append(located(error, step, []))
    if errors or context.transaction.has_failed:
        raise Stopped(step, payload, errors)
    return found


async def _undone(operation: Operation, context: Context, stopped: Stopped, *, show: Show) -> Answer:
    """What stopped it, and at all other fields that they are not done."""
    reason = RolledBack(f"Nothing of this operation was done, because of `{stopped.step.key}`.")
    others = [step for step in operation.plan.steps if step is not stopped.step and not step.is_typename]
    errors = list(stopped.errors)
    if errors:
        return {"data": None} | with_errors([*errors, *(located(reason, step, []) for step in others)])
    found: dict[str, Any] = {step.key: step.parent.name for step in operation.plan.steps if step.is_typename}
    for step in (stopped.step, *others):
        payload = stopped.payload if step is stopped.step else told([reason])
        found[step.key] = await show(operation, context, step, payload, errors)
    return answered(operation.plan.steps, found, errors)

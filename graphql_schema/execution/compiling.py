"""Compiles the statements of operations beside the event loop, before anything is held that others wait for."""

from functools import partial

from db.statements import Statement
from graphql_schema.core.context import Context
from graphql_schema.core.tree import Row
from graphql_schema.execution.asked import Asked
from graphql_schema.execution.operations import Operation
from graphql_schema.execution.plan import Plan, size


async def compile_ahead(operation: Operation, context: Context) -> None:
    """Compile all that an operation is going to read, if statements read it, and charge for it.

    Raises BadInput for what is too deep, Overloaded, and what `context.take_text` does.
    """
    plan = operation.plan
    for members in plan.reads if operation.is_compiled else ():
        asked = plan.asked(members, operation.variables)
        if asked.members and not plan.written(asked, context.viewer):
            await _charged(plan, asked, context)


async def statement(plan: Plan, asked: Asked, context: Context) -> Statement:
    """The statement for what is asked, which is not kept; raises what `compile_ahead` does.

    Who has a connection has had all compiled ahead, and puts together at most. What shows what is done already has to
    be told, and is not charged for any more.
    """
    if context.is_holding:
        return plan.statement(asked, context.viewer)
    return await (_compiled if _is_of_payload(asked) else _charged)(plan, asked, context)


async def _charged(plan: Plan, asked: Asked, context: Context) -> Statement:
    context.take_text(0)
    found = await _compiled(plan, asked, context)
    context.take_text(len(found.sql))
    return found


async def _compiled(plan: Plan, asked: Asked, context: Context) -> Statement:
    """It takes up to half a second: others wait for one of the fields at most."""
    apart = asked.apart
    for one in apart if len(apart) > 1 else ():
        await _made(plan, one, context)
    return await _made(plan, asked, context)


async def _made(plan: Plan, asked: Asked, context: Context) -> Statement:
    worker, statements, viewer = plan.memory.worker, plan.memory.statements, context.viewer
    make = partial(plan.compile, asked, viewer)
    return await worker.get_or_make(statements, plan.key(asked, viewer), make, size, payer=context.payer)


def _is_of_payload(asked: Asked) -> bool:
    node = asked.members[0].node
    return isinstance(node, Row) and node.payload is not None

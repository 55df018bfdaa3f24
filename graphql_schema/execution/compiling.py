"""Compiles the statements of operations beside the event loop, before anything is held that others wait for."""

from functools import partial

from db.change_sql import ChangeStatement
from db.engine import HEAVY
from db.statements import Statement
from graphql_schema.core.context import Context
from graphql_schema.core.mutations import Showing
from graphql_schema.core.tree import Member, Row
from graphql_schema.execution.asked import Asked
from graphql_schema.execution.operations import Operation
from graphql_schema.execution.plan import Plan, references, size


async def compile_ahead(operation: Operation, context: Context, *, alone: bool = True) -> None:
    """Compile all that an operation is going to read, if statements read it, and charge for it.

    `alone` says whether each field of a mutation is a transaction of its own. Raises BadInput for what is too deep,
    Overloaded, and what `context.take_text` does.
    """
    plan = operation.plan
    if not operation.is_compiled:
        return
    shown = [await _change_ahead(operation, member, context, alone=alone) for member in plan.changes]
    for members in plan.reads:
        asked = plan.asked(members, operation.variables)
        if asked.members and members not in shown and not plan.written(asked, context.viewer):
            await _charged(plan, asked, context)


async def _change_ahead(operation: Operation, member: Member, context: Context, *, alone: bool) -> list[Member]:
    """Compile the statement of a field that is one; returns the rows that it shows."""
    plan, statements = operation.plan, operation.plan.memory.statements
    rows, asked = _shown(operation, member)
    key = plan.change_key(member, asked, context.viewer, alone=alone)
    found = statements.get(key)
    if found is None:
        context.take_text(0)
        make = partial(plan.compile_change, member, asked, context.viewer, alone=alone)
        found = await plan.memory.worker.get_or_make(statements, key, make, size, payer=context.payer)
        context.take_text(len(found.sql))
    return rows if isinstance(found, ChangeStatement) and found.shows else []


def showing(operation: Operation, member: Member, context: Context) -> Showing:
    """The statement of a field that is one, with the values that its selection needs. It was compiled ahead."""
    _, asked = _shown(operation, member)
    alone = context.transaction is None
    return Showing(operation.plan.change(member, asked, context.viewer, alone=alone), asked.values)


def _shown(operation: Operation, member: Member) -> tuple[list[Member], Asked]:
    """The rows that the statement of a change shows of a payload: none if to read all that is selected is heavy."""
    rows = [row for row, _ in references(member)] if operation.estimate.weight < HEAVY else []
    return rows, operation.plan.asked(rows, operation.variables)


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

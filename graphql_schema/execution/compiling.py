"""Compiles the statements of operations beside the event loop, before anything is held that others wait for."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from db.change.declared import UpdateEach
from db.change.parts import Form
from db.engine import HEAVY
from db.statements import Statement
from graphql_schema.core.context import Context
from graphql_schema.core.mutations import Showing
from graphql_schema.core.tree import Constant, Member, Row
from graphql_schema.execution.asked import Asked
from graphql_schema.execution.operations import Operation
from graphql_schema.execution.plan import Plan, change_of, references, size


async def compile_ahead(operation: Operation, context: Context, *, form: Form = Form.ALONE) -> None:
    """Compile all that an operation is going to change, and to read if statements read it, and charge for it.

    `form` is that of the statements of a mutation. Raises BadInput for what is too deep, Overloaded, and what
    `context.take_text` does.
    """
    plan = operation.plan
    changes = [] if context.viewer.is_guest else plan.changes  # a guest is refused
    shown = [await _change_ahead(operation, member, context, form=form) for member in changes]
    for members in plan.reads if operation.is_compiled else ():
        asked = plan.asked(members, operation.variables)
        if asked.members and members not in shown and not plan.written(asked, context.viewer):
            await _charged(context, partial(_compiled, plan, asked, context))


async def _change_ahead(operation: Operation, member: Member, context: Context, *, form: Form) -> list[Member]:
    """Have the statement of a field that is one ready; returns the rows that it shows.

    It shows none of what graphql-core answers, nor where all that is selected is heavy to read.
    """
    plan, viewer = operation.plan, context.viewer
    is_shown = operation.is_compiled and operation.estimate.weight < HEAVY
    rows = [row for row, _ in references(member)] if is_shown else []
    asked = plan.asked(rows, operation.variables)
    key = (member.key, form, *plan.key(asked, viewer))
    make = partial(plan.compile_change, member, asked, viewer, form=form)
    found: Any = plan.memory.statements.get(key)
    if found is None:
        found = await _charged(context, partial(_made, plan, key, make, context))
    operation.showings[member.key] = Showing(found, asked.values)
    return rows if found.shows else []


async def at_once_ahead(operation: Operation, context: Context, *, form: Form) -> tuple[Member, Showing] | None:
    """Compile the statement that does and shows all of an operation, if it has one field that is one; returns both."""
    plan = operation.plan
    fields = [member for member in plan.members if not isinstance(member.node, Constant)]
    if not operation.is_compiled or context.viewer.is_guest or len(fields) != 1 or fields != plan.changes:
        return None
    [member] = fields
    if isinstance(change_of(member.node), UpdateEach):  # what is refused of it is told after the statement
        return None
    await _change_ahead(operation, member, context, form=form)
    found = operation.showings[member.key]
    return (member, found) if found.statement.shows or not references(member) else None


async def statement(plan: Plan, asked: Asked, context: Context) -> Statement:
    """The statement for what is asked, which is not kept; raises what `compile_ahead` does.

    Who has a connection has had all compiled ahead, and puts together at most. What shows what is done already has to
    be told, and is not charged for any more.
    """
    if context.is_holding:
        return plan.statement(asked, context.viewer)
    compiling, node = partial(_compiled, plan, asked, context), next(iter(asked.members)).node
    is_of_payload = isinstance(node, Row) and node.payload is not None
    return await (compiling() if is_of_payload else _charged(context, compiling))


async def _charged(context: Context, compiling: Callable[[], Awaitable[Statement]]) -> Statement:
    context.take_text(0)
    found = await compiling()
    context.take_text(len(found.sql))
    return found


async def _compiled(plan: Plan, asked: Asked, context: Context) -> Statement:
    """It takes up to half a second: others wait for one of the fields at most."""
    apart = asked.apart
    for one in apart if len(apart) > 1 else ():
        await _compiled(plan, one, context)
    return await _made(plan, plan.key(asked, context.viewer), partial(plan.compile, asked, context.viewer), context)


async def _made(plan: Plan, key: tuple[Any, ...], make: Callable[[], Statement], context: Context) -> Statement:
    return await plan.memory.worker.get_or_make(plan.memory.statements, key, make, size, payer=context.payer)

"""Compiles the statements of operations beside the event loop, before anything is held that others wait for."""

from functools import partial

from db.access import Viewer
from db.errors import BadInput
from db.statements import Statement
from graphql_schema.core.context import Context
from graphql_schema.core.tree import Row
from graphql_schema.execution.asked import Asked
from graphql_schema.execution.coalescing import Coalescing
from graphql_schema.execution.operations import Operation
from graphql_schema.execution.plan import Plan
from graphql_schema.execution.threads import Turns, in_thread


class Compiling:
    """Has the thread in `turns`."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self._under_way = Coalescing[int]()

    async def ahead(self, operation: Operation, context: Context) -> None:
        """Compile all that an operation is going to read, and charge for it.

        Raises BadInput for what is too deep, Overloaded, and what `context.take_text` does.
        """
        plan = operation.plan
        for members in plan.reads:
            asked = plan.asked(members, operation.variables)
            if asked.members and not plan.written(asked, context.viewer):
                await self._charged(plan, asked, context)

    async def statement(self, plan: Plan, asked: Asked, context: Context) -> Statement:
        """The statement for what is asked, which is not kept; raises what `ahead` does.

        Who has a connection has had all compiled ahead, and puts together at most. What shows what is done already has
        to be told, and is not charged for any more.
        """
        if not context.is_holding:
            await (self._compile if _is_of_payload(asked) else self._charged)(plan, asked, context)
        return plan.statement(asked, context.viewer)

    async def _charged(self, plan: Plan, asked: Asked, context: Context) -> None:
        context.take_text(0)
        context.take_text(await self._compile(plan, asked, context))

    async def _compile(self, plan: Plan, asked: Asked, context: Context) -> int:
        """The length of the statement, which is compiled once for all who wait for it."""
        compile_ = partial(self._in_turns, plan, asked, context)
        return await self._under_way.once(plan.key(asked, context.viewer), compile_)

    async def _in_turns(self, plan: Plan, asked: Asked, context: Context) -> int:
        """It takes up to half a second: others wait for one of the fields at most."""
        for some in (*asked.apart, asked):
            async with self.turns.turn(context.payer):
                found = await in_thread(partial(_compiled, plan, some, context.viewer))
        return len(found.sql)


def _compiled(plan: Plan, asked: Asked, viewer: Viewer) -> Statement:
    try:
        return plan.statement(asked, viewer)
    except RecursionError:
        raise BadInput("This is nested too deeply.") from None


def _is_of_payload(asked: Asked) -> bool:
    node = asked.members[0].node
    return isinstance(node, Row) and node.payload is not None

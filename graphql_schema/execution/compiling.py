"""Compiles the statements of operations beside the event loop, before anything is held that others wait for."""

from collections.abc import Sequence
from functools import partial

from db.access import Viewer
from db.errors import BadInput
from db.statements import Statement
from graphql_schema.core.context import Context
from graphql_schema.core.mutations import Reference
from graphql_schema.execution.aside import Turns, aside
from graphql_schema.execution.coalescing import Coalescing
from graphql_schema.execution.operations import Operation
from graphql_schema.execution.plan import Asked, Plan
from graphql_schema.execution.steps import Step


class Compiling:
    """Has the thread in `turns`."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self._under_way = Coalescing[int]()

    async def ahead(self, operation: Operation, context: Context) -> None:
        """Compile all that an operation is going to read, and charge for it.

        Raises BadInput for what is too deep, Overloaded, and what `context.take_text` does.
        """
        for steps in operation.plan.reads:
            ready, asked = asked_of(operation, steps)
            if ready and not operation.plan.written(ready, asked, context.viewer):
                await self._charged(operation.plan, ready, asked, context)

    async def statement(self, plan: Plan, steps: Sequence[Step], asked: Asked, context: Context) -> Statement:
        """The statement for these steps, which is not kept; raises the same.

        Who has a connection has had all compiled ahead, and puts together at most. What shows what is done already has
        to be told, and is not charged for any more.
        """
        if not context.is_holding:
            is_done = isinstance(steps[0].field, Reference)
            await (self._compile if is_done else self._charged)(plan, steps, asked, context)
        return plan.statement(steps, asked, context.viewer)

    async def _charged(self, plan: Plan, steps: Sequence[Step], asked: Asked, context: Context) -> None:
        context.take_text(0)
        context.take_text(await self._compile(plan, steps, asked, context))

    async def _compile(self, plan: Plan, steps: Sequence[Step], asked: Asked, context: Context) -> int:
        """The length of the statement, which is compiled once for all who wait for it."""
        compile_ = partial(self._in_turns, plan, steps, asked, context)
        return await self._under_way.once(plan.key(steps, asked, context.viewer), compile_)

    async def _in_turns(self, plan: Plan, steps: Sequence[Step], asked: Asked, context: Context) -> int:
        """It takes up to half a second: others wait for one of the steps at most."""
        for some in (*([step] for step in steps), steps):
            async with self.turns.turn(context.payer):
                found = await aside(partial(_compiled, plan, some, asked, context.viewer))
        return len(found.sql)


def _compiled(plan: Plan, steps: Sequence[Step], asked: Asked, viewer: Viewer) -> Statement:
    try:
        return plan.statement(steps, asked, viewer)
    except RecursionError:
        raise BadInput("This is nested too deeply.") from None


def asked_of(operation: Operation, steps: Sequence[Step]) -> tuple[list[Step], Asked]:
    """The steps whose arguments make sense, and the arguments of all."""
    asked = Asked()
    for step in steps:
        asked.add(step, operation.variables)
    return [step for step in steps if step.number not in asked.failures], asked

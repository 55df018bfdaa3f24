"""Queries: one statement answers all root fields that a statement can answer; what only Python can compute goes to
graphql-core.
"""

from typing import Any

from orjson import loads

from db.errors import BadInput, Forbidden
from graphql_schema.core.context import Context
from graphql_schema.execution.answering import Answering
from graphql_schema.execution.answers import Answer
from graphql_schema.execution.operations import Operation
from graphql_schema.execution.resolving import introspect


async def answer(operation: Operation, context: Context) -> Answer:
    """The answer to a query."""
    answering, plan = Answering(operation, context), operation.plan
    if operation.is_dry_run:
        priced = [member for member in plan.members if member.key in plan.rate_limits]
        return answering.answer(await answering.resolve(plan.rate_limits), priced)
    found = plan.constants | await answering.read(plan.compiled)
    if plan.introspects:
        found |= answering.failures.resolved(await introspect(operation, context))
    elif plan.obstacles:
        found |= await answering.resolve(plan.obstacles)
    return answering.answer(found)


async def explain(operation: Operation, context: Context, *, analyze: bool = False) -> dict[str, Any]:
    """The statement of a query with PostgreSQL's plan for it, for an administrator; with `analyze` it is run.

    Raises Forbidden for everybody else, and BadInput for what no statement answers.
    """
    if not context.viewer.is_admin:
        raise Forbidden("Only administrators see how an operation is answered.")
    if operation.kind != "query" or operation.plan.obstacles:
        raise BadInput("Only a query that is compiled as a whole can be explained.")
    asked = operation.plan.asked(operation.plan.compiled, operation.variables)
    for error in asked.failures.values():
        raise error
    statement = operation.plan.statement(asked, context.viewer)
    arguments = asked.arguments(statement, context.viewer)
    options = "ANALYZE, BUFFERS, FORMAT JSON" if analyze else "FORMAT JSON"
    ((plan,),) = await context.database.readers.fetch(f"EXPLAIN ({options}) {statement.sql}", arguments)
    return {"sql": statement.sql, "parameters": list(statement.types), "plan": loads(plan)}

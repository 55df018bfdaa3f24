"""From the text of an operation to its answer: parse, validate, run.

request → Executor.prepare → Operation → Executor.execute   → the answer of a query or a mutation
                                       → Executor.subscribe → an answer for every event
"""

from graphql_schema.execution.executor import Executor, Operation, Request, RequestError

__all__ = ["Executor", "Operation", "Request", "RequestError"]

"""From the text of an operation to its answer.

Follow one through the modules in this order:

1. `documents`  finds the operation of a text that was parsed and validated before, or does both now, within `limits`:
                a definition (`definitions`), which keeps what is made of it for everybody;
2. `values`     counts the values that came with it, `variables` coerces them, `misfits` says why one does not fit;
3. `selection`  collects what it selects on a type, with fragments and directives, and merges what has the same key;
4. `steps`      are the fields so found, each with its declaration and with its arguments made ready for SQL,
                or turned by `inputs` into what functions take;
5. `plan`       says which steps a statement can answer, and what they `cost`; keeps the statements compiled so far,
                of each root field and of all together;
6. `compiler`   writes the statement: `pages` its lists, `json_text` the JSON;
7. `operations` is what came of all this: an operation that can be run, and says what it costs;
8. `executor`   runs it, within a `deadline`, and hands the text that PostgreSQL wrote to the transport, as it is.

Reads of one statement that come at the same moment share a round trip, each with its own values (`db.batches`): under
load that is half of what PostgreSQL does for a small read. Rows that mutations add share it too.

The fields of a mutation are done one after the other in `mutating`; as one transaction, because the operation says so
or has an idempotency key, in `atomic`. What failed is put into the answer by `answers`, whoever answers.
A query that defers parts of its answer (`@defer`, `@stream`) is cut up by `parts`, for clients that want that: each
part is an operation of its own, with a statement of its own. `delivery` runs them on one state of the database, and
`increments` says what each brings to the answer that is there; `slices` are the rests of lists.

A subscription answers every event, through `listening`; what many wait for at one moment is `coalescing`: done once.

What takes Python long, such as a text that is new, is done `aside`, in a thread, before anything is held that others
wait for, and kept within bounds (`memory`).

What a statement cannot answer goes to graphql-core (`resolving`), which resolves the same declarations through batches
(`graphql_schema.core.context`), and so does everything for an `Executor(schema, compiles=False)`: the two must agree.
"""

from graphql_schema.core.errors import RequestError
from graphql_schema.execution.cost import Estimate
from graphql_schema.execution.executor import Executor
from graphql_schema.execution.limits import Limits
from graphql_schema.execution.operations import CostError, Operation, Request

__all__ = ["CostError", "Estimate", "Executor", "Limits", "Operation", "Request", "RequestError"]

"""The viewer, any object by its id, and the cost of an operation."""

from db import tables
from graphql_schema.core import roots
from graphql_schema.core.rate_limit import RateLimit

viewer = roots.Viewer("The user who is signed in; null for a guest.", tables.User)
node = roots.node
nodes = roots.nodes
rate_limit = RateLimit(
    "What this operation costs, and what is left; null where nobody counts. With `dryRun: true` an operation is priced "
    "without being run: the answer has this field and no other.",
    weight=0,
)

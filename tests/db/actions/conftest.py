"""A worker beside the graph, which delivers invitations."""

from tests.db.queue.conftest import queue, working
from tests.graphql_schema.conftest import listen, told

__all__ = ["listen", "queue", "told", "working"]

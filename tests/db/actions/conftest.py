"""A worker beside the graph, which delivers invitations."""

from tests.db.queue.conftest import queue, working

__all__ = ["queue", "working"]

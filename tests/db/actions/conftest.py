"""A worker beside the graph, which delivers invitations and what rules tell."""

from tests.db.asking_github import github
from tests.db.queue.conftest import queue, working
from tests.graphql_schema.conftest import listen, told
from tests.graphql_schema.notification_rules.sending import proof, receiver, sending

__all__ = ["github", "listen", "proof", "queue", "receiver", "sending", "told", "working"]

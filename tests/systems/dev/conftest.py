"""What the rows need beside the graph: subscribers, the product, a worker, and a server that rules tell."""

from tests.app.conftest import prefix, served
from tests.db.queue.conftest import queue, working
from tests.graphql_schema.conftest import listen, told
from tests.graphql_schema.notification_rules.sending import proof, receiver, sending

__all__ = ["listen", "prefix", "proof", "queue", "receiver", "sending", "served", "told", "working"]

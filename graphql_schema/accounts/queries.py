"""The viewer, all people for those who look after them, any object by its id, and the cost of an operation."""

from db import tables
from db.tables import UserRole
from graphql_schema.accounts.types import UserCount
from graphql_schema.core import aggregate, listing, lookup, restricted, roots
from graphql_schema.core.rate_limit import RateLimit

LOOKERS = UserRole.ADMIN, UserRole.MODERATOR
"""The roles that see all people."""

viewer = roots.Viewer(
    "The user who is signed in; null for a guest, and for an API key without the scope `accounts:read`.", tables.User
)
user = restricted(
    lookup(
        tables.User,
        "A person whom you may find. The case of letters does not matter in `username` and `email`; `email` is for "
        "administrators.",
        "username",
        "email",
        in_any_case=True,
    ),
    lambda viewer, given: viewer.is_admin or given.get("email") is None,
)
users = restricted(
    listing(
        tables.User,
        "Everybody, for administrators and moderators. `search` looks for names and usernames, and for administrators "
        "in e-mail addresses, too.",
    ),
    lambda viewer, _: viewer.role in LOOKERS,
)
user_counts = restricted(
    aggregate(tables.User, UserCount, "How many people have which role, for administrators and moderators."),
    lambda viewer, _: viewer.role in LOOKERS,
)
node = roots.node
nodes = roots.nodes
rate_limit = RateLimit(
    "What this operation costs, and what is left; null where nobody counts. With `dryRun: true` an operation is priced "
    "without being run: the answer has this field and no other.",
    weight=0,
)

"""Who asks, and any object by its id."""

from db import tables
from graphql_schema.core import roots

viewer = roots.Viewer("The user who is signed in; null for a guest.", tables.User)
node = roots.node
nodes = roots.nodes

"""The kernel of the graph, which all slices share: declarations of types, edges, lists, mutations and subscriptions."""

from graphql_schema.core.connections import listing, many, many_to_many
from graphql_schema.core.fields import column, deprecated, one, part, sql
from graphql_schema.core.mutations import mutation
from graphql_schema.core.nodes import NODES, node, part_of
from graphql_schema.core.roots import lookup, root
from graphql_schema.core.subscriptions import subscription

__all__ = [
    "NODES",
    "column",
    "deprecated",
    "listing",
    "lookup",
    "many",
    "many_to_many",
    "mutation",
    "node",
    "one",
    "part",
    "part_of",
    "root",
    "sql",
    "subscription",
]

"""The kernel of the graph, which all slices share: declarations of types, edges, lists, mutations and subscriptions."""

from graphql_schema.core.connections import listing, many, many_to_many
from graphql_schema.core.fields import column, deprecated, embedded, one, sql
from graphql_schema.core.mutations import mutation
from graphql_schema.core.nodes import NODES, embedded_in, node
from graphql_schema.core.roots import lookup, root
from graphql_schema.core.subscriptions import subscription
from graphql_schema.core.unions import abstract, listing_of, many_of, searching, union

__all__ = [
    "NODES",
    "abstract",
    "column",
    "deprecated",
    "embedded",
    "embedded_in",
    "listing",
    "listing_of",
    "lookup",
    "many",
    "many_of",
    "many_to_many",
    "mutation",
    "node",
    "one",
    "root",
    "searching",
    "sql",
    "subscription",
    "union",
]

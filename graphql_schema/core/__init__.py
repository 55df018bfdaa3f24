"""The kernel of the graph, which all slices share: declarations of types, edges, lists, mutations and subscriptions."""

from graphql_schema.core.aggregates import aggregate, aggregate_of, period
from graphql_schema.core.changes import add, declared, delete, transition, update, update_each
from graphql_schema.core.connections import listing, many, many_to_many
from graphql_schema.core.edge_fields import of_item
from graphql_schema.core.expressions import sql
from graphql_schema.core.fields import column, deprecated, embedded, one
from graphql_schema.core.figures import average, count, highest, lowest, percentile, ratio, share, total
from graphql_schema.core.made import keyed, made, opened
from graphql_schema.core.mutations import mutation
from graphql_schema.core.named import named
from graphql_schema.core.nodes import NODES, embedded_in, interface, node
from graphql_schema.core.presence import presence, signal
from graphql_schema.core.references import references
from graphql_schema.core.restricted import restricted
from graphql_schema.core.roots import lookup, root
from graphql_schema.core.shapes import shaped
from graphql_schema.core.signature import number
from graphql_schema.core.subscriptions import events
from graphql_schema.core.unions import abstract, among, listing_of, many_of, searching, union

__all__ = [
    "NODES",
    "abstract",
    "add",
    "aggregate",
    "aggregate_of",
    "among",
    "average",
    "column",
    "count",
    "declared",
    "delete",
    "deprecated",
    "embedded",
    "embedded_in",
    "events",
    "highest",
    "interface",
    "keyed",
    "listing",
    "listing_of",
    "lookup",
    "lowest",
    "made",
    "many",
    "many_of",
    "many_to_many",
    "mutation",
    "named",
    "node",
    "number",
    "of_item",
    "one",
    "opened",
    "percentile",
    "period",
    "presence",
    "ratio",
    "references",
    "restricted",
    "root",
    "searching",
    "shaped",
    "share",
    "signal",
    "sql",
    "total",
    "transition",
    "union",
    "update",
    "update_each",
]

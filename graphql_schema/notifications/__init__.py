"""What people are told of while they are away."""

from graphql_schema.notifications import mutations, queries, types

__all__ = ["mutations", "queries", "types"]

"""Organizations and their members."""

from graphql_schema.organizations import queries, types

__all__ = ["queries", "types"]

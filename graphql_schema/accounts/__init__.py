"""People and their sign-ins."""

from graphql_schema.accounts import mutations, queries, types

__all__ = ["mutations", "queries", "types"]

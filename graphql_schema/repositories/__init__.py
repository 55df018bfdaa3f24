"""Repositories and what happens in them."""

from graphql_schema.repositories import queries, types

__all__ = ["queries", "types"]

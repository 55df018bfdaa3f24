"""Courses, who takes them, and how far they are."""

from graphql_schema.courses import mutations, queries, subscriptions, types

__all__ = ["mutations", "queries", "subscriptions", "types"]

"""Specification projects, their documents, and the talk about them."""

from graphql_schema.specs import mutations, queries, subscriptions, types

__all__ = ["mutations", "queries", "subscriptions", "types"]

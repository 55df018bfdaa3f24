"""Repositories from the root."""

from db import tables
from graphql_schema.core import listing, lookup

repository = lookup(tables.Repository, "A repository of your organizations.", "full_name")
repositories = listing(tables.Repository, "The repositories of your organizations, as far as you see them.")

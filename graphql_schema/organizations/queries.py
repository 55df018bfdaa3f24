"""Organizations from the root."""

from db import tables
from graphql_schema.core import listing, lookup

organization = lookup(tables.Organization, "An organization of yours.", "slug")
organizations = listing(tables.Organization, "The organizations that you belong to.")

"""Specification projects from the root."""

from db import tables
from graphql_schema.core import listing, lookup

project = lookup(tables.SpecificationProject, "A specification project that you own or are an active member of.")
projects = listing(tables.SpecificationProject, "The specification projects that you own or are an active member of.")

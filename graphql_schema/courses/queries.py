"""Courses from the root."""

from db import tables
from graphql_schema.core import listing, lookup

course = lookup(tables.Course, "A course of the catalogue, or a draft of yours.", "slug")
courses = listing(tables.Course, "The catalogue, and your own drafts.")

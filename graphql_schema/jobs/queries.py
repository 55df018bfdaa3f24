"""Jobs from the root."""

from db import tables
from graphql_schema.core import listing, lookup

job = lookup(tables.Job, "One job.")
jobs = listing(tables.Job, "Jobs that you asked for, or that are for an organization which you manage.")

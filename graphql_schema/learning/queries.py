"""Learning modules from the root."""

from db import tables
from graphql_schema.core import listing, lookup

learning_module = lookup(tables.LearningModule, "A published learning module, or a draft of yours.", "slug")
learning_modules = listing(tables.LearningModule, "The published learning modules, and your own drafts.")

"""The union of all that full-text search finds."""

from db import tables
from graphql_schema.core import union

SearchResult = union(
    "SearchResult",
    "Something that full-text search finds. Select what you show of each type: `... on Course { title slug }`.",
    tables.SpecificationProject,
    tables.SpecificationDocument,
    tables.Comment,
    tables.Course,
    tables.Lesson,
    tables.Repository,
    tables.LearningModule,
)

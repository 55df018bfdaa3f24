"""Full-text search from the root."""

from graphql_schema.core import searching
from graphql_schema.search.types import SearchResult

search = searching(SearchResult, "The objects that a text is found in, of all that you see, best first.")

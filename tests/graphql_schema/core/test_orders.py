"""Orders: over columns and expressions, null last in both directions, by rank; each page by page and by both paths."""

"""Reviews of documents, and suggestions for their texts."""

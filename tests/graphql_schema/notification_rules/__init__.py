"""Rules by which people are told of what happens in repositories."""

"""Rules by which people are told of what happens in repositories, and what was delivered by them."""

"""Repositories and what happens in them."""

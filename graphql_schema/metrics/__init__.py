"""Repositories and the people who work in them in numbers."""

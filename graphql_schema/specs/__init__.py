"""Specification projects, their documents, and the talk about them."""

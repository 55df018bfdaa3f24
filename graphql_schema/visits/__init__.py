"""Visits: how far people have seen documents, and what is new to them."""

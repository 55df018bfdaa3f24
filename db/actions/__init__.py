"""Verbs: what changes more than one row, and what must not be done out of turn."""

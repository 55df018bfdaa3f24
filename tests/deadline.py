"""How long a test waits for what has to happen: longer than a busy machine takes, as nobody waits where all is well."""

DEADLINE = 60.0
"""Seconds."""

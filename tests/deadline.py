"""How long a test waits for what has to happen: longer than a busy machine takes, as nobody waits where all is well."""

DEADLINE = 60.0
"""Seconds."""
SLOWER = 2.5
"""How many times as long something may take on a machine that is slower than those on which it was measured."""

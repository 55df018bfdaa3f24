"""The tests. The garbage collector looks seldom from here on, as this is imported before all else."""

import gc

ALLOCATIONS = 100_000
"""Objects that are made before it looks. At the 20,000 of a server it takes a sixth of the time: tests leave more."""

gc.set_threshold(ALLOCATIONS)

"""The eight operations as hand-written SQL."""

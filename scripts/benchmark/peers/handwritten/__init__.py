"""The six operations as hand-written SQL."""

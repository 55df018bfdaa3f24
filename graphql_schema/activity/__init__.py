"""The things that happened, over all slices."""

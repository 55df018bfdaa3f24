"""Search over all slices at once."""

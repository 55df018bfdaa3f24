"""Learning modules, and the progress in them."""

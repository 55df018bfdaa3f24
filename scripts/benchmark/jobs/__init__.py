"""Jobs, measured: how many a second a worker does, how soon it begins them, and what a reader notices of it."""

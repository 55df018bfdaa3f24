"""Jobs: work that somebody asked for and that is done later."""

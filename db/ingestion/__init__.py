"""Messages of GitHub are read as facts, which come to the same rows in whichever order they arrive."""

"""History of local clones, read by git itself."""

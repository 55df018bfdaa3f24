"""How long organizations keep what grows by itself."""

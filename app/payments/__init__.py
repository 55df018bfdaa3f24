"""The way by which providers of payments tell of them, and how they prove that it is they."""

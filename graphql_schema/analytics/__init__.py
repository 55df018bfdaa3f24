"""How lively projects are, in figures."""

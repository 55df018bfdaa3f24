"""People and their sign-ins."""

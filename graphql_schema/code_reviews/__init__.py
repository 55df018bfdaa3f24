"""Reviews of pull requests by a program."""

"""Tests of reviews of pull requests by a program."""

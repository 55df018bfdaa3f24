"""Tests of what providers of payments tell."""

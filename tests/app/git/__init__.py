"""Tests of what is read from local clones."""

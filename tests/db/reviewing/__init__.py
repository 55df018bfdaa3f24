"""Tests of reviews of texts."""

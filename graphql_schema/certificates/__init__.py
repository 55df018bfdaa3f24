"""Certificates of courses."""

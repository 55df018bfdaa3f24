"""Courses, who takes them, and how far they are."""

"""Courses, their students, and how far these are."""

"""Courses in numbers."""

"""Quizzes of courses."""

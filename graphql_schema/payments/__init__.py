"""Payments for courses."""

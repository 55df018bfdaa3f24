"""Texts as plain values: where something stands in one, how two differ, and what became of a place.

A character is a Unicode code point, a line ends at `\\n` and nowhere else, and both are counted from 0.
"""

"""Certificates outside of the graph: a page that verifies one, and its document as a PDF."""

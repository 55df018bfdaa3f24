"""Deliveries of GitHub, and what is missing of them."""

"""Addresses and logins by which people are known, in commits and on GitHub."""

"""Notifications: news for people while they are away."""

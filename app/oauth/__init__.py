"""Signing in with providers: GitHub, Google and others that speak OpenID Connect, by OAuth 2 (RFC 6749, 7636, 9700).

A sign-in begins at `/auth/{provider}`, goes on at the provider, and ends at `/auth/{provider}/callback`.
"""

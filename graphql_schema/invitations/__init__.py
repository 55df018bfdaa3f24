"""Invitations by e-mail address, to organizations and to projects."""

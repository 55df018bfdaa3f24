"""The credentials that come over a socket: the first with `connection_init`, and others that renew it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.auth import Sessions, given
from app.graph import Client
from app.sockets.closing import Closing
from db.errors import Unauthenticated

EXPIRES_IN = "credentialExpiresIn"
"""The member of a ping or a pong with the seconds for which the credential of the socket still holds."""


def authorization_in(payload: Mapping[Any, Any]) -> str | None:
    """The credential in a payload, if any: a member of its own or among `headers`, however it is written."""
    headers = payload.get("headers")
    members = [*payload.items(), *(headers.items() if isinstance(headers, dict) else ())]
    found = [value for name, value in members if name.lower() == "authorization"]
    if not all(isinstance(value, str | None) for value in found):
        raise Closing(4400, "The authorization must be a text.")
    return next(filter(None, map(given, found)), None)


async def renewed(sessions: Sessions, client: Client, credential: str | None) -> Client:
    """The client with another credential, if one came; raises Unauthenticated if it is not of the same user and role,
    and what `Sessions.viewer` does.
    """
    if credential in {None, client.credential}:
        return client
    viewer = await sessions.viewer(credential)
    if not viewer.acts_as(client.viewer):
        raise Unauthenticated("This credential is another user's, or of another role. Open another socket.")
    return replace(client, viewer=viewer, credential=credential)

"""The secrets that GitHub signs with, two an organization: one in use, and the one before it until it is in use."""

import secrets

from db import tables
from db.keyring import Keyring
from db.queue.declared import job
from db.queue.steps import Steps
from db.sealed import Sealed
from db.tables import OrganizationEventKind
from db.write import Work

BYTES = 32
SEALED = Sealed(tables.Organization, ("webhook_secret", "previous_webhook_secret"), owner="id")


def known(keyring: Keyring, organization: tables.Organization) -> list[str]:
    """The secrets with which a message for an organization can be signed, that in use first; raises Unreadable."""
    return [text for name in SEALED.columns if (text := SEALED.text(keyring, organization, name)) is not None]


async def rotate(work: Work, organization: tables.Organization) -> str:
    """A new secret of an organization, which must be locked. The one that it had still holds, until the next time."""
    held = SEALED.text(work.keyring, organization, "webhook_secret")
    secret = secrets.token_urlsafe(BYTES)
    SEALED.put(work.keyring, organization, "previous_webhook_secret", held)
    SEALED.put(work.keyring, organization, "webhook_secret", secret)
    work.audit("webhook_secret_rotated", organization)
    await work.happened(OrganizationEventKind.ORGANIZATION_CHANGED, organization)
    return secret


@job(cron="33 3 * * *", at_once=1)
async def seal_webhook_secrets_anew(steps: Steps) -> None:
    """Seal secrets with the secret in use that are sealed with an older one, which then can be taken away."""
    await SEALED.seal_anew(steps)

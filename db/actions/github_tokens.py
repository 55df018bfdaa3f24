"""The tokens with which GitHub is asked, one an organization, sealed for it and never shown."""

import re
from datetime import UTC, datetime

from sqlalchemy import select

from db import tables
from db.errors import BadInput
from db.keyring import Keyring
from db.outgoing import Unanswered
from db.queue.declared import job
from db.queue.steps import Steps
from db.sealed import Sealed
from db.tables import OrganizationEventKind
from db.upstream import Limited, TokenRefused
from db.write import Work

LONGEST = 500
"""Characters of a token."""
WORD = re.compile(r"[\x21-\x7e]+", re.ASCII)
SEALED = Sealed(tables.Organization, ("github_token",), owner="id")
ANEW = dict.fromkeys(("github_token_refused_at", "github_retry_at"))
"""Nothing is known of how GitHub takes a token."""


def known(keyring: Keyring, organization: tables.Organization) -> str | None:
    """The token of an organization, if it has one; raises Unreadable."""
    return SEALED.text(keyring, organization, "github_token")


async def put(work: Work, organization: tables.Organization, token: str | None) -> None:
    """Give an organization, which must be locked, another token, or none. Raises BadInput for what can be none."""
    if token is not None and not WORD.fullmatch(token):
        raise BadInput("A token of GitHub has letters, digits and signs alone, without spaces.", at="token")
    SEALED.put(work.keyring, organization, "github_token", token)
    work.change(organization, ANEW)
    work.audit("github_token_set" if token else "github_token_removed", organization)
    await work.happened(OrganizationEventKind.ORGANIZATION_CHANGED, organization)


async def note(work: Work, organization: tables.Organization, error: Unanswered | None = None) -> None:
    """Note how GitHub took the token that an organization had when it was asked: well, where there is no `error`."""
    row = tables.Organization
    same = row.id == organization.id, row.github_token == organization.github_token
    if (found := await work.scalar(select(row).where(*same).with_for_update())) is None:
        return
    values: dict[str, datetime | None] = dict(ANEW)
    match error:
        case TokenRefused():
            values["github_token_refused_at"] = found.github_token_refused_at or datetime.now(UTC)
        case Limited(until=until):
            values["github_retry_at"] = until
        case Unanswered():
            return
    if work.change(found, values):
        await work.happened(OrganizationEventKind.ORGANIZATION_CHANGED, found)


@job(cron="43 3 * * *", at_once=1)
async def seal_github_tokens_anew(steps: Steps) -> None:
    """Seal tokens with the secret in use that are sealed with an older one, which then can be taken away."""
    await SEALED.seal_anew(steps)

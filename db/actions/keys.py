"""API keys: made, changed, and given another secret. Whatever happens to one is an event of its owner."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, BindParameter, DateTime, Uuid, func, literal, select, update
from sqlalchemy.types import TypeEngine

from db import tables
from db.access import rule_of, slices
from db.actions.accounts import check_verified
from db.actions.notifications import alert
from db.actions.plans import ORGANIZATIONS, PERSONS, check_room
from db.errors import BadInput, Conflict
from db.permissions import MANAGE, OWN
from db.queue.declared import clears
from db.rules import nobody
from db.tables import ApiKeyEventKind
from db.tokens import KEY_SHOWN, new_key
from db.write import Work

PURPOSE = "keys"
"""The purpose for which the keyring signs secrets."""
OVERLAP = timedelta(hours=24)
"""How long the secret before a rotation still holds."""
REVOKED_KEPT = timedelta(days=90)
"""How long it can be seen that a key was revoked."""
FOR_PEOPLE_ALONE = {"accounts:write", "keys:write"}
"""The scopes of no key: who people are, and what lets somebody in, is for them to change."""
SCOPES = sorted(
    {f"{name}:{verb}" for table, name in slices.items() if rule_of(table) is not nobody for verb in ("read", "write")}
    - FOR_PEOPLE_ALONE
)
"""The scopes that a key can have."""

revoked_keys = clears(tables.ApiKey, lambda row: row.revoked_at < func.now() - REVOKED_KEPT, cron="47 4 * * *")


async def create_key(
    work: Work, organization_id: str | None, *, scopes: Sequence[str], **columns: Any
) -> tuple[tables.ApiKey, str]:
    """A new key of the viewer with its secret, for themselves or for an organization that they manage.

    Raises Forbidden for people who have not shown their address, and where the plan has no room for it.
    """
    await check_verified(work)
    organization = await _make_room(work, organization_id)
    secret = new_key()
    key = await work.add(
        tables.ApiKey(
            user_id=work.viewer_id,
            organization_id=organization and organization.id,
            secret_prefix=secret[:KEY_SHOWN],
            key_hash=work.keyring.sign(PURPOSE, secret.encode()),
            scopes=checked(scopes),
            **columns,
        )
    )
    work.audit("api_key_created", key)
    await work.happened(ApiKeyEventKind.API_KEY_CREATED, key)
    await alert(
        work, key.user_id, "There is a new API key", f"{key.name} ({key.secret_prefix}…). Revoke it if it is not yours."
    )
    return key, secret


async def own_key(work: Work, public_id: str) -> tables.ApiKey:
    """A key of the viewer, to be changed; raises Conflict for one that was revoked."""
    key = await work.get(tables.ApiKey, public_id, at="keyId", may=OWN, lock=True)
    if key.revoked_at:
        raise Conflict("This key was revoked. Create another.", at="keyId", current=key)
    return key


async def update_key(work: Work, key: tables.ApiKey, changes: Mapping[str, Any]) -> None:
    """Give a key other values of these columns. It must be locked."""
    if "scopes" in changes:
        changes = {**changes, "scopes": checked(changes["scopes"])}
    if work.change(key, changes):
        work.audit("api_key_changed", key)
        await work.happened(ApiKeyEventKind.API_KEY_CHANGED, key)


async def rotate_key(work: Work, key: tables.ApiKey) -> str:
    """A new secret for a key, which must be locked. The one that it had holds for a day more, any before that no more.

    It stays one key, with one limit.
    """
    secret = new_key()
    key.previous_hash, key.previous_until = key.key_hash, datetime.now(UTC) + OVERLAP
    key.key_hash, key.secret_prefix = work.keyring.sign(PURPOSE, secret.encode()), secret[:KEY_SHOWN]
    work.audit("api_key_rotated", key)
    await work.happened(ApiKeyEventKind.API_KEY_ROTATED, key)
    await alert(
        work,
        key.user_id,
        "An API key has a new secret",
        f"{key.name} ({key.secret_prefix}…). Revoke it if it was not you.",
    )
    return secret


async def note_uses(work: Work, uses: Mapping[UUID, tuple[int, datetime]]) -> None:
    """Add to keys how often they were used, and when last. Two processes lock the same keys in one direction."""
    key = tables.ApiKey
    await work.execute(select(key.id).where(key.id.in_(uses)).order_by(key.id).with_for_update(key_share=True))
    ids, times, moments = ([*column] for column in zip(*((one, *use) for one, use in uses.items()), strict=True))
    given = func.unnest(_array(ids, Uuid()), _array(times, BigInteger()), _array(moments, DateTime(timezone=True)))
    used = given.table_valued("id", "times", "last").render_derived()
    values = {
        "usage_count": key.usage_count + used.c.times,
        "last_used_at": func.greatest(key.last_used_at, used.c.last),
    }
    await work.execute(update(key).where(key.id == used.c.id).values(values), synchronize_session=False)


def checked(scopes: Sequence[str]) -> list[str]:
    """Scopes, each once and in their order; raises BadInput for one that no key can have."""
    if not set(scopes) <= set(SCOPES):
        raise BadInput(f"The scopes of a key are among these: {', '.join(SCOPES)}.", at="scopes")
    return sorted(set(scopes))


async def _make_room(work: Work, organization_id: str | None) -> tables.Organization | None:
    """The organization, if it is for one. Whoever has the limit is locked, so that two do not find the same room.

    A key that has ended by itself takes its room until it is revoked: it could be prolonged.
    """
    key = tables.ApiKey
    kept = select(func.count()).select_from(key).where(key.revoked_at.is_(None))
    if organization_id is None:
        mine = select(tables.User).where(tables.User.id == work.viewer_id).with_for_update(key_share=True)
        user = (await work.scalars(mine)).one()
        own = kept.where(key.user_id == user.id, key.organization_id.is_(None))
        await check_room(work, PERSONS[user.plan].api_keys, own, of="API keys")
        return None
    organization = await work.get(tables.Organization, organization_id, at="organizationId", may=MANAGE, lock=True)
    of_it = kept.where(key.organization_id == organization.id)
    await check_room(work, ORGANIZATIONS[organization.plan].api_keys, of_it, of="API keys")
    return organization


def _array(values: Sequence[Any], type_: TypeEngine[Any]) -> BindParameter[Any]:
    return literal(values, ARRAY(type_))

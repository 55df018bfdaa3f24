"""Calls of what people do with API keys and passkeys."""

from db import tables
from db.actions import challenges, keys, passkeys
from db.write import Work
from tests.conftest import ORIGIN
from tests.db.calls import Call
from tests.graphql_schema.accounts.authenticator import Authenticator
from tests.world import NOON


async def owned(work: Work, key: tables.ApiKey) -> None:
    work.change(await keys.own_key(work, key.public_id), {"rate_limit": 7})


async def renamed(work: Work, key: tables.ApiKey) -> None:
    await keys.update_key(work, await keys.own_key(work, key.public_id), {"name": "renamed"})


async def rotated(work: Work, key: tables.ApiKey) -> None:
    await keys.rotate_key(work, await keys.own_key(work, key.public_id))


async def added(work: Work, name: str) -> Authenticator:
    """The device with a new passkey of the viewer."""
    work.origin = ORIGIN
    device = Authenticator()
    await passkeys.add(work, device.make(await passkeys.begin_registration(work)), name)
    return device


async def signed_in(work: Work) -> None:
    device = await added(work, "phone")
    await passkeys.sign_in(work, device.sign(await passkeys.begin_sign_in(work)), device="by passkey")


async def removed(work: Work) -> None:
    await added(work, "first")
    passkey, _ = await passkeys.add(work, Authenticator().make(await passkeys.begin_registration(work)), "second")
    await passkeys.remove(work, passkey.public_id)


CALLS = (
    Call(
        keys.create_key,
        "vera",
        (),
        lambda work: keys.create_key(work, None, name="made", scopes=["specs:read"]),
        "SELECT count(*) = 1 FROM api_keys WHERE name = 'made'",
    ),
    Call(keys.own_key, "ada", ("adas_key",), owned, "SELECT count(*) = 1 FROM api_keys WHERE rate_limit = 7"),
    Call(keys.update_key, "ada", ("adas_key",), renamed, "SELECT count(*) = 1 FROM api_keys WHERE name = 'renamed'"),
    Call(
        keys.rotate_key,
        "ada",
        ("analyticals_key",),
        rotated,
        "SELECT previous_until > now() FROM api_keys WHERE name = 'analyticals_key'",
    ),
    Call(
        keys.note_uses,
        "ada",
        ("analyticals_key",),
        lambda work, key: keys.note_uses(work, {key.id: (3, NOON)}),
        "SELECT usage_count = 3 FROM api_keys WHERE name = 'analyticals_key'",
    ),
    Call(
        passkeys.add,
        "vera",
        (),
        lambda work: added(work, "tablet"),
        "SELECT count(*) = 1 FROM passkeys WHERE name = 'tablet'",
    ),
    Call(passkeys.sign_in, "sam", (), signed_in, "SELECT count(*) = 1 FROM sessions WHERE device = 'by passkey'"),
    Call(
        passkeys.remove,
        "ines",
        (),
        removed,
        "SELECT array_agg(p.name) = '{first}' FROM passkeys p JOIN users u ON u.id = user_id WHERE u.name = 'Ines'",
    ),
    Call(
        challenges.spend,
        "ada",
        (),
        lambda work: challenges.spend(work, challenges.new_challenge(work, "a purpose"), "a purpose"),
        "SELECT count(*) > 1 FROM passkey_challenges",
    ),
)

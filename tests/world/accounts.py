"""Everybody, each signed in. Ada has a password, Olga and she have accounts at GitHub, Ben a passkey, some links."""

from datetime import timedelta

from db import tables
from db.actions import accounts
from db.tables import UserRole, VerificationPurpose
from db.tokens import token_hash
from db.write import Work
from tests.world import NOON, PEOPLE, World

PASSWORD = "correct horse battery staple"
LINKS = {
    "v": ("ada", VerificationPurpose.VERIFY_EMAIL),
    "l": ("ada", VerificationPurpose.MAGIC_LINK),
    "i": ("ines", VerificationPurpose.MAGIC_LINK),
    "o": ("rob", VerificationPurpose.MAGIC_LINK),
    "r": ("sam", VerificationPurpose.RESET_PASSWORD),
}
"""The links that can be followed, by the letter that their token is made of."""


def link_of(letter: str) -> str:
    """The token of a link."""
    return f"trv_{letter * 43}"


async def make(world: World, work: Work) -> None:
    for name in PEOPLE:
        role = {"ines": UserRole.INSTRUCTOR, "root": UserRole.ADMIN}.get(name, UserRole.DEVELOPER)
        address = f"{name}@example.com"
        user = tables.User(email=address, email_verified_at=NOON, name=name.capitalize(), role=role)
        world.rows[name] = await work.add(user)
        world.tokens[name] = await accounts.open_session(work, user)
        (world.rows[f"{name}s_session"],) = (row for row in work.added if getattr(row, "user_id", None) == user.id)
    for letter, (name, purpose) in LINKS.items():
        link = {"identifier": f"{name}@example.com", "purpose": purpose, "expires_at": NOON + timedelta(days=36_500)}
        await work.add(
            tables.VerificationToken(user_id=world.rows[name].id, token_hash=token_hash(link_of(letter)), **link)
        )
    await work.add(tables.Password(user_id=world.ada.id, hash=accounts.hasher.hash(PASSWORD)))
    for name in ("ada", "olga"):
        account = tables.Account(
            user_id=world.rows[name].id, provider="github", provider_account_id=f"of-{name}", name=name
        )
        world.rows[f"{name}s_account"] = await work.add(account)
    device = {"credential_id": b"bens-phone", "public_key": b"of-bens-phone", "transports": ["internal"]}
    world.rows["bens_passkey"] = await work.add(tables.Passkey(user_id=world.ben.id, name="Phone", **device))
    await work.add(tables.PasskeyChallenge(nonce=b"answered-at-noon", expires_at=NOON))

"""What Ada, Ben and Olga have shown to be theirs, and what Analytical says of Ben."""

from db import tables
from db.tables import IdentityKind, IdentityReason
from db.write import Work
from tests.world import World

NEEDS = ("accounts", "organizations")
BENS = "ben@old.example"
"""An address of Ben's at Analytical, where he has said nothing of it himself."""


async def make(world: World, work: Work) -> None:
    for name in ("ada", "ben", "olga"):
        user = world.rows[name]
        assert isinstance(user, tables.User)
        world.rows[f"{name}s_address"] = await work.add(
            tables.Identity(user_id=user.id, kind=IdentityKind.EMAIL, value=user.email)
        )
    merged = tables.Identity(
        user_id=world.ben.id, organization_id=world.analytical.id, kind=IdentityKind.EMAIL, value=BENS
    )
    world.rows["bens_old_address"] = await work.add(merged)
    for organization, member in (("analytical", "ben"), ("remote", "olga")):
        suggestion = tables.IdentitySuggestion(
            organization_id=world.rows[organization].id,
            member_id=world.rows[f"{member}s_membership"].id,
            kind=IdentityKind.EMAIL,
            value=f"{member}@home.example",
            reason=IdentityReason.SAME_NAME,
            author_name=member.capitalize(),
            commits=3,
        )
        world.rows[f"{member}s_suggestion"] = await work.add(suggestion)

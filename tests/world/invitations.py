"""Whom Ada and Olga have invited: Ines to Analytical, a stranger and Olga to Atlas, Sam to Remote."""

from datetime import UTC, datetime, timedelta

from db import tables
from db.tables import InvitationStatus, OrganizationRole, ProjectRole
from db.tokens import token_hash
from db.write import Work
from tests.world import World

NEEDS = ("accounts", "organizations", "specs")


def token(name: str) -> str:
    """The token of the invitation of this name."""
    return f"tri_{name:_<43}"


async def make(world: World, work: Work) -> None:
    to_analytical = {"organization_id": world.analytical.id, "organization_role": OrganizationRole.MEMBER}
    to_remote = {"organization_id": world.remote.id, "organization_role": OrganizationRole.VIEWER}
    to_atlas = {"project_id": world.atlas.id, "project_role": ProjectRole.REVIEWER}
    sent = (
        ("ines_invited", "ines@example.com", "ada", to_analytical, InvitationStatus.PENDING),
        ("stranger_invited", "stranger@example.com", "ada", to_atlas, InvitationStatus.PENDING),
        ("olga_invited", "olga@example.com", "ada", to_atlas, InvitationStatus.DECLINED),
        ("sam_invited", "sam@example.com", "olga", to_remote, InvitationStatus.PENDING),
    )
    for name, email, inviter, target, status in sent:
        world.rows[name] = await work.add(
            tables.Invitation(
                email=email,
                invited_by_id=world.rows[inviter].id,
                status=status,
                token_hash=token_hash(token(name)),
                expires_at=datetime.now(UTC) + timedelta(days=7),
                **target,
            )
        )

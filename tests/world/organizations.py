"""Analytical, where Ada, Ben and Vera have their places, and Remote, which is Olga's."""

from db import tables
from db.tables import OrganizationRole
from db.write import Work
from tests.world import World

NEEDS = ("accounts",)


async def make(world: World, work: Work) -> None:
    world.rows["analytical"] = await work.add(tables.Organization(name="Analytical", slug="analytical"))
    world.rows["remote"] = await work.add(tables.Organization(name="Remote", slug="remote"))
    places = (
        ("analytical", "ada", OrganizationRole.OWNER),
        ("analytical", "ben", OrganizationRole.MEMBER),
        ("analytical", "vera", OrganizationRole.VIEWER),
        ("remote", "olga", OrganizationRole.OWNER),
    )
    for organization, user, role in places:
        membership = tables.OrganizationMember(
            organization_id=world.rows[organization].id, user_id=world.rows[user].id, role=role
        )
        world.rows[f"{user}s_membership"] = await work.add(membership)

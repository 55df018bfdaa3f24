"""What happens to an organization is heard by its members, and by nobody who was one."""

import pytest

from db.errors import AccessLost
from tests.conftest import Graph
from tests.graphql_schema.asking import done
from tests.graphql_schema.conftest import Listen
from tests.graphql_schema.organizations.asking import CHANGE, DELETE, EVENTS, LEAVE, REMOVE, UPDATE
from tests.world import World

ACCEPT = "mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { errors { code } } }"


async def test_members_hear_what_happens_to_their_organization(graph: Graph, world: World, listen: Listen) -> None:
    async with listen("vera", EVENTS, id=world.analytical.public_id) as ear:
        await ear.begun()
        bens = {"memberId": world.bens_membership.public_id}
        await done(graph, "ada", UPDATE, organizationId=world.analytical.public_id, name="Engines")
        await done(graph, "ada", CHANGE, **bens, role="ADMIN")
        await done(graph, "ada", CHANGE, **bens, role="ADMIN")  # which changes nothing
        await done(graph, "ines", ACCEPT, invitationId=world.ines_invited.public_id)
        await done(graph, "ada", REMOVE, **bens)
        heard = [(await ear.hear())["data"]["organizationEvents"] for _ in range(4)]
    of, nobody = {"organization": {"name": "Engines"}}, {"member": None, "deletedMemberId": None}
    assert heard == [
        {"kind": "ORGANIZATION_CHANGED", **of, **nobody},
        {"kind": "MEMBER_CHANGED", **of, **nobody, "member": {"role": "ADMIN"}},
        {"kind": "MEMBER_ADDED", **of, **nobody, "member": {"role": "MEMBER"}},
        {"kind": "MEMBER_REMOVED", **of, **nobody, "deletedMemberId": bens["memberId"]},
    ]


async def test_who_leaves_is_heard_of_like_who_was_removed(graph: Graph, world: World, listen: Listen) -> None:
    async with listen("ada", EVENTS, id=world.analytical.public_id) as ear:
        await ear.begun()
        await done(graph, "ben", LEAVE, memberId=world.bens_membership.public_id)
        heard = (await ear.hear())["data"]["organizationEvents"]
    assert (heard["kind"], heard["deletedMemberId"]) == ("MEMBER_REMOVED", world.bens_membership.public_id)


@pytest.mark.parametrize("way", ["removed", "left", "gone"])
async def test_who_belongs_to_it_no_more_hears_an_error_and_then_nothing(
    graph: Graph, world: World, listen: Listen, way: str
) -> None:
    async with listen("ben", EVENTS, id=world.analytical.public_id) as ear:
        await ear.begun()
        place = {"memberId": world.bens_membership.public_id}
        if way == "removed":
            await done(graph, "ada", REMOVE, **place)
        elif way == "left":
            await done(graph, "ben", LEAVE, **place)
        else:
            await done(graph, "ada", DELETE, organizationId=world.analytical.public_id, name="Analytical")
        with pytest.raises(AccessLost) as lost:
            await ear.hear()
    assert lost.value.details == {"ids": [world.analytical.public_id]}


@pytest.mark.parametrize("way", ["demoted", "removed", "left"])
async def test_what_administrators_see_is_lost_with_that_though_nothing_happens_to_it(
    graph: Graph, world: World, listen: Listen, way: str
) -> None:
    """Ben listens to a job that Ada has asked for, of which he hears nothing else."""
    place = {"memberId": world.bens_membership.public_id}
    await done(graph, "ada", CHANGE, **place, role="ADMIN")
    query = "subscription ($id: ID!) { jobProgress(jobId: $id) { job { status } } }"
    async with listen("ben", query, id=world.report.public_id) as ear:
        assert (await ear.hear())["data"]["jobProgress"]["job"]
        if way == "left":
            await done(graph, "ben", LEAVE, **place)
        else:
            role = {"role": "MEMBER"} if way == "demoted" else {}
            await done(graph, "ada", CHANGE if way == "demoted" else REMOVE, **place, **role)
        with pytest.raises(AccessLost) as lost:
            await ear.hear()
    assert lost.value.details == {"ids": [world.report.public_id]}

"""Organizations: seen by their members alone, with as much of their repositories as each may see."""

import pytest

from db import tables
from db.tables import OrganizationPlan, OrganizationRole, Sensitivity
from tests.conftest import Graph
from tests.graphql_schema.asking import UNKNOWN, add, change, filtered, ordered, scatter, values
from tests.world import NOON, PEOPLE, World

ORGANIZATIONS = "{ organizations(%s) { nodes { slug } } }"
MEMBERS = '{ organization(slug: "analytical") { members(%s) { nodes { role } } } }'


async def test_an_organization_is_read_by_its_members_by_id_or_slug(graph: Graph, world: World) -> None:
    query = """
        query ($id: ID!, $slug: String!) {
          byId: organization(id: $id) { name }
          bySlug: organization(slug: $slug) { name }
        }
    """
    found, nothing = {"name": "Analytical"}, {"byId": None, "bySlug": None}
    for who in (*PEOPLE, None):
        expected = {"byId": found, "bySlug": found} if who in {"ada", "ben", "vera", "root"} else nothing
        assert await graph.data(who, query, id=world.analytical.public_id, slug="analytical") == expected
        assert await graph.data(who, query, id=f"org_{UNKNOWN}", slug="unknown") == nothing


async def test_an_organization_shows_all_of_itself(graph: Graph, world: World) -> None:
    await change(graph.database, world.analytical, description="Engines", avatar_url="https://example.com/a.png")
    query = """
        {
          organization(slug: "analytical") {
            __typename id name slug description avatarUrl plan createdAt updatedAt
            members { totalCount nodes { role createdAt organization { slug } user { name } } }
            viewerMembership { role }
            repositories { nodes { name } }
            projects { nodes { name } }
          }
        }
    """
    organization = (await graph.data("ben", query))["organization"]
    assert organization.pop("createdAt") < organization.pop("updatedAt")
    assert [member.pop("createdAt") is None for member in organization["members"]["nodes"]] == [False] * 3
    assert organization == {
        "__typename": "Organization",
        "id": world.analytical.public_id,
        "name": "Analytical",
        "slug": "analytical",
        "description": "Engines",
        "avatarUrl": "https://example.com/a.png",
        "plan": "FREE",
        "members": {
            "totalCount": 3,
            "nodes": [
                {"role": role, "organization": {"slug": "analytical"}, "user": {"name": name}}
                for role, name in (("OWNER", "Ada"), ("MEMBER", "Ben"), ("VIEWER", "Vera"))
            ],
        },
        "viewerMembership": {"role": "MEMBER"},
        "repositories": {"nodes": [{"name": "engine"}]},
        "projects": {"nodes": [{"name": "Atlas"}]},
    }


async def test_projects_of_an_organization_are_not_seen_by_its_members_as_such(graph: Graph, world: World) -> None:
    await add(graph.database, tables.OrganizationMember(organization_id=world.analytical.id, user_id=world.sam.id))
    query = '{ organization(slug: "analytical") { viewerMembership { role } projects { totalCount nodes { name } } } }'
    assert (await graph.data("sam", query))["organization"] == {
        "viewerMembership": {"role": "MEMBER"},
        "projects": {"totalCount": 0, "nodes": []},
    }


async def test_an_administrator_of_the_platform_has_no_place_in_it(graph: Graph) -> None:
    query = '{ organization(slug: "analytical") { viewerMembership { role } } }'
    assert await graph.data("root", query) == {"organization": {"viewerMembership": None}}


async def test_organizations_are_those_of_the_viewer(graph: Graph) -> None:
    seen = {who: await values(graph, who, ORGANIZATIONS % "first: 9") for who in ("ada", "olga", "sam", "root", None)}
    assert seen == {"ada": ["analytical"], "olga": ["remote"], "sam": [], "root": ["analytical", "remote"], None: []}


async def test_organizations_are_filtered_and_ordered(graph: Graph, world: World) -> None:
    await change(graph.database, world.remote, plan=OrganizationPlan.PRO, created_at=NOON)
    expected = {"plan: [PRO]": ["remote"], "plan: [FREE, PRO]": ["analytical", "remote"], "plan: [ENTERPRISE]": []}
    assert await filtered(graph, "root", ORGANIZATIONS, expected) == expected
    assert await ordered(graph, "root", ORGANIZATIONS, "NAME") == ["analytical", "remote"]
    assert await ordered(graph, "root", ORGANIZATIONS, "CREATED_AT") == ["remote", "analytical"]


async def test_members_are_filtered_and_ordered(graph: Graph) -> None:
    await scatter(graph.database, tables.OrganizationMember, "created_at")
    expected: dict[str, list[str]] = {
        "role: [OWNER]": ["OWNER"],
        "role: [VIEWER, MEMBER]": ["VIEWER", "MEMBER"],
        "role: [ADMIN]": [],
    }
    assert await filtered(graph, "vera", MEMBERS, expected) == expected
    assert await ordered(graph, "vera", MEMBERS, "CREATED_AT") == ["VIEWER", "MEMBER", "OWNER"]


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        (OrganizationRole.OWNER, ["engine", "plans", "vault"]),
        (OrganizationRole.ADMIN, ["engine", "plans", "vault"]),
        (OrganizationRole.MEMBER, ["engine", "plans"]),
        (OrganizationRole.VIEWER, ["engine"]),
    ],
)
async def test_a_role_shows_repositories_by_their_sensitivity(
    graph: Graph, world: World, role: OrganizationRole, sees: list[str]
) -> None:
    place = tables.OrganizationMember(organization_id=world.analytical.id, user_id=world.sam.id, role=role)
    plans = tables.Repository(
        organization_id=world.analytical.id, name="plans", full_name="a/plans", sensitivity=Sensitivity.SENSITIVE
    )
    await add(graph.database, place, plans)
    by_way_of = '{ organization(slug: "analytical") { repositories(orderBy: FULL_NAME_ASC) { nodes { name } } } }'
    assert sorted(await values(graph, "sam", by_way_of)) == sees
    assert sorted(await values(graph, "sam", "{ repositories { nodes { name } } }")) == sees

"""Whom an address or a login means: what is proven first, then what an organization says, and nobody for programs."""

from typing import Any

from db import tables
from db.access import GUEST
from db.actions.identities import Author, author_ids
from db.engine import Database
from db.tables import IdentityKind
from tests.conftest import Graph
from tests.graphql_schema.asking import add
from tests.world import World
from tests.world.identities import BENS


async def meant(database: Database, organization: Any, *authors: Author) -> list[Any]:
    """The ids of whom these authors are, None for those who are not known."""
    async with database.work(GUEST) as work:
        found = await author_ids(work, organization.id, authors)
    return [found.get(author) for author in authors]


def by(email: str | None = None, login: str | None = None, name: str = "Somebody") -> Author:
    return Author(email, login, name)


async def test_an_address_that_is_proven_means_its_person_in_every_organization(graph: Graph, world: World) -> None:
    for organization in (world.analytical, world.remote):
        found = await meant(graph.database, organization, by("Ada@Example.com "), by("nobody@example.com"))
        assert found == [world.ada.id, None]


async def test_what_an_organization_has_merged_counts_there_alone(graph: Graph, world: World) -> None:
    assert await meant(graph.database, world.analytical, by(BENS)) == [world.ben.id]
    assert await meant(graph.database, world.remote, by(BENS)) == [None]


async def test_what_is_proven_comes_before_what_is_merged_and_an_address_before_a_login(
    graph: Graph, world: World
) -> None:
    await add(
        graph.database,
        tables.Identity(user_id=world.olga.id, kind=IdentityKind.EMAIL, value=BENS),
        tables.Identity(user_id=world.ada.id, kind=IdentityKind.LOGIN, value="adal"),
        tables.Identity(
            user_id=world.vera.id, organization_id=world.analytical.id, kind=IdentityKind.LOGIN, value="adal"
        ),
    )
    asked = by(BENS), by(BENS, "adal"), by("unknown@example.com", "AdaL"), by(None, "adal")
    found = await meant(graph.database, world.analytical, *asked)
    assert found == [world.olga.id, world.olga.id, world.ada.id, world.ada.id]


async def test_the_addresses_that_github_makes_mean_the_login(graph: Graph, world: World) -> None:
    await add(graph.database, tables.Identity(user_id=world.ada.id, kind=IdentityKind.LOGIN, value="ada-l"))
    both = by("123+Ada-L@users.noreply.github.com"), by("ada-l@users.noreply.github.com")
    assert await meant(graph.database, world.remote, *both) == [world.ada.id] * 2
    assert await meant(graph.database, world.remote, by("ada-l@users.noreply.gitlab.com")) == [None]


async def test_a_program_is_nobody_even_under_the_address_of_a_person(graph: Graph, world: World) -> None:
    bots = by("ada@example.com", name="Dependabot[bot]"), by("ada@example.com", name="github-actions")
    assert await meant(graph.database, world.analytical, *bots) == [None, None]


async def test_hostile_authors_are_no_more_than_unknown(graph: Graph, world: World) -> None:
    strange = by("'; DROP TABLE users; --"), by("", "", ""), by("a@b" * 10_000), by("%", "_", "\u202e\N{PILE OF POO}")
    assert await meant(graph.database, world.analytical, *strange) == [None] * 4
    assert await meant(graph.database, world.analytical) == []

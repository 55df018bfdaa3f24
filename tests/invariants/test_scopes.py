"""Scopes narrow whatever the rules grant: a credential leads to no row of a slice that it does not name."""

from dataclasses import dataclass, field, replace

import pytest

from db.actions.keys import SCOPES as SCOPES_OF_KEYS
from db.errors import Forbidden, NotFound
from graphql_schema.core.context import Context
from graphql_schema.core.mutations import Mutation
from graphql_schema.core.strawberry_seam import definition_of
from graphql_schema.core.subscriptions import Subscription
from tests.conftest import Graph
from tests.graphql_schema.asking import with_ids
from tests.graphql_schema.test_audit import MUTATIONS, asked
from tests.invariants.conftest import as_served
from tests.invariants.crawler import Found, crawl
from tests.invariants.schema import TABLES, object_type
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")

SLICES = {name: table.__module__.rpartition(".")[2] for name, table in TABLES.items()}
"""The slice of every node."""
SCOPES = {f"{name}:{verb}" for name in {*SLICES.values(), "audit"} for verb in ("read", "write")}


@dataclass
class Scoped(Graph):
    """The graph as it is asked with a credential of these scopes."""

    scopes: frozenset[str] = field(default_factory=frozenset)

    def context(self, who: str | None) -> Context:
        context = super().context(who)
        return replace(context, viewer=replace(context.viewer, scopes=self.scopes))


def scoped(graph: Graph, *scopes: str) -> Scoped:
    return Scoped(graph.database, graph.world, graph.executor, frozenset(scopes))


def types(found: Found) -> set[str]:
    return {name for name, ids in found.items() if ids}


@as_served
@pytest.mark.parametrize("who", ["ada", "sam", "root", None])
@pytest.mark.parametrize("slice_", sorted({*SLICES.values()}))
async def test_a_credential_leads_to_nothing_of_a_slice_that_it_does_not_name(
    graph: Graph, slice_: str, who: str | None
) -> None:
    found = types(await crawl(scoped(graph, f"{slice_}:read"), who))
    assert {SLICES[name] for name in found} <= {slice_}


@as_served
async def test_a_credential_with_all_scopes_leads_wherever_a_session_does(graph: Graph) -> None:
    assert await crawl(scoped(graph, *SCOPES), "ada") == await crawl(graph, "ada")


@as_served
async def test_a_scope_to_write_is_none_to_read(graph: Graph) -> None:
    assert types(await crawl(scoped(graph, *(scope for scope in SCOPES if scope.endswith(":write"))), "root")) == set()


@as_served
@pytest.mark.parametrize("mutation", MUTATIONS)
async def test_a_mutation_needs_the_scope_to_write_of_its_slice(graph: Graph, world: World, mutation: str) -> None:
    who, given = MUTATIONS[mutation]
    reading = scoped(graph, *(scope for scope in SCOPES if scope.endswith(":read")))
    data = await reading.data(who, asked(mutation), input=with_ids(world, given))
    assert [error["code"] for error in data[mutation]["errors"]] == ["FORBIDDEN"]


def slice_of(mutation: str) -> str:
    """The slice of a mutation, whose scope to write it needs."""
    field: Mutation = definition_of(object_type("Mutation").fields[mutation]).declared
    return field.slice


OF_PEOPLE = [name for name in MUTATIONS if slice_of(name) in {"accounts", "keys"}]
"""The mutations that change who people are, and what lets them in."""


@as_served
@pytest.mark.parametrize("mutation", OF_PEOPLE)
async def test_no_key_changes_who_people_are_nor_what_lets_them_in(graph: Graph, world: World, mutation: str) -> None:
    who, given = MUTATIONS[mutation]
    program = scoped(graph, *SCOPES_OF_KEYS)
    data = await program.data(who or "ada", asked(mutation), input=with_ids(world, given))
    assert [error["code"] for error in data[mutation]["errors"]] == ["FORBIDDEN"]


async def test_a_key_can_have_all_other_scopes_and_no_more() -> None:
    assert {*SCOPES_OF_KEYS} == SCOPES - {"accounts:write", "keys:write"}
    needed = {f"{slice_of(name)}:write" for name in MUTATIONS.keys() - OF_PEOPLE}
    assert needed <= {*SCOPES_OF_KEYS}


@as_served
@pytest.mark.parametrize(("name", "slice_"), [("notificationEvents", "notifications"), ("progressEvents", "courses")])
async def test_what_is_the_viewers_own_is_heard_with_the_scope_to_read(
    graph: Graph, world: World, name: str, slice_: str
) -> None:
    field: Subscription = definition_of(object_type("Subscription").fields[name]).declared
    given = {"course_id": world.logic.public_id} if field.of else {}
    others = {scope for scope in SCOPES if not scope.startswith(slice_)}
    assert (await field.feed(scoped(graph, f"{slice_}:read").context("sam"), given)).topic
    with pytest.raises((Forbidden, NotFound)):
        await field.feed(scoped(graph, *others, f"{slice_}:write").context("sam"), given)

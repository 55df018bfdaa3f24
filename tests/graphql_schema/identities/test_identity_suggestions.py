"""Suggestions name addresses and logins that may be a member's, with the reason, and nothing that many people use."""

from typing import Any

import pytest
from sqlalchemy import update

from db import tables
from db.access import GUEST
from db.actions.identity_suggestions import suggest_identities
from db.base import new_id
from db.tables import OrganizationRole
from tests.conftest import Graph
from tests.db.actions.test_media import run
from tests.graphql_schema.asking import add, change, done, listed, refusal
from tests.world import NOON, World

REFRESH = """
    mutation ($input: RefreshIdentitySuggestionsInput!) {
      refreshIdentitySuggestions(input: $input) {
        organization {
          identitySuggestions(filter: {isDismissed: false}) {
            nodes { id kind value reason commits authorName member { user { name } } }
          }
        }
        errors { code path }
      }
    }
"""
DISMISS = """
    mutation ($input: DismissIdentitySuggestionInput!) {
      dismissIdentitySuggestion(input: $input) { suggestion { isDismissed } errors { code path } }
    }
"""
MERGE = """
    mutation ($input: MergeIdentityInput!) { mergeIdentity(input: $input) { identity { id } errors { code path } } }
"""
SUGGESTED = '{ organization(slug: "analytical") { identitySuggestions { nodes { value isDismissed } } } }'


async def committed(graph: Graph, email: str, name: str, *, times: int = 1, **values: Any) -> None:
    """Commits in the repository Engine under an address that nobody knows."""
    of = {"repository_id": graph.world.engine.id, "author_email": email, "author_name": name, **values}
    at = {"authored_at": NOON, "committed_at": NOON, "message": "Change"}
    commits = [tables.Commit(sha=f"{new_id().int:040x}"[-40:], **of, **at) for _ in range(times)]
    await add(graph.database, *commits)


async def found(graph: Graph) -> list[tuple[str, str, str, int]]:
    """What is suggested to Ada: the value, whose it may be, why, and how many commits that are."""
    payload = await done(graph, "ada", REFRESH, organizationId=graph.world.analytical.public_id)
    nodes = payload["organization"]["identitySuggestions"]["nodes"]
    return [(one["value"], one["member"]["user"]["name"], one["reason"], one["commits"]) for one in nodes]


@pytest.fixture
async def named(graph: Graph, world: World) -> World:
    """Members with full names."""
    await change(graph.database, world.ben, name="Ben Höffner", username="benh")
    await change(graph.database, world.vera, name="Vera Molnár")
    return world


async def test_each_suggestion_has_its_reason(graph: Graph, named: World) -> None:
    await committed(graph, "b@work.example", "ben  HOFFNER", times=3)
    await committed(graph, "7+BenH@users.noreply.github.com", "b.", times=2)
    await committed(graph, "vera@work.example", "v.")
    assert await found(graph) == [
        ("b@work.example", "Ben Höffner", "SAME_NAME", 3),
        ("benh", "Ben Höffner", "SAME_LOGIN", 2),
        ("vera@work.example", "Vera Molnár", "SAME_MAILBOX", 1),
    ]


@pytest.mark.parametrize(
    ("email", "names"),
    [
        ("pair@work.example", ["Ben Höffner", "Vera Molnár", "Somebody Else"]),
        ("noreply@work.example", ["Ben Höffner"]),
        ("ben@localhost", ["Ben Höffner"]),
        ("8+helper[bot]@users.noreply.github.com", ["Ben Höffner"]),
        ("vera@work.example", ["Dependabot[bot]"]),
        ("a@work.example", ["Ada"]),
        ("known@work.example", ["Ben Höffner"]),
    ],
    ids=["shared by three names", "by its name", "of a machine", "a program", "by a program", "no full name", "known"],
)
async def test_what_is_shared_a_program_or_vague_is_not_suggested(
    graph: Graph, named: World, email: str, names: list[str]
) -> None:
    known = {"author_id": named.ada.id} if email == "known@work.example" else {}
    for name in names:
        await committed(graph, email, name, **known)
    assert await found(graph) == []


async def test_what_would_fit_two_members_is_suggested_for_none(graph: Graph, named: World) -> None:
    await change(graph.database, named.vera, name="Ben Hoffner")
    await committed(graph, "b@work.example", "Ben Höffner")
    assert await found(graph) == []


async def test_commits_and_members_of_other_organizations_count_for_nothing(graph: Graph, named: World) -> None:
    await change(graph.database, named.olga, name="Olga Oak")
    await committed(graph, "o@work.example", "Olga Oak")
    await committed(graph, "b@work.example", "Ben Höffner", repository_id=named.shore.id)
    assert await found(graph) == []


async def test_a_dismissed_suggestion_does_not_come_back(graph: Graph, named: World) -> None:
    await committed(graph, "b@work.example", "Ben Höffner")
    payload = await done(graph, "ada", REFRESH, organizationId=named.analytical.public_id)
    ((suggestion),) = payload["organization"]["identitySuggestions"]["nodes"]
    dismissed = await done(graph, "ada", DISMISS, suggestionId=suggestion["id"])
    assert dismissed["suggestion"] == {"isDismissed": True}
    assert await found(graph) == []
    assert {"value": "b@work.example", "isDismissed": True} in await listed(graph, "ada", SUGGESTED)
    for name in ("Somebody Else", "Ben Höffner"):  # nor after it did not hold for a while
        async with graph.database.work(GUEST) as work:
            of_address = tables.Commit.author_email == "b@work.example"
            await work.execute(update(tables.Commit).where(of_address).values(author_name=name))
        assert await found(graph) == []


async def test_what_was_merged_is_not_suggested_any_more(graph: Graph, named: World) -> None:
    await committed(graph, "b@work.example", "Ben Höffner")
    ((value, *_),) = await found(graph)
    await done(graph, "ada", MERGE, memberId=named.bens_membership.public_id, value=value)
    assert await listed(graph, "ada", SUGGESTED) == []


async def test_a_job_looks_in_every_organization(graph: Graph, named: World) -> None:
    await committed(graph, "b@work.example", "Ben Höffner")
    await run(graph.database, suggest_identities.name)
    assert await listed(graph, "ada", SUGGESTED) == [{"value": "b@work.example", "isDismissed": False}]


@pytest.mark.parametrize(("who", "code"), [("ben", "FORBIDDEN"), ("vera", "FORBIDDEN"), ("olga", "NOT_FOUND")])
async def test_suggestions_are_for_those_who_manage_the_organization(
    graph: Graph, world: World, who: str, code: str
) -> None:
    asked = {"organizationId": world.analytical.public_id}
    assert await refusal(graph, who, REFRESH, **asked) == (code, "input.organizationId")
    dismissed = await refusal(graph, who, DISMISS, suggestionId=world.bens_suggestion.public_id)
    assert dismissed == ("NOT_FOUND", "input.suggestionId")
    if who == "ben":
        assert await listed(graph, who, SUGGESTED) == []


async def test_an_administrator_of_the_organization_looks_too(graph: Graph, world: World) -> None:
    await change(graph.database, world.veras_membership, role=OrganizationRole.ADMIN)
    await done(graph, "vera", REFRESH, organizationId=world.analytical.public_id)

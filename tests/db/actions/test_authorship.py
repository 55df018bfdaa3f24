"""Authorship follows identities: older rows too, in batches, back again, and whatever happens at the same moment."""

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select, update

from db import tables
from db.access import GUEST
from db.actions import authorship, identities, providers, registration, ways_in
from db.actions.authorship import follow_identities
from db.actions.identities import Author, author_ids
from db.actions.provider_tokens import Tokens
from db.base import Base, new_id
from db.outbox import OutboxEvent, OutboxTopic, topic
from db.tables import IdentityKind, IssueState, ReviewState
from db.tokens import token_hash
from tests.conftest import Graph
from tests.db.actions.test_media import run
from tests.db.queue.conftest import Working
from tests.db.queue.waiting import Queue
from tests.db.waiting import until
from tests.graphql_schema.asking import add, change, done
from tests.graphql_schema.identities.test_mutations import MERGE, UNMERGE
from tests.world import NOON, World
from tests.world.accounts import link_of

OLD = "ada@old.example"
LOGIN = "lovelace"


def commit(repository: Any, email: str, *, name: str = "Somebody", **values: Any) -> tables.Commit:
    return tables.Commit(
        repository_id=repository.id,
        sha=f"{new_id().int:040x}"[-40:],
        message="Change",
        author_name=name,
        author_email=email,
        authored_at=NOON,
        committed_at=NOON,
        **values,
    )


def of_github(world: World, login: str) -> list[Any]:
    """A pull request, a review and an issue of a person, as GitHub has them."""
    number = new_id().int % 2**31
    pull = {"title": "Change", "head_sha": "0" * 40, "opened_at": NOON, "number": number, "author_name": login}
    issue = {
        "title": "Mend it",
        "opened_at": NOON,
        "number": number + 1,
        "author_name": login,
        "state": IssueState.OPEN,
    }
    review = {"reviewer_name": login, "state": ReviewState.APPROVED, "submitted_at": NOON}
    return [
        tables.PullRequest(repository_id=world.engine.id, github_id=number, **pull),
        tables.PullRequestReview(pull_request_id=world.engine_pull.id, github_id=number, **review),
        tables.Issue(repository_id=world.engine.id, github_id=number, **issue),
    ]


async def people(graph: Graph, rows: Sequence[Base]) -> list[UUID | None]:
    """Whose the rows are by now."""
    found = []
    async with graph.database.read() as session:
        for row in rows:
            person = row.__table__.c["reviewer_id" if isinstance(row, tables.PullRequestReview) else "author_id"]
            found.append(await session.scalar(select(person).where(row.__table__.c.id == row.id)))
    return found


async def follow(graph: Graph, *who: tables.User) -> None:
    for user in who:
        await run(graph.database, follow_identities.name, user=user.public_id)


async def identity(graph: Graph, user: tables.User, value: str, **values: Any) -> tables.Identity:
    kind = IdentityKind.EMAIL if "@" in value else IdentityKind.LOGIN
    made = tables.Identity(user_id=user.id, kind=kind, value=value, **values)
    await add(graph.database, made)
    return made


async def prove(graph: Graph, user: tables.User, **shown: str) -> None:
    async with graph.database.work(GUEST) as work:
        await identities.prove(work, await ways_in.lock(work, user.id), **shown)


async def events(graph: Graph, user: tables.User) -> list[str]:
    """The events of identities of a user: each makes the job."""
    of_user = select(OutboxEvent.kind).where(OutboxEvent.topic == topic("user", user.id))
    async with graph.database.read() as session:
        kinds = await session.scalars(of_user.order_by(OutboxEvent.sequence))
        return [kind for kind in kinds if kind.startswith("IDENTITY")]


async def test_older_rows_follow_when_an_address_is_verified(graph: Graph, world: World) -> None:
    older = [commit(world.engine, OLD), commit(world.shore, OLD.title())]
    await add(graph.database, *older)
    await change(graph.database, world.ada, email=OLD.upper(), email_verified_at=None)
    async with graph.database.work(GUEST) as work:
        link = update(tables.VerificationToken).where(tables.VerificationToken.token_hash == token_hash(link_of("v")))
        await work.execute(link.values(identifier=OLD))
        await registration.verify_email(work, link_of("v"))
    assert await events(graph, world.ada) == ["IDENTITY_PROVEN"]
    await follow(graph, world.ada)
    assert await people(graph, older) == [world.ada.id] * 2


async def test_older_rows_follow_when_an_account_is_linked(graph: Graph, world: World) -> None:
    by_login = [
        *of_github(world, LOGIN.title()),
        commit(world.engine, f"1+{LOGIN}@users.noreply.github.com"),
        commit(world.shore, "unknown@example.com", author_username=LOGIN),
    ]
    by_address = [commit(world.engine, OLD)]
    await add(graph.database, *by_login, *by_address)
    profile = providers.Profile("github", "of-ada", email=OLD, github_login=LOGIN)
    async with graph.database.work(world.viewer("ada")) as work:
        await providers.link(work, profile, Tokens("access"))
    await follow(graph, world.ada)
    assert set(await people(graph, [*by_login, *by_address])) == {world.ada.id}
    async with graph.database.work(world.viewer("ada")) as work:
        await providers.link(work, profile, Tokens("access"))
    assert await events(graph, world.ada) == ["IDENTITY_PROVEN"] * 2


async def test_a_merge_counts_in_its_organization_alone_and_an_unmerge_takes_it_back(
    graph: Graph, world: World
) -> None:
    here, elsewhere = commit(world.engine, "pair@example.com"), commit(world.shore, "pair@example.com")
    await add(graph.database, here, elsewhere)
    async with graph.database.work(world.viewer("ada")) as work:
        member = await work.get(tables.OrganizationMember, world.bens_membership.public_id, at="memberId")
        merged = await identities.merge(work, member, "pair@example.com")
    await follow(graph, world.ben)
    assert await people(graph, [here, elsewhere]) == [world.ben.id, None]
    async with graph.database.work(world.viewer("ada")) as work:
        await identities.unmerge(work, await work.get(tables.Identity, merged.public_id, at="identityId", lock=True))
    assert await events(graph, world.ben) == ["IDENTITY_MERGED", "IDENTITY_REMOVED"]
    await follow(graph, world.ben)
    assert await people(graph, [here, elsewhere]) == [None, None]


async def test_many_rows_follow_in_batches_and_the_sequence_of_their_repository_grows(
    graph: Graph, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authorship, "AT_ONCE", 2)
    rows = [commit(world.engine, OLD) for _ in range(5)]
    await add(graph.database, *rows)
    await identity(graph, world.ada, OLD)
    touched = select(OutboxTopic.sequence).where(OutboxTopic.topic == root(world))
    async with graph.database.read() as session:
        before = await session.scalar(touched) or 0
    await follow(graph, world.ada)
    assert set(await people(graph, rows)) == {world.ada.id}
    async with graph.database.read() as session:
        assert await session.scalar(touched) == before + 3  # the 5 are 2, 2 and 1 of a batch


def root(world: World) -> str:
    """The topic of what is in the repository Engine."""
    return topic("repository", world.engine.id)


async def test_what_a_false_claim_has_gained_goes_with_it(graph: Graph, world: World) -> None:
    """Somebody claims the address of another, and links an account of their own."""
    rows = [commit(world.engine, OLD), *of_github(world, LOGIN)]
    await add(graph.database, *rows)
    await prove(graph, world.rob, email=OLD, login=LOGIN)
    await follow(graph, world.rob)
    assert set(await people(graph, rows)) == {world.rob.id}
    async with graph.database.work(GUEST) as work:
        await ways_in.end_all(work, await ways_in.lock(work, world.rob.id))
    assert (await events(graph, world.rob))[-1] == "IDENTITY_REMOVED"
    await follow(graph, world.rob)
    assert set(await people(graph, rows)) == {None}


async def test_an_address_that_was_given_away_is_the_next_persons_but_not_one_to_sign_in_with(
    graph: Graph, world: World
) -> None:
    rows = [commit(world.engine, OLD), commit(world.engine, "ada@example.com")]
    await add(graph.database, *rows)
    await prove(graph, world.ada, email=OLD)
    for address in (OLD, "ada@example.com"):
        await prove(graph, world.ben, email=address)
    await follow(graph, world.ada, world.ben)
    assert await people(graph, rows) == [world.ben.id, world.ada.id]


async def test_an_address_of_many_proves_nothing(graph: Graph, world: World) -> None:
    await prove(graph, world.ada, email="info@example.com", login="renovate[bot]")
    assert await events(graph, world.ada) == []


async def test_who_writes_authors_at_the_moment_of_a_proof_is_followed(graph: Graph, world: World) -> None:
    """The author was looked up before the proof, and the row is written behind it."""
    late = commit(world.engine, OLD)
    async with graph.database.work(GUEST) as writing:
        assert await author_ids(writing, world.analytical.id, [Author(OLD, None, "Ada")]) == {}
        await prove(graph, world.ada, email=OLD)
        following = asyncio.create_task(follow(graph, world.ada))
        await until(graph.database, "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)")
        await writing.add(late)
    await following
    assert await people(graph, [late]) == [world.ada.id]


@pytest.mark.parametrize("seed", range(3))
async def test_authors_are_whom_a_slow_look_says_after_any_changes(graph: Graph, world: World, seed: int) -> None:
    random = Random(seed)
    who = [world.ada, world.ben, world.vera]
    values = ["a@x.example", "b@x.example", "lo", "la"]
    rows = [
        commit(random.choice([world.engine, world.vault, world.shore]), email, name=name, author_username=login)
        for email in ("a@x.example", "B@x.example", "5+lo@users.noreply.github.com", "c@x.example")
        for login in (None, "La")
        for name in ("Somebody", "x[bot]")
    ]
    await add(graph.database, *rows)
    held = dict[tuple[str, UUID | None], tables.User]()
    for _ in range(8):
        key = random.choice(values), random.choice([None, world.analytical.id])
        if gone := held.pop(key, None):
            async with graph.database.work(GUEST) as work:
                table = tables.Identity
                same = table.organization_id.is_not_distinct_from(key[1])
                await work.execute(delete(table).where(table.value == key[0], same))
        else:
            held[key] = random.choice(who)
            await identity(graph, held[key], key[0], organization_id=key[1])
        await follow(graph, gone or held[key])
    of = {world.engine.id: world.analytical.id, world.vault.id: world.analytical.id, world.shore.id: world.remote.id}

    def meant(row: tables.Commit) -> UUID | None:
        if row.author_name.endswith("[bot]"):
            return None
        login = (row.author_username or ("lo" if "noreply" in row.author_email else "")).lower()
        for organization in (None, of[row.repository_id]):
            for value in (row.author_email.lower(), login):
                if user := held.get((value, organization)):
                    return user.id
        return None

    assert await people(graph, rows) == [meant(row) for row in rows]


async def test_a_worker_hears_of_a_merge_and_of_its_end_and_the_graph_shows_both(
    graph: Graph, world: World, queue: Queue, working: Working
) -> None:
    await add(graph.database, one := commit(world.engine, "pair@example.com", name="Pair"))
    shown = "query ($id: ID!) { node(id: $id) { ... on Commit { authorName author { name } } } }"
    asked = {"memberId": world.bens_membership.public_id, "value": "pair@example.com"}
    async with working():
        merged = (await done(graph, "ada", MERGE, **asked))["identity"]["id"]
        await queue.until_empty()
        found = (await graph.data("vera", shown, id=one.public_id))["node"]
        assert found == {"authorName": "Pair", "author": {"name": "Ben"}}
        await done(graph, "ada", UNMERGE, identityId=merged)
        await queue.until_empty()
        assert (await graph.data("vera", shown, id=one.public_id))["node"]["author"] is None

"""How people hear of an invitation, that strangers come together by it, and what becomes of those nobody answers."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from db import tables
from db.access import Viewer
from db.actions.accounts import open_session
from db.actions.invitation_mail import Letter, kept_token, token_of
from db.actions.invitations import expire_invitations
from db.keyring import Keyring
from db.mail import Mail
from db.queue.declared import kinds
from db.tables import InvitationStatus, OrganizationRole
from db.tokens import token_hash
from tests.conftest import Graph
from tests.db.queue.conftest import Working
from tests.db.queue.waiting import Queue
from tests.graphql_schema.accounts.mails import Letterbox
from tests.graphql_schema.asking import change, done, refusal
from tests.graphql_schema.invitations.asking import ACCEPT, MINE, REVOKE, TO_PROJECT
from tests.graphql_schema.specs.test_mutations import ADD_COMMENT
from tests.world import NOON, World

NEWS = "{ viewer { notifications { nodes { type title message data } } } }"
FIND = "query ($id: ID!) { node(id: $id) { id } }"
PAST = datetime(2020, 1, 1, tzinfo=UTC)


async def news(graph: Graph, who: str) -> list[Any]:
    """The invitations that somebody was notified of."""
    found = (await graph.data(who, NEWS))["viewer"]["notifications"]["nodes"]
    return [one for one in found if "invitationId" in one["data"]]


async def invite(graph: Graph, world: World, email: str) -> str:
    """The id of a new invitation to Atlas."""
    given = {"projectId": world.atlas.public_id, "email": email}
    return str((await done(graph, "ada", TO_PROJECT, **given))["invitation"]["id"])


async def delivered(queue: Queue, working: Working) -> list[Mail]:
    """Have all be delivered that waits; returns the mails."""
    async with working(mailer=(box := Letterbox())):
        await queue.until_empty()
    return box.sent


async def test_who_is_known_is_notified(graph: Graph, world: World, queue: Queue, working: Working) -> None:
    invitation = await invite(graph, world, "SAM@example.com")
    assert await news(graph, "sam") == []
    await delivered(queue, working)
    assert await news(graph, "sam") == [
        {
            "type": "COLLABORATION_INVITE",
            "title": "Ada invites you to Atlas",
            "message": "Your role would be: member.",
            "data": {"invitationId": invitation, "projectId": world.atlas.public_id, "role": "MEMBER"},
        }
    ]


async def test_whoever_invites_sees_no_trace_of_who_was_told(
    graph: Graph, world: World, queue: Queue, working: Working
) -> None:
    query = """
        query ($id: ID!) { project(id: $id) { invitations { nodes {
          email status organizationRole projectRole targetName invitedBy { name } organization { name } project { name }
        } } } }
    """
    for email in ("sam@example.com", "nobody@example.com"):
        await invite(graph, world, email)
    await delivered(queue, working)
    found = await graph.data("ada", query, id=world.atlas.public_id)
    nobody, sam = found["project"]["invitations"]["nodes"][:2]
    assert nobody | {"email": ""} == sam | {"email": ""}
    assert (await graph.data("ada", FIND, id=world.sam.public_id))["node"] is None


async def test_a_delivery_that_is_done_twice_tells_once(
    graph: Graph, world: World, queue: Queue, working: Working
) -> None:
    invitation = await invite(graph, world, "sam@example.com")
    for _ in range(2):
        await delivered(queue, working)
        await queue.add((kinds()["deliver_invitation"], {"invitation": invitation}))
    await delivered(queue, working)
    assert len(await news(graph, "sam")) == 1


async def test_what_was_taken_back_before_is_told_to_nobody(
    graph: Graph, world: World, queue: Queue, working: Working
) -> None:
    await done(graph, "ada", REVOKE, invitationId=await invite(graph, world, "sam@example.com"))
    await delivered(queue, working)
    assert await news(graph, "sam") == []


async def test_who_has_not_shown_the_address_is_not_notified(
    graph: Graph, world: World, queue: Queue, working: Working
) -> None:
    await change(graph.database, world.sam, email_verified_at=None)
    await invite(graph, world, "sam@example.com")
    await delivered(queue, working)
    assert await news(graph, "sam") == []


async def test_two_who_never_saw_each_other_begin_to_work_together(
    graph: Graph, world: World, queue: Queue, working: Working
) -> None:
    """Neither sees the other before; Sam finds the invitation among his own, and answers in a thread of Atlas."""
    assert (await graph.data("ada", FIND, id=world.sam.public_id))["node"] is None
    assert (await graph.data("sam", FIND, id=world.atlas.public_id))["node"] is None
    await invite(graph, world, "sam@example.com")
    assert await delivered(queue, working) == []  # who is here needs no mail
    (told,) = await news(graph, "sam")
    waiting = {"email": "sam@example.com", "status": "PENDING", "targetName": "Atlas"}
    mine = (await graph.data("sam", MINE))["viewer"]["invitations"]["nodes"]
    assert mine[0] == waiting | {"organization": None, "project": None}
    await done(graph, "sam", ACCEPT, invitationId=told["data"]["invitationId"])
    await done(graph, "sam", ADD_COMMENT, threadId=world.thread_0.public_id, content="Here I am")
    query = "query ($id: ID!) { node(id: $id) { ... on CommentThread { comments { nodes { author { id name } } } } } }"
    said = (await graph.data("ada", query, id=world.thread_0.public_id))["node"]["comments"]["nodes"]
    assert said[-1]["author"] == {"id": world.sam.public_id, "name": "Sam"}
    assert (await graph.data("ada", FIND, id=world.sam.public_id))["node"]


async def test_a_stranger_registers_and_finds_the_invitation_waiting(
    graph: Graph, world: World, queue: Queue, working: Working
) -> None:
    """Nobody hands it over: it is theirs as soon as they have shown that the address is."""
    invitation = await invite(graph, world, "new@example.com")
    (mail,) = await delivered(queue, working)
    async with graph.database.work(Viewer()) as work:
        stranger = await work.add(tables.User(email="New@example.com", name="New"))
        await open_session(work, stranger)
    known = Graph(graph.database, World(world.rows | {"new": stranger}, world.tokens))
    assert (await known.data("new", MINE))["viewer"]["invitations"]["nodes"] == []
    await change(graph.database, stranger, email_verified_at=NOON)
    (mine,) = (await known.data("new", MINE))["viewer"]["invitations"]["nodes"]
    assert mine["targetName"] == "Atlas"
    token = token_of(graph.database.keyring, next(iter(await ids(graph, invitation))))
    assert mail.to == "new@example.com"
    assert f"/signin?invitation={token}" in mail.text
    accepted = await done(known, "new", ACCEPT, token=token)
    assert accepted["invitation"]["project"]["name"] == "Atlas"


async def test_what_nobody_answers_expires(graph: Graph, world: World) -> None:
    await change(graph.database, world.ines_invited, expires_at=PAST)
    await change(graph.database, world.olga_invited, expires_at=PAST)
    for _ in range(2):
        async with graph.database.work(Viewer()) as work:
            await expire_invitations.function(work)
    async with graph.database.read() as session:
        found = {row.email: row.status for row in await session.scalars(select(tables.Invitation))}
    assert found == {
        "ines@example.com": InvitationStatus.EXPIRED,
        "olga@example.com": InvitationStatus.DECLINED,
        "sam@example.com": InvitationStatus.PENDING,
        "stranger@example.com": InvitationStatus.PENDING,
    }
    assert await refusal(graph, "ines", ACCEPT, invitationId=world.ines_invited.public_id) == (
        "CONFLICT",
        "input.invitationId",
    )


def test_a_mail_says_who_invites_to_what_and_where_to_go() -> None:
    letter = Letter("Ada", tables.Organization(name="Analytical"), OrganizationRole.VIEWER)
    assert letter.subject == "Ada invites you to Analytical"
    text = letter.text("https://trellis.example/signin?invitation=tri_1")
    assert "as viewer" in text
    assert "\n\nhttps://trellis.example/signin?invitation=tri_1\n\n" in text


def test_a_token_is_made_again_when_the_secret_is_another_by_now() -> None:
    older, newer = (("0" * 40,), ("1" * 40, "0" * 40))
    key = uuid4()
    token = token_of(Keyring(older), key)
    sent = tables.Invitation(id=key, token_hash=token_hash(token), expires_at=PAST + timedelta(days=7))
    assert kept_token(Keyring(newer), sent) == token
    assert kept_token(Keyring(("1" * 40,)), sent) is None
    assert token_of(Keyring(newer), key) != token


async def ids(graph: Graph, public_id: str) -> list[Any]:
    """The key of an invitation."""
    async with graph.database.read() as session:
        return [row.id for row in await session.scalars(select(tables.Invitation)) if row.public_id == public_id]

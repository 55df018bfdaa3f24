"""Who is told that a comment names them: people who see the project, once a comment, and of a thread one at a time."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from db.access import GUEST
from db.actions.mentions import MOST, QUICK, names_in, tell_mentioned
from db.address import Address
from db.tables import MembershipStatus
from tests.conftest import Graph
from tests.db.queue.conftest import Working
from tests.db.queue.waiting import Queue
from tests.graphql_schema.asking import change, done
from tests.graphql_schema.conftest import Listen
from tests.graphql_schema.notifications.test_mutations import ARCHIVE, MARK_READ
from tests.world import World

IDS = "comment { id thread { id } } errors { code path }"
OPEN = f"mutation ($input: OpenThreadInput!) {{ openThread(input: $input) {{ {IDS} }} }}"
ADD = f"mutation ($input: AddCommentInput!) {{ addComment(input: $input) {{ {IDS} }} }}"
EDIT = f"mutation ($input: EditCommentInput!) {{ editComment(input: $input) {{ {IDS} }} }}"
DELETE = "mutation ($input: DeleteCommentInput!) { deleteComment(input: $input) { errors { code path } } }"
NEWS = """
    { viewer { unreadNotificationCount notifications(filter: {type: [MENTION]}) {
      nodes { id title message data comment { id content } }
    } } }
"""
EVENTS = "subscription { notificationEvents { kind notification { type comment { id } } } }"
PEOPLE = ("ada", "ben", "vera", "rob", "olga", "sam", "root")


class Talk:
    """People with usernames who talk about Atlas, and a worker beside them."""

    def __init__(self, graph: Graph, world: World, queue: Queue, working: Working) -> None:
        self.graph, self.world, self.queue, self.working = graph, world, queue, working

    async def say(self, who: str, content: str, thread: str = "thread_0") -> str:
        """Say something in a thread; returns the id of the comment."""
        given = {"threadId": getattr(self.world, thread).public_id, "content": content}
        return str((await done(self.graph, who, ADD, **given))["comment"]["id"])

    async def tell(self) -> None:
        """Have all be told who are to be."""
        async with self.working():
            await self.queue.until_empty()
        assert await self.queue.value("SELECT count(*) FROM queue.pgqueuer") == 0, "a job has failed"

    async def news(self, who: str) -> list[Any]:
        """The mentions that somebody was told of, the last one first."""
        found: list[Any] = (await self.graph.data(who, NEWS))["viewer"]["notifications"]["nodes"]
        return found

    async def told(self) -> dict[str, int]:
        """How many mentions each was told of who was told of any."""
        counts = {who: len(await self.news(who)) for who in PEOPLE if who != "root"}
        return {who: count for who, count in counts.items() if count}


@pytest.fixture
async def talk(graph: Graph, world: World, queue: Queue, working: Working) -> Talk:
    for who in PEOPLE:
        await change(graph.database, world.rows[who], username=who.capitalize())
    return Talk(graph, world, queue, working)


async def test_who_is_named_in_a_comment_is_told_of_it(talk: Talk, world: World) -> None:
    comment = await talk.say("ada", "What do you think, @ben?")
    await talk.tell()
    (news,) = await talk.news("ben")
    assert news | {"id": ""} == {
        "id": "",
        "title": "Ada mentions you in Atlas",
        "message": "In a comment on the requirements.",
        "data": {
            "projectId": world.atlas.public_id,
            "documentId": world.requirements.public_id,
            "threadId": world.thread_0.public_id,
            "commentId": comment,
        },
        "comment": {"id": comment, "content": "What do you think, @ben?"},
    }


async def test_who_is_told_hears_it_at_once(talk: Talk, graph: Graph, listen: Listen) -> None:
    async with listen("ben", EVENTS) as ear:
        comment = await talk.say("ada", "@ben")
        await talk.tell()
        graph.database.wake()
        await graph.database.settle()
        assert (await ear.hear())["data"]["notificationEvents"] == {
            "kind": "NOTIFICATION_ADDED",
            "notification": {"type": "MENTION", "comment": {"id": comment}},
        }


async def test_the_first_comment_of_a_thread_names_people_too(talk: Talk, graph: Graph, world: World) -> None:
    given = {"documentId": world.design.public_id, "position": {"line": 0}, "content": "@ben, why?"}
    opened = await done(graph, "ada", OPEN, **given)
    await talk.tell()
    ((news),) = await talk.news("ben")
    assert news["data"]["threadId"] == opened["comment"]["thread"]["id"]


async def test_who_is_named_only_after_an_edit_is_told_then(talk: Talk, graph: Graph, world: World) -> None:
    comment = await talk.say("ada", "Who knows?")
    await talk.tell()
    assert await talk.told() == {}
    await done(graph, "ada", EDIT, commentId=comment, content="Who knows? @ben?")
    await talk.tell()
    assert await talk.told() == {"ben": 1}


async def test_an_edit_tells_nobody_again_not_even_who_has_read_it(talk: Talk, graph: Graph, world: World) -> None:
    comment = await talk.say("ada", "@ben")
    await talk.tell()
    (news,) = await talk.news("ben")
    await done(graph, "ben", MARK_READ, notificationIds=[news["id"]])
    await done(graph, "ada", EDIT, commentId=comment, content="@ben, look")
    await talk.tell()
    assert await talk.told() == {"ben": 1}


async def test_the_case_of_a_name_does_not_matter(talk: Talk) -> None:
    await talk.say("ada", "@BEN and @vErA")
    await talk.tell()
    assert await talk.told() == {"ben": 1, "vera": 1}


async def test_the_owner_is_told_and_nobody_tells_themselves(talk: Talk) -> None:
    await talk.say("ben", "@ada and @ben")
    await talk.tell()
    assert await talk.told() == {"ada": 1}


async def test_who_does_not_see_the_project_is_not_told(talk: Talk) -> None:
    """Olga is a stranger, Rob was removed, and an administrator sees it without being anybody there."""
    await talk.say("ada", "@olga @rob @root @nobody @sam")
    await talk.tell()
    assert await talk.told() == {}
    assert (await talk.graph.data("root", NEWS))["viewer"]["unreadNotificationCount"] == 0


async def test_who_is_removed_before_they_are_told_is_not_told(talk: Talk, graph: Graph, world: World) -> None:
    await talk.say("ada", "@vera")
    await change(graph.database, world.veras_place, status=MembershipStatus.REMOVED)
    await talk.tell()
    assert await talk.told() == {}


async def test_who_is_removed_later_keeps_no_way_to_the_comment(talk: Talk, graph: Graph, world: World) -> None:
    await talk.say("ada", "@vera, a secret")
    await talk.tell()
    await change(graph.database, world.veras_place, status=MembershipStatus.REMOVED)
    (news,) = await talk.news("vera")
    assert news["comment"] is None
    assert "secret" not in str(news)


async def test_a_thread_has_one_mention_at_a_time_that_waits(talk: Talk, graph: Graph) -> None:
    for _ in range(3):
        await talk.say("ada", "@ben")
        await talk.tell()
    assert await talk.told() == {"ben": 1}
    await talk.say("ada", "@ben", thread="thread_1")
    await talk.tell()
    assert await talk.told() == {"ben": 2}


@pytest.mark.parametrize("mutation", [MARK_READ, ARCHIVE])
async def test_who_has_looked_is_told_of_the_next(talk: Talk, graph: Graph, mutation: str) -> None:
    await talk.say("ada", "@ben")
    await talk.tell()
    (news,) = await talk.news("ben")
    await done(graph, "ben", mutation, notificationIds=[news["id"]])
    await talk.say("ada", "@ben, again")
    await talk.tell()
    assert await talk.told() == {"ben": 2}


async def test_comments_of_one_moment_tell_of_their_thread_once(talk: Talk) -> None:
    await asyncio.gather(*(talk.say(who, "@ben") for who in ("ada", "ada", "ada", "root", "root")))
    async with talk.working(), talk.working():
        await talk.queue.until_empty()
    assert await talk.told() == {"ben": 1}


async def test_two_comments_of_a_thread_that_are_looked_at_at_once_tell_of_it_once(
    talk: Talk, world: World, database_url: str
) -> None:
    """The first job is held up where it tells Ben; once a later one has told Vera, the second had its turn, too."""
    connection = await Address.parse(database_url).connect()
    holding = connection.transaction()
    await holding.start()
    await connection.execute("SELECT FROM users WHERE id = $1 FOR UPDATE", world.ben.id)
    async with talk.working(), talk.working():
        await talk.say("ada", "@ben")
        await talk.queue.until("EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        await talk.say("ada", "@ben")
        await talk.say("ada", "@vera", thread="thread_1")
        await talk.queue.until(
            "EXISTS (SELECT FROM notifications WHERE user_id = $1 AND type = 'MENTION')", world.vera.id
        )
        await holding.rollback()
        await talk.queue.until_empty()
    await connection.close()
    assert await talk.told() == {"ben": 1, "vera": 1}


async def test_a_job_that_is_begun_twice_tells_once(talk: Talk, world: World) -> None:
    arguments = {"thread": world.thread_0.public_id, "comment": await talk.say("ada", "@ben")}
    await talk.tell()
    (news,) = await talk.news("ben")
    await done(talk.graph, "ben", MARK_READ, notificationIds=[news["id"]])
    await talk.queue.add((tell_mentioned, arguments))
    await talk.tell()
    assert await talk.told() == {"ben": 1}


async def test_nobody_can_be_told_twice_of_one_comment(talk: Talk, queue: Queue) -> None:
    await talk.say("ada", "@ben")
    await talk.tell()
    again = """
        INSERT INTO notifications (id, user_id, type, title, message, comment_id)
        SELECT gen_random_uuid(), user_id, type, '', '', comment_id FROM notifications WHERE type = 'MENTION'
    """
    with pytest.raises(Exception, match="uq_notifications_comment_id_user_id"):
        await queue.run(again)


async def test_a_comment_that_is_gone_tells_nobody_and_takes_its_news_along(talk: Talk, graph: Graph) -> None:
    gone = await talk.say("ada", "@ben")
    await done(graph, "ada", DELETE, commentId=gone)
    await talk.tell()
    assert await talk.told() == {}
    told = await talk.say("ada", "@ben")
    await talk.tell()
    assert await talk.told() == {"ben": 1}
    await done(graph, "ada", DELETE, commentId=told)
    assert await talk.told() == {}


async def test_ten_thousand_names_are_looked_at_as_far_as_the_bound(talk: Talk, graph: Graph) -> None:
    others = " ".join(f"@n{number}" for number in range(6_000))
    await talk.say("ada", f"@ben {others} @vera")
    async with graph.database.work(GUEST) as work:
        assert await work.scalar(text("SELECT max(char_length(content)) FROM comments")) > QUICK
    await talk.tell()
    assert await talk.told() == {"ben": 1}
    assert len(names_in(others)) == MOST
    assert names_in("@ben " * 10_000) == ["ben"]


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("@ben", ["ben"]),
        ("(@Ben), @ada-l_9.", ["ben", "ada-l_9"]),
        ("**@ben** and _@ada_", ["ben", "ada"]),
        ("- @ben\n\n> @ada", ["ben", "ada"]),
        ("mail ben@example.com, see /@ada and @@vera", []),
        ("`@ben` but @ada", ["ada"]),
        ("``@ben ` @vera`` @ada", ["ada"]),
        ("\\`@ben\\`", ["ben"]),
        ("```\n@ben\n```\n@ada", ["ada"]),
        ("~~~py\n@ben\n", []),
        ("Code:\n\n    @ben\n\n@ada", ["ada"]),
        ("- Item\n\n  ```\n  @ben\n  ```\n", []),
        ("an @ alone, and @!", []),
    ],
)
def test_names_are_words_behind_an_at_sign_outside_of_code(said: str, names: list[str]) -> None:
    assert names_in(said) == names

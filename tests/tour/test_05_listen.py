"""Listening: what one person does arrives at the others as it happens, over graphql-transport-ws."""

from typing import Any

from tests.app.serving import listeners, until
from tests.tour.conftest import Person
from tests.world import World

DOCUMENT_EVENTS = """
    subscription ($document: ID!) {
      documentEvents(documentId: $document) {
        kind
        thread { id status }
        comment { content author { name email } }
      }
    }
"""
WHOLE_DOCUMENT = """
    subscription ($document: ID!, $after: String) {
      documentEvents(documentId: $document, after: $after) { kind cursor document { version content } }
    }
"""
PROGRESS_EVENTS = """
    subscription ($course: ID!) {
      progressEvents(courseId: $course) { kind lesson { title } progress { progressPercent } }
    }
"""
ADD_COMMENT = "mutation ($input: AddCommentInput!) { addComment(input: $input) { errors { code } } }"
EDIT = "mutation ($input: EditDocumentInput!) { editDocument(input: $input) { errors { code } } }"
RESOLVE = "mutation ($input: ThreadInput!) { resolveThread(input: $input) { errors { code } } }"
REOPEN = "mutation ($input: ThreadInput!) { reopenThread(input: $input) { errors { code } } }"
REMOVE = "mutation ($input: RemoveProjectMemberInput!) { removeProjectMember(input: $input) { errors { code } } }"
COMPLETE_LESSON = "mutation ($input: CompleteLessonInput!) { completeLesson(input: $input) { errors { code } } }"


async def test_a_comment_by_one_person_arrives_at_the_other(ada: Person, ben: Person, world: World) -> None:
    async with ada.listen(DOCUMENT_EVENTS, document=world.requirements.public_id) as events:
        await say(ben, world.thread_0.public_id, "I agree")
        assert await events.hear() == {
            "documentEvents": {
                "kind": "COMMENT_ADDED",
                "thread": {"id": world.thread_0.public_id, "status": "OPEN"},
                "comment": {"content": "I agree", "author": {"name": "Ben", "email": None}},
            }
        }


async def test_a_document_is_read_and_then_followed_without_a_gap(ada: Person, ben: Person, world: World) -> None:
    async with ada.listen(WHOLE_DOCUMENT, document=world.requirements.public_id) as events:
        first = (await events.hear())["documentEvents"]
        assert (first["kind"], first["document"]["version"]) == ("SNAPSHOT", 2)
        await edit(ben, world, "Shorter", version=2)
        edited = (await events.hear())["documentEvents"]
        assert (edited["kind"], edited["document"]) == ("DOCUMENT_EDITED", {"version": 3, "content": "Shorter"})


async def test_whoever_loses_the_connection_misses_nothing(ada: Person, ben: Person, world: World) -> None:
    document = {"document": world.requirements.public_id}
    async with ada.listen(WHOLE_DOCUMENT, **document) as events:
        cursor = (await events.hear())["documentEvents"]["cursor"]
    await edit(ben, world, "While she is away", version=2)
    await say(ben, world.thread_0.public_id, "Have you seen it?")
    async with ada.listen(WHOLE_DOCUMENT, **document, after=cursor) as events:
        await say(ben, world.thread_0.public_id, "Welcome back")
        kinds = [(await events.hear())["documentEvents"]["kind"] for _ in range(3)]
    assert kinds == ["DOCUMENT_EDITED", "COMMENT_ADDED", "COMMENT_ADDED"]


async def test_all_who_listen_hear_the_same_event_each_with_their_own_eyes(
    ada: Person, ben: Person, vera: Person, world: World
) -> None:
    document = {"document": world.requirements.public_id}
    async with (
        ada.listen(DOCUMENT_EVENTS, **document) as adas,
        ben.listen(DOCUMENT_EVENTS, **document) as bens,
        vera.listen(DOCUMENT_EVENTS, **document) as veras,
    ):
        await say(ben, world.thread_0.public_id, "Whose address is this?")
        seen = [(await events.hear())["documentEvents"]["comment"]["author"]["email"] for events in (adas, bens, veras)]
    assert seen == [None, "ben@example.com", None]


async def test_events_come_in_the_order_in_which_things_happened(ada: Person, ben: Person, world: World) -> None:
    thread = {"threadId": world.thread_0.public_id}
    async with ada.listen(DOCUMENT_EVENTS, document=world.requirements.public_id) as events:
        await say(ben, thread["threadId"], "Done")
        await ben.ask(RESOLVE, input=thread)
        await ben.ask(REOPEN, input=thread)
        kinds = [(await events.hear())["documentEvents"]["kind"] for _ in range(3)]
    assert kinds == ["COMMENT_ADDED", "THREAD_RESOLVED", "THREAD_REOPENED"]


async def test_only_what_happens_to_this_document_is_heard(ada: Person, ben: Person, world: World) -> None:
    async with ada.listen(DOCUMENT_EVENTS, document=world.requirements.public_id) as events:
        await say(ben, world.settled.public_id, "About the design")
        await say(ben, world.thread_0.public_id, "About the requirements")
        assert (await events.hear())["documentEvents"]["comment"]["content"] == "About the requirements"


async def test_progress_on_one_device_shows_on_the_other(sam: Person, world: World) -> None:
    async with sam.listen(PROGRESS_EVENTS, course=world.logic.public_id) as telephone:
        for lesson in (world.logic_1_2, world.logic_2_1, world.logic_2_2):
            await sam.ask(COMPLETE_LESSON, input={"lessonId": lesson.public_id})
        heard = [(await telephone.hear())["progressEvents"] for _ in range(4)]
    assert [(event["kind"], event["lesson"] and event["lesson"]["title"]) for event in heard] == [
        ("LESSON_COMPLETED", "1.2"),
        ("LESSON_COMPLETED", "2.1"),
        ("LESSON_COMPLETED", "2.2"),
        ("COURSE_COMPLETED", None),
    ]
    assert heard[-1]["progress"] == {"progressPercent": 100}


async def test_an_outsider_cannot_listen(olga: Person, guest: Person, world: World) -> None:
    for outsider in (olga, guest):
        assert await refused_to_listen(outsider, DOCUMENT_EVENTS, document=world.requirements.public_id) == "NOT_FOUND"
    assert await refused_to_listen(guest, PROGRESS_EVENTS, course=world.logic.public_id) == "UNAUTHENTICATED"


async def test_whoever_is_removed_hears_nothing_more(ada: Person, ben: Person, vera: Person, world: World) -> None:
    document = {"document": world.requirements.public_id}
    async with ada.listen(DOCUMENT_EVENTS, **document) as adas, vera.listen(DOCUMENT_EVENTS, **document) as veras:
        await say(ben, world.thread_0.public_id, "For both")
        assert (await veras.hear())["documentEvents"]["kind"] == "COMMENT_ADDED"
        await adas.hear()

        await ada.ask(REMOVE, input={"memberId": world.veras_place.public_id})
        assert await veras.turned_away() == "FORBIDDEN"
        await say(ben, world.thread_0.public_id, "For Ada alone")
        assert (await adas.hear())["documentEvents"]["comment"]["content"] == "For Ada alone"


async def test_a_refused_mutation_is_not_heard(ada: Person, vera: Person, ben: Person, world: World) -> None:
    async with ada.listen(DOCUMENT_EVENTS, document=world.requirements.public_id) as events:
        await say(vera, world.thread_0.public_id, "Refused")
        await say(ben, world.thread_0.public_id, "Done")
        assert (await events.hear())["documentEvents"]["comment"]["content"] == "Done"


async def test_a_subscription_ends_when_its_listener_says_so(ada: Person, ben: Person, world: World) -> None:
    async with ada.listen(DOCUMENT_EVENTS, document=world.requirements.public_id) as events:
        await events.talk.say(id="1", type="complete")
        await until(lambda: listeners(ada.served) == 0)
        await say(ben, world.thread_0.public_id, "Into the void")
        await events.talk.say(type="ping")
        assert await events.talk.hear() == {"type": "pong"}


async def test_one_socket_carries_queries_mutations_and_subscriptions(ben: Person, world: World) -> None:
    async with ben.listen(DOCUMENT_EVENTS, document=world.requirements.public_id) as events:
        talk = events.talk
        await talk.ask(ADD_COMMENT, key="2", input={"threadId": world.thread_0.public_id, "content": "All in one"})
        heard = [await talk.hear() for _ in range(3)]
        await talk.ask("{ viewer { name } }", key="3")
        answer, end = [await talk.hear() for _ in range(2)]
    assert sorted((message["id"], message["type"]) for message in heard) == [
        ("1", "next"),
        ("2", "complete"),
        ("2", "next"),
    ]
    assert (answer["id"], answer["payload"]["data"]) == ("3", {"viewer": {"name": "Ben"}})
    assert end == {"id": "3", "type": "complete"}


async def say(person: Person, thread: str, content: str) -> None:
    await person.ask(ADD_COMMENT, input={"threadId": thread, "content": content})


async def edit(person: Person, world: World, content: str, *, version: int) -> None:
    given = {"documentId": world.requirements.public_id, "content": content, "expectedVersion": version}
    await person.ask(EDIT, input=given)


async def refused_to_listen(person: Person, query: str, **variables: Any) -> str:
    """The code of the error with which a subscription is refused."""
    async with person.socket() as talk:
        await talk.ask(query, **variables)
        message = await talk.hear()
    assert message["type"] == "error", message
    [error] = message["payload"]
    return str(error["extensions"]["code"])

"""Changing things: each mutation is done as a whole or not at all, and says why when it was refused."""

from typing import Any

from tests.tour.conftest import Person
from tests.world import World
from tests.world.accounts import PASSWORD

EDIT_DOCUMENT = """
    mutation ($input: EditDocumentInput!) {
      editDocument(input: $input) {
        document { content version versions { nodes { version content summary author { name } } } }
        errors { code message path }
      }
    }
"""
CREATE_PROJECT = """
    mutation ($input: CreateProjectInput!) {
      createProject(input: $input) {
        project {
          name
          owner { name }
          documents { nodes { phase version status } }
          members { nodes { role user { name } } }
        }
        errors { code path }
      }
    }
"""
ADD_COMMENT = """
    mutation ($input: AddCommentInput!) {
      addComment(input: $input) { comment { content author { name } } errors { code path } }
    }
"""
COMMENTS = "query ($id: ID!) { node(id: $id) { ... on CommentThread { comments { totalCount } } } }"
SAVE_AND_SAY = """
    mutation ($say: AddCommentInput!, $save: EditDocumentInput!) @atomic {
      addComment(input: $say) { errors { code } }
      editDocument(input: $save) { errors { code } }
    }
"""
ADD_MEMBERS = """
    mutation ($input: AddProjectMembersInput!) {
      addProjectMembers(input: $input) {
        project { members(filter: {status: [ACTIVE]}) { nodes { user { name } } } }
        errors { code path }
      }
    }
"""
UNREAD = "{ viewer { notifications(filter: {isRead: false}) { totalCount nodes { id title } } } }"
MARK_READ = """
    mutation ($input: NotificationsInput!) {
      markNotificationsRead(input: $input) {
        markedCount
        viewer { notifications(filter: {isRead: false}) { totalCount } }
        errors { code path }
      }
    }
"""
ADD_REACTION = """
    mutation ($input: ReactionInput!) {
      addReaction(input: $input) { comment { reactions { nodes { type user { name } } } } errors { code } }
    }
"""
REMOVE_REACTION = ADD_REACTION.replace("addReaction", "removeReaction")
RESOLVE = """
    mutation ($input: ThreadInput!) {
      resolveThread(input: $input) { thread { status resolvedBy { name } } errors { code } }
    }
"""
REOPEN = RESOLVE.replace("resolveThread", "reopenThread")
ENROLL = """
    mutation ($input: EnrollInput!) {
      enroll(input: $input) {
        enrollment { id status }
        progress { progressPercent totalLessons }
        errors { code path }
      }
    }
"""
COMPLETE_LESSON = """
    mutation ($input: CompleteLessonInput!) {
      completeLesson(input: $input) {
        progress { completedLessons progressPercent completedAt }
        lessonProgress { completed lesson { title } }
        errors { code }
      }
    }
"""
SIGN_IN = """
    mutation ($input: SignInInput!) {
      signIn(input: $input) { token user { name email } errors { code message } }
    }
"""


async def test_a_payload_shows_what_was_changed(ben: Person, world: World) -> None:
    said = await do(ben, ADD_COMMENT, threadId=world.thread_0.public_id, content="I agree")
    assert said == {"comment": {"content": "I agree", "author": {"name": "Ben"}}, "errors": []}


async def test_a_project_begins_with_its_documents_and_members(ada: Person, world: World) -> None:
    members = [{"userId": world.ben.public_id, "role": "LEAD"}, {"userId": world.vera.public_id}]
    assert await do(ada, CREATE_PROJECT, name="Globe", members=members) == {
        "project": {
            "name": "Globe",
            "owner": {"name": "Ada"},
            "documents": {
                "nodes": [
                    {"phase": phase, "version": 1, "status": "DRAFT"} for phase in ("REQUIREMENTS", "DESIGN", "TASKS")
                ]
            },
            "members": {
                "nodes": [{"role": "LEAD", "user": {"name": "Ben"}}, {"role": "MEMBER", "user": {"name": "Vera"}}]
            },
        },
        "errors": [],
    }


async def test_a_refusal_says_which_input_is_at_fault_and_nothing_was_done(ada: Person, world: World) -> None:
    members = [{"userId": world.ben.public_id}, {"userId": world.olga.public_id}]
    assert await do(ada, CREATE_PROJECT, name="Globe", members=members) == {
        "project": None,
        "errors": [{"code": "NOT_FOUND", "path": ["input", "members", "1", "userId"]}],
    }
    assert await ada.ask("{ projects { nodes { name } } }") == {"projects": {"nodes": [{"name": "Atlas"}]}}


async def test_what_you_may_see_but_not_change_is_forbidden(vera: Person, world: World) -> None:
    said = await do(vera, ADD_COMMENT, threadId=world.thread_0.public_id, content="May I?")
    assert said == {"comment": None, "errors": [{"code": "FORBIDDEN", "path": ["input", "threadId"]}]}


async def test_saving_a_document_is_a_version_beside_those_before(ben: Person, world: World) -> None:
    saved = await do(ben, EDIT_DOCUMENT, **edit(world, "# Requirements\n", expected=2, summary="Start again"))
    assert saved["errors"] == []
    assert (saved["document"]["version"], saved["document"]["content"]) == (3, "# Requirements\n")
    assert saved["document"]["versions"]["nodes"] == [
        {"version": 3, "content": "# Requirements\n", "summary": "Start again", "author": {"name": "Ben"}},
        {"version": 2, "content": world.requirements.content, "summary": None, "author": {"name": "Ada"}},
        {"version": 1, "content": "# Draft\n", "summary": None, "author": {"name": "Ada"}},
    ]


async def test_a_stale_save_is_refused_with_the_document_as_it_stands(ada: Person, ben: Person, world: World) -> None:
    await do(ada, EDIT_DOCUMENT, **edit(world, "What Ada wrote", expected=2))
    stale = await do(ben, EDIT_DOCUMENT, **edit(world, "What Ben wrote", expected=2))
    assert stale["errors"] == [
        {
            "code": "CONFLICT",
            "message": "The document is at version 3 by now; you changed version 2.",
            "path": ["input", "expectedVersion"],
        }
    ]
    assert (stale["document"]["version"], stale["document"]["content"]) == (3, "What Ada wrote")

    merged = await do(ben, EDIT_DOCUMENT, **edit(world, "What both wrote", expected=stale["document"]["version"]))
    assert (merged["errors"], merged["document"]["version"]) == ([], 4)


async def test_a_reaction_of_each_type_is_given_once_and_can_be_taken_back(ada: Person, world: World) -> None:
    async def reactions(mutation: str, kind: str) -> list[Any]:
        payload = await do(ada, mutation, commentId=world.comment.public_id, type=kind)
        return [(each["user"]["name"], each["type"]) for each in payload["comment"]["reactions"]["nodes"]]

    assert await reactions(ADD_REACTION, "LIKE") == [("Ben", "LIKE"), ("Ada", "LIKE")]
    assert await reactions(ADD_REACTION, "LIKE") == [("Ben", "LIKE"), ("Ada", "LIKE")]
    assert await reactions(ADD_REACTION, "HELPFUL") == [("Ben", "LIKE"), ("Ada", "LIKE"), ("Ada", "HELPFUL")]
    assert await reactions(REMOVE_REACTION, "LIKE") == [("Ben", "LIKE"), ("Ada", "HELPFUL")]


async def test_a_thread_is_resolved_and_opened_again(ben: Person, world: World) -> None:
    thread = world.thread_0.public_id
    resolved = await do(ben, RESOLVE, threadId=thread)
    assert resolved == {"thread": {"status": "RESOLVED", "resolvedBy": {"name": "Ben"}}, "errors": []}
    reopened = await do(ben, REOPEN, threadId=thread)
    assert reopened == {"thread": {"status": "OPEN", "resolvedBy": None}, "errors": []}


async def test_what_is_sent_again_under_its_key_is_done_once(ben: Person, world: World) -> None:
    given = {"input": {"threadId": world.thread_0.public_id, "content": "Hello? Is this thing on?"}}
    body = {"query": ADD_COMMENT, "variables": given, "extensions": {"idempotencyKey": "a key that the client made up"}}
    first, again = [(await ben.post(json=body)).json()["data"] for _ in range(2)]
    assert first == again
    thread = await ben.ask(COMMENTS, id=world.thread_0.public_id)
    assert thread["node"]["comments"] == {"totalCount": 4}


async def test_an_atomic_mutation_is_done_as_a_whole_or_not_at_all(ben: Person, world: World) -> None:
    given = {"threadId": world.thread_0.public_id, "content": "Settled, then."}
    edited = edit(world, "What we agreed on", expected=1)
    saved = await ben.ask(SAVE_AND_SAY, say=given, save=edited)
    assert [error["code"] for error in saved["editDocument"]["errors"]] == ["CONFLICT"]
    assert [error["code"] for error in saved["addComment"]["errors"]] == ["ROLLED_BACK"]
    assert (await ben.ask(COMMENTS, id=world.thread_0.public_id))["node"]["comments"] == {"totalCount": 3}

    saved = await ben.ask(SAVE_AND_SAY, say=given, save={**edited, "expectedVersion": 2})
    assert saved == {"addComment": {"errors": []}, "editDocument": {"errors": []}}


async def test_who_cannot_be_added_is_named_and_may_be_skipped(ada: Person, world: World) -> None:
    people = [{"userId": world.rob.public_id}, {"userId": world.olga.public_id}, {"userId": world.ben.public_id}]
    given = {"projectId": world.atlas.public_id, "members": people}
    assert await do(ada, ADD_MEMBERS, **given) == {
        "project": None,
        "errors": [{"code": "NOT_FOUND", "path": ["input", "members", "1", "userId"]}],
    }
    skipped = await do(ada, ADD_MEMBERS, **given, onError="SKIP")
    names = [member["user"]["name"] for member in skipped["project"]["members"]["nodes"]]
    assert sorted(names) == ["Ben", "Rob", "Vera"]
    assert [error["code"] for error in skipped["errors"]] == ["NOT_FOUND", "CONFLICT"]


async def test_who_is_added_is_told_of_it_until_they_have_read_it(ada: Person, rob: Person, world: World) -> None:
    await do(ada, ADD_MEMBERS, projectId=world.atlas.public_id, members=[{"userId": world.rob.public_id}])
    [told] = (await rob.ask(UNREAD))["viewer"]["notifications"]["nodes"]
    assert told["title"] == "You are a member of Atlas"
    assert await do(rob, MARK_READ, notificationIds=[told["id"]]) == {
        "markedCount": 1,
        "viewer": {"notifications": {"totalCount": 0}},
        "errors": [],
    }


async def test_a_second_enrollment_is_refused_with_the_first(ada: Person, world: World) -> None:
    course = world.logic.public_id
    first = await do(ada, ENROLL, courseId=course)
    assert (first["errors"], first["progress"]) == ([], {"progressPercent": 0, "totalLessons": 4})
    assert await do(ada, ENROLL, courseId=course) == {
        "enrollment": first["enrollment"],
        "progress": None,
        "errors": [{"code": "CONFLICT", "path": ["input", "courseId"]}],
    }


async def test_the_last_lesson_completes_the_course(sam: Person, world: World) -> None:
    percentages = []
    for lesson in (world.logic_1_2, world.logic_2_1, world.logic_2_2):
        done = await do(sam, COMPLETE_LESSON, lessonId=lesson.public_id)
        assert done["lessonProgress"] == {"completed": True, "lesson": {"title": lesson.title}}
        percentages.append(done["progress"]["progressPercent"])
    assert percentages == [50, 75, 100]
    assert done["progress"]["completedAt"] is not None
    enrolled = await sam.ask('{ course(slug: "logic") { viewerEnrollment { status } } }')
    assert enrolled["course"]["viewerEnrollment"] == {"status": "COMPLETED"}


async def test_a_lesson_is_counted_once(sam: Person, world: World) -> None:
    lesson = world.logic_1_2.public_id
    first = await do(sam, COMPLETE_LESSON, lessonId=lesson)
    assert await do(sam, COMPLETE_LESSON, lessonId=lesson) == first
    assert (first["progress"]["completedLessons"], first["progress"]["progressPercent"]) == (2, 50)


async def test_signing_in_gives_a_token_that_signing_out_takes_away(guest: Person) -> None:
    signed_in = await do(guest, SIGN_IN, email="Ada@Example.com", password=PASSWORD, device="A telephone")
    assert (signed_in["user"], signed_in["errors"]) == ({"name": "Ada", "email": "ada@example.com"}, [])

    telephone = guest.with_token(signed_in["token"])
    sessions = "{ viewer { name sessions(first: 1) { nodes { device } } } }"
    assert (await telephone.ask(sessions))["viewer"] == {
        "name": "Ada",
        "sessions": {"nodes": [{"device": "A telephone"}]},
    }
    assert await telephone.ask("mutation { signOut { signedOut } }") == {"signOut": {"signedOut": True}}
    assert await telephone.refused("{ viewer { name } }") == "UNAUTHENTICATED"


async def test_a_wrong_password_and_an_unknown_address_are_told_alike(guest: Person) -> None:
    wrong = await do(guest, SIGN_IN, email="ada@example.com", password="guessed")
    unknown = await do(guest, SIGN_IN, email="nobody@example.com", password="guessed")
    message = "E-mail address and password do not match."
    assert wrong == unknown == {"token": None, "user": None, "errors": [{"code": "BAD_USER_INPUT", "message": message}]}


async def test_whoever_is_not_signed_in_changes_nothing(guest: Person, world: World) -> None:
    assert await guest.refused(ENROLL, input={"courseId": world.logic.public_id}) == "UNAUTHENTICATED"


def edit(world: World, content: str, *, expected: int, **more: str) -> dict[str, Any]:
    return {"documentId": world.requirements.public_id, "content": content, "expectedVersion": expected, **more}


async def do(person: Person, mutation: str, **given: Any) -> Any:
    """The payload of a mutation with this input."""
    [payload] = (await person.ask(mutation, input=given)).values()
    return payload

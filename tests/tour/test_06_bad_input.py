"""Bad input: whatever comes in, the answer is an error with a code, and nothing is lost or given away."""

from typing import Any

import pytest

from tests.app.serving import told
from tests.tour.conftest import Person
from tests.world import World

COURSES = """
    query ($first: Int, $after: String, $last: Int) {
      courses(first: $first, after: $after, last: $last) { nodes { id } }
    }
"""
BY_ID = """
    query ($id: ID!) {
      node(id: $id) { id }
      nodes(ids: [$id]) { id }
      project(id: $id) { id }
      course(id: $id) { id }
      organization(id: $id) { id }
      repository(id: $id) { id }
      projects(filter: {ownerId: [$id], organizationId: [$id]}) { totalCount }
    }
"""
ADD_COMMENT = """
    mutation ($input: AddCommentInput!) { addComment(input: $input) { comment { id } errors { code message path } } }
"""
COMPLETE_LESSON = """
    mutation ($input: CompleteLessonInput!) { completeLesson(input: $input) { errors { code message path } } }
"""
DOCUMENT_EVENTS = "subscription ($id: ID!) { documentEvents(documentId: $id) { kind } }"

NO_REQUESTS = [
    b"",
    b"{",
    b"nonsense",
    b"null",
    b"5",
    b'"{ viewer { id } }"',
    b"[]",
    b"{}",
    b'{"query": null}',
    b'{"query": 1}',
    b'{"query": "{ viewer { id } }", "variables": []}',
    b'{"query": "{ viewer { id } }", "operationName": 1}',
    b"\xff\xfe",
    b'{"query": "\xff"}',
    b'{"query": "\\ud800"}',
    b'{"query": "{ viewer { id } }", "variables": {"n": ' + b"9" * 5000 + b"}}",
    b"[" * 100_000,
]
MISFITS = {
    "": "GRAPHQL_PARSE_FAILED",
    "{ viewer { id }": "GRAPHQL_PARSE_FAILED",
    "{ viewer \0 { id } }": "GRAPHQL_PARSE_FAILED",
    '{ course(slug: "\\ud800") { id } }': "GRAPHQL_PARSE_FAILED",
    "{ viewer " * 1000: "GRAPHQL_PARSE_FAILED",
    "{ nodes(ids: " + "[" * 900 + "]" * 900 + ") { id } }": "GRAPHQL_PARSE_FAILED",
    "{ viewer { secret } }": "GRAPHQL_VALIDATION_FAILED",
    "{ viewer }": "GRAPHQL_VALIDATION_FAILED",
    "{ courses(first: 2147483648) { totalCount } }": "GRAPHQL_VALIDATION_FAILED",
    "{ courses(first: " + "9" * 5000 + ") { totalCount } }": "GRAPHQL_VALIDATION_FAILED",
    "{ courses(filter: {difficulty: [IMPOSSIBLE]}) { totalCount } }": "GRAPHQL_VALIDATION_FAILED",
    "{ ...A } fragment A on Query { ...A }": "GRAPHQL_VALIDATION_FAILED",
    "query A { viewer { id } } query B { courses { totalCount } }": "OPERATION_RESOLUTION_FAILURE",
}
BEYOND: dict[tuple[str, str], list[Any]] = {
    ("Decimal", "courses(filter: {price: {min: $value}})"): [
        "NaN",
        "Infinity",
        "1e400",
        "1e-999999",
        "1e99999999999999",
        "9999999999.999",
        "0x",
        "",
        5,
    ],
    ("DateTime", "projects(filter: {createdAt: {since: $value}})"): [
        "now",
        "2026-01-01",
        "2026-02-30T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:00:00-14:00",
        0,
    ],
}

UNKNOWN = "00000000000000000000000000000000"


async def test_an_unknown_id_and_one_of_other_people_answer_exactly_alike(olga: Person, world: World) -> None:
    for row in (world.atlas, world.requirements, world.draft, world.analytical, world.vault, world.sam):
        assert await olga.answer(BY_ID, id=row.public_id) == await olga.answer(BY_ID, id=f"{row.prefix}_{UNKNOWN}")


async def test_a_mutation_tells_nobody_whether_the_object_of_others_exists(olga: Person, world: World) -> None:
    async def comment(thread: str) -> Any:
        return await olga.answer(ADD_COMMENT, input={"threadId": thread, "content": "Is there anybody?"})

    async def complete(lesson: str) -> Any:
        return await olga.answer(COMPLETE_LESSON, input={"lessonId": lesson})

    assert await comment(world.thread_0.public_id) == await comment(f"thr_{UNKNOWN}")
    assert await complete(world.draft_1_1.public_id) == await complete(f"les_{UNKNOWN}")
    assert (await comment(f"thr_{UNKNOWN}"))["data"]["addComment"] == {
        "comment": None,
        "errors": [{"code": "NOT_FOUND", "message": "There is no such object.", "path": ["input", "threadId"]}],
    }


async def test_a_subscription_tells_nobody_either(olga: Person, world: World) -> None:
    answers = []
    for document in (world.requirements.public_id, f"doc_{UNKNOWN}"):
        async with olga.socket() as talk:
            await talk.ask(DOCUMENT_EVENTS, id=document)
            answers.append(await talk.hear())
    assert answers[0] == answers[1]
    assert answers[0]["payload"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_what_is_no_id_is_the_id_of_nothing(ada: Person) -> None:
    nothing = dict.fromkeys(("node", "project", "course", "organization", "repository"))
    for text in ("", "prj", "prj_", "prj_1", f"PRJ_{UNKNOWN}", f"xyz_{UNKNOWN}", f"prj_{'g' * 32}", f"prj_{'٣' * 32}"):
        assert await ada.ask(BY_ID, id=text) == {**nothing, "nodes": [None], "projects": {"totalCount": 0}}


async def test_the_id_of_another_kind_is_the_id_of_nothing(ada: Person, world: World) -> None:
    data = await ada.ask(
        "query ($id: ID!) { project(id: $id) { id } course(id: $id) { id } }", id=world.logic.public_id
    )
    assert data == {"project": None, "course": {"id": world.logic.public_id}}


async def test_a_cursor_that_is_not_ours_is_refused(guest: Person) -> None:
    for cursor in ("x", "====", "\0", "é", "bnVsbA", "W10", "WzEsMiwzXQ", "A" * 100_000):
        assert await guest.refused(COURSES, after=cursor) == "BAD_CURSOR"


async def test_a_cursor_belongs_to_one_list_in_one_order(ada: Person) -> None:
    data = await ada.ask("{ courses(first: 1) { pageInfo { endCursor } } }")
    cursor = data["courses"]["pageInfo"]["endCursor"]
    await ada.ask(COURSES, after=cursor)
    for elsewhere in (
        "courses(orderBy: TITLE_ASC, after: $c)",
        "courses(orderBy: CREATED_AT_ASC, after: $c)",
        "projects(after: $c)",
    ):
        query = f"query ($c: String) {{ {elsewhere} {{ nodes {{ id }} }} }}"
        assert await ada.refused(query, c=cursor) == "BAD_CURSOR"


async def test_a_page_has_1_to_100_items(guest: Person) -> None:
    for size in (0, -1, 101, 2**31 - 1, -(2**31)):
        assert await guest.refused(COURSES, first=size) == "BAD_USER_INPUT"
        assert await guest.refused(COURSES, last=size) == "BAD_USER_INPUT"
    for size in (1, 100):
        assert await guest.ask(COURSES, first=size)
        assert await guest.ask(COURSES, last=size)


async def test_a_list_is_read_in_one_direction_at_a_time(guest: Person) -> None:
    assert await guest.refused(COURSES, first=1, last=1) == "BAD_USER_INPUT"
    assert await guest.refused(COURSES, after="x", last=1) == "BAD_USER_INPUT"


async def test_an_operation_that_asks_for_too_much_is_refused_before_it_runs(guest: Person) -> None:
    lists = "{ courses(first: 100) { nodes { modules(first: 100) { nodes { id } } } } }"
    assert await guest.refused(lists) == "MAX_NODES_LIMIT"
    deep = f"{{ viewer {{ {'teaching { nodes { instructor { ' * 4} id {'} } } ' * 4} }} }}"
    assert await guest.refused(deep) == "MAX_DEPTH_LIMIT"
    bomb = "".join(f" fragment f{level} on User {{ ...f{level + 1} ...f{level + 1} }}" for level in range(24))
    assert (
        await guest.refused(f"{{ viewer {{ ...f0 }} }} {bomb} fragment f24 on User {{ id }}") == "MAX_SELECTIONS_LIMIT"
    )


async def test_one_object_is_asked_for_by_one_name(guest: Person, world: World) -> None:
    assert await guest.refused("{ course { id } }") == "BAD_USER_INPUT"
    both = 'query ($id: ID!) { course(id: $id, slug: "logic") { id } }'
    assert await guest.refused(both, id=world.logic.public_id) == "BAD_USER_INPUT"


async def test_what_is_wrong_with_one_field_leaves_the_others_whole(guest: Person) -> None:
    answer = await guest.answer('{ course { id } viewer { id } other: course(slug: "logic") { title } }')
    assert answer["data"] == {"course": None, "viewer": None, "other": {"title": "Logic"}}
    assert [(error["path"], error["extensions"]["code"]) for error in answer["errors"]] == [
        (["course"], "BAD_USER_INPUT")
    ]


async def test_a_body_that_is_no_request_is_refused(guest: Person) -> None:
    for content in NO_REQUESTS:
        response = await guest.post(content=content)
        assert (content[:50], response.status_code, codes(response.json())) == (content[:50], 400, ["BAD_REQUEST"])


async def test_what_does_not_fit_the_graph_is_refused_before_anything_runs(guest: Person) -> None:
    for query, code in MISFITS.items():
        answer = await guest.answer(query)
        assert (query[:50], codes(answer)) == (query[:50], [code])
        assert "data" not in answer


async def test_an_operation_is_chosen_by_its_name(guest: Person) -> None:
    query = "query A { viewer { id } } query B { courses { totalCount } }"
    chosen = await guest.post(json={"query": query, "operationName": "B"})
    assert told(chosen) == {"data": {"courses": {"totalCount": 2}}}
    unknown = await guest.post(json={"query": query, "operationName": "C\0"})
    assert codes(unknown.json()) == ["OPERATION_RESOLUTION_FAILURE"]


async def test_a_variable_of_the_wrong_kind_is_refused(guest: Person) -> None:
    values: list[Any] = [2**31, -(2**31) - 1, 10**18, 1.5, "5", True, [1], {}]
    for value in values:
        answer = await guest.answer(COURSES, first=value)
        assert (value, codes(answer)) == (value, ["BAD_USER_INPUT"])
        assert "data" not in answer


@pytest.mark.parametrize(
    "text", ["\0", "Atlas\0", "\x01\x1b\x7f", "\uffff", "💥" * 1000, "%_\\'\";--", "a & | ! <-> :* ((("]
)
async def test_odd_characters_do_no_harm_wherever_a_text_is_sent(ada: Person, world: World, text: str) -> None:
    """PostgreSQL cannot store NUL; everything else comes back as it was sent."""
    reading = """
        query ($text: String!) {
          course(slug: $text) { id }
          repository(fullName: $text) { id }
          courses(filter: {search: $text, language: [$text]}) { totalCount nodes { id } }
        }
    """
    expected = ["BAD_USER_INPUT"] if "\0" in text else []
    assert set(codes(await ada.answer(reading, text=text))) == set(expected)

    said = await ada.answer(ADD_COMMENT, input={"threadId": world.thread_0.public_id, "content": text})
    assert [error["code"] for error in said["data"]["addComment"]["errors"]] == expected
    comments = "query ($id: ID!) { node(id: $id) { ... on CommentThread { comments(last: 1) { nodes { content } } } } }"
    [last] = (await ada.ask(comments, id=world.thread_0.public_id))["node"]["comments"]["nodes"]
    assert last["content"] == ("ada on 2" if expected else text)


async def test_a_value_beyond_all_bounds_is_refused(ada: Person) -> None:
    for (declared, listing), values in BEYOND.items():
        query = f"query ($value: {declared}) {{ {listing} {{ totalCount }} }}"
        for value in values:
            assert (value, codes(await ada.answer(query, value=value))) == (value, ["BAD_USER_INPUT"])


async def test_a_search_for_too_many_words_is_refused(guest: Person) -> None:
    query = "query ($text: String!) { courses(filter: {search: $text}) { totalCount } }"
    assert await guest.refused(query, text=" ".join(f"word{number}" for number in range(50_000))) == "BAD_USER_INPUT"


async def test_a_token_that_does_not_hold_is_refused(guest: Person) -> None:
    for token in ("x", "trs_" + "A" * 43, "trs_" + "!" * 43):
        response = await guest.with_token(token).post(json={"query": "{ courses { totalCount } }"})
        assert (response.status_code, codes(response.json())) == (401, ["UNAUTHENTICATED"])


def codes(answer: Any) -> list[str]:
    """The codes of all errors in an answer. None of them is a fault of the server."""
    found = [error["extensions"]["code"] for error in answer.get("errors", [])]
    assert "INTERNAL_SERVER_ERROR" not in found
    return found

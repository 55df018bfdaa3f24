"""A field that fails is null, and what cannot be null is so with it: alike by both ways, with the same errors."""

from typing import Any

from tests.conftest import Graph
from tests.world import World

BAD = "commits(first: 0) { totalCount }"
PROJECTS = "projects(orderBy: NAME_ASC) {{ nodes {{ name {} }} }}"


def places(answer: dict[str, Any]) -> list[list[str | int]]:
    return [error["path"] for error in answer.get("errors", ())]


async def test_a_wrong_argument_makes_null_of_the_nearest_object_that_can_be(either: Graph, world: World) -> None:
    query = f"query ($id: ID!) {{ project(id: $id) {{ name repository {{ {BAD} }} }} viewer {{ name }} }}"
    answer = await either("ada", query, id=world.atlas.public_id)
    assert answer["data"] == {"project": {"name": "Atlas", "repository": None}, "viewer": {"name": "Ada"}}
    (error,) = answer["errors"]
    assert error["path"] == ["project", "repository", "commits"]
    assert error["locations"] == [{"line": 1, "column": 57}]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["message"].startswith("A page has 1 to 100 items")


async def test_where_there_is_no_object_with_the_field_nothing_is_wrong(either: Graph, world: World) -> None:
    query = f'{{ project(id: "prj_1") {{ repository {{ {BAD} }} }} }}'
    assert await either.data("ada", query) == {"project": None}


async def test_in_a_list_each_object_that_is_null_has_its_error(either: Graph) -> None:
    answer = await either("root", f"{{ {PROJECTS.format(f'repository {{ {BAD} }}')} }}")
    nodes = answer["data"]["projects"]["nodes"]
    alone = (await either.data("root", f"{{ {PROJECTS.format('repository { id }')} }}"))["projects"]["nodes"]
    there = [place for place, node in enumerate(alone) if node["repository"]]
    assert 0 < len(there) < len(alone)
    assert [node["repository"] for node in nodes] == [None] * len(alone)
    assert places(answer) == [["projects", "nodes", place, "repository", "commits"] for place in there]


async def test_of_several_wrong_arguments_under_one_null_the_first_in_the_answer_is_told(
    either: Graph, world: World
) -> None:
    documents, members = "documents(first: -1) { totalCount }", "members(first: 101) { totalCount }"
    for first, then in ((documents, members), (members, documents)):
        answer = await either(
            "ada", f"query ($id: ID!) {{ project(id: $id) {{ {first} {then} }} }}", id=world.atlas.public_id
        )
        assert answer["data"] == {"project": None}
        assert places(answer) == [["project", first.partition("(")[0]]]


async def test_what_cannot_be_null_up_to_the_root_leaves_no_data(either: Graph) -> None:
    answer = await either("ada", "{ viewer { name } projects { nodes { documents(first: 0) { totalCount } } } }")
    assert answer["data"] is None
    assert places(answer) == [["projects", "nodes", 0, "documents"]]


async def test_nodes_of_several_types_have_their_errors_each(either: Graph, world: World) -> None:
    query = """query ($ids: [ID!]!) { nodes(ids: $ids) { id
        ... on Repository { list: commits(first: 1) { totalCount } }
        ... on SpecificationProject { list: documents(first: 0) { totalCount } } } }"""
    ids = [world.engine.public_id, world.atlas.public_id, "prj_1", world.atlas.public_id]
    answer = await either("ada", query, ids=ids)
    assert answer["data"] == {"nodes": [{"id": ids[0], "list": {"totalCount": 3}}, None, None, None]}
    assert places(answer) == [["nodes", 1, "list"], ["nodes", 3, "list"]]


async def test_a_wrong_argument_that_a_variable_gives_is_wrong_for_who_gave_it_only(
    either: Graph, world: World
) -> None:
    query = "query ($id: ID!, $n: Int) { project(id: $id) { repository { commits(first: $n) { totalCount } } } }"
    for n in (0, 1, 0, None):
        answer = await either("ada", query, id=world.atlas.public_id, n=n)
        expected = None if n == 0 else {"commits": {"totalCount": 3}}
        assert answer["data"] == {"project": {"repository": expected}}
        assert ("errors" in answer) == (n == 0)


async def test_no_more_errors_are_told_than_an_answer_may_have(either: Graph, world: World) -> None:
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Repository { commits(first: 0) { totalCount } } } }"
    answer = await either("ada", query, ids=[world.engine.public_id] * 100)
    assert answer["data"] == {"nodes": [None] * 100}
    assert places(answer) == [["nodes", place, "commits"] for place in range(20)]


async def test_a_wrong_argument_in_a_payload_undoes_nothing(either: Graph, world: World) -> None:
    query = """mutation ($input: AddCommentInput!) { addComment(input: $input) { errors { code }
        comment { thread { comments(first: 0) { totalCount } } } } }"""
    answer = await either("ben", query, input={"threadId": world.thread_0.public_id, "content": "Done"})
    assert answer["data"] == {"addComment": {"errors": [], "comment": None}}
    assert places(answer) == [["addComment", "comment", "thread", "comments"]]


async def test_what_fails_beside_a_question_about_the_schema_is_told(either: Graph) -> None:
    answer = await either("ada", r'{ __type(name: "User") { name } course(slug: "\u0000") { id } }')
    assert answer["data"] == {"__type": {"name": "User"}, "course": None}
    assert [error["path"] for error in answer["errors"]] == [["course"]]


async def test_a_text_that_no_text_can_be_fails_alone(either: Graph) -> None:
    answer = await either("ada", r'{ viewer { name } organization(slug: "\u0000") { name } }')
    assert answer["data"] == {"viewer": {"name": "Ada"}, "organization": None}
    assert [error["path"] for error in answer["errors"]] == [["organization"]]

"""Filters: one for every kind of column, all conditions together, and no value that does harm."""

from typing import Any

from db.base import new_id
from db.read import Order
from graphql_schema.core.filters import order_name, order_named
from graphql_schema.execution import RequestError
from tests.conftest import Graph
from tests.world import World


async def kept(graph: Graph, field: str, given: Any, *, show: str = "title", who: str = "root") -> set[str]:
    """What a list at the root keeps under a filter."""
    type_ = {"courses": "Course", "projects": "SpecificationProject", "repositories": "Repository"}[field]
    query = (
        f"query ($filter: {type_}Filter) {{ {field}(filter: $filter, first: 100) {{ totalCount nodes {{ {show} }} }} }}"
    )
    found = (await graph.data(who, query, filter=given))[field]
    assert found["totalCount"] == len(found["nodes"])
    return {node[show] for node in found["nodes"]}


ALL = {"Draft", "Logic", "Rhetoric"}


FILTERS: list[tuple[Any, set[str]]] = [
    ({}, ALL),
    ({"difficulty": ["BEGINNER", "EXPERT"]}, ALL),
    ({"difficulty": ["EXPERT"]}, set()),
    ({"difficulty": []}, set()),
    ({"difficulty": None}, ALL),
    ({"published": True}, {"Logic", "Rhetoric"}),
    ({"published": False}, {"Draft"}),
    ({"price": {"min": "49.90"}}, {"Rhetoric"}),
    ({"price": {"min": "0.01", "max": "49.89"}}, set()),
    ({"price": {"max": "49.90"}}, ALL),
    ({"price": {}}, ALL),
    ({"price": {"min": None}}, ALL),
    ({"language": ["en", "é", "'; --"]}, ALL),
    ({"language": ["EN"]}, set()),
    ({"published": True, "price": {"max": "0"}}, {"Logic"}),
]


async def test_a_filter_keeps_what_meets_every_condition(graph: Graph) -> None:
    for given, expected in FILTERS:
        assert await kept(graph, "courses", given) == expected, given


async def test_a_range_of_times_has_its_start_and_not_its_end(graph: Graph, world: World) -> None:
    made = world.atlas.created_at.isoformat()
    for given, expected in (
        ({"since": made}, {"Atlas", "Island"}),
        ({"until": made}, set()),
        ({"since": made, "until": "2999-01-01T00:00:00Z"}, {"Atlas", "Island"}),
        ({"since": "2999-01-01T00:00:00+14:00"}, set()),
    ):
        assert await kept(graph, "projects", {"createdAt": given}, show="name") == expected


async def test_an_id_that_stands_for_nothing_is_left_out(graph: Graph, world: World) -> None:
    for ids, expected in (
        ([world.ada.public_id], {"Atlas"}),
        ([world.ada.public_id, world.olga.public_id], {"Atlas", "Island"}),
        ([f"usr_{new_id().hex}", "nonsense", "", world.olga.public_id], {"Island"}),
        (["nonsense"], set()),
        ([], set()),
    ):
        assert await kept(graph, "projects", {"ownerId": ids}, show="name") == expected


async def test_an_id_of_another_kind_stands_for_nothing(graph: Graph, world: World) -> None:
    disguised = f"org_{world.ada.id.hex}"
    assert await kept(graph, "projects", {"ownerId": [disguised]}, show="name") == set()


SEARCHES = [
    ("atlas", {"Atlas"}),
    ("ATLASES", {"Atlas"}),
    ("maps", {"Atlas"}),
    ('"maps of everything"', {"Atlas"}),
    ("atlas or island", {"Atlas", "Island"}),
    ("-atlas", {"Island"}),
    ("atlas island", set()),
    ("", set()),
    ("the", set()),
    ("((( & | ! <-> :*", set()),
    ("'; DROP TABLE users; --", set()),
]


async def test_the_longest_search_is_run_and_a_longer_one_refused(graph: Graph, resolved: Graph) -> None:
    query = "query ($text: String) { projects(filter: {search: $text}) { totalCount } }"
    for path in (graph, resolved):
        assert (await path.data("ada", query, text="x " * 500))["projects"] == {"totalCount": 0}
        [error] = (await path("ada", query, text="x " * 500 + "y"))["errors"]
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": "search"}


async def test_search_understands_what_people_type(graph: Graph) -> None:
    for words, expected in SEARCHES:
        assert await kept(graph, "projects", {"search": words}, show="name") == expected, words


UNFIT: list[dict[str, Any]] = [
    {"search": "\0"},
    {"language": ["a\0b"]},
    {"language": ["\ud800"]},
    {"price": {"min": "1e-999999"}},
    {"price": {"min": "1e10"}},
    {"price": {"max": "NaN"}},
    {"price": {"max": 0.1}},
    {"difficulty": ["HARD"]},
    {"published": "yes"},
    {"unknown": 1},
]


async def test_a_value_that_does_not_fit_is_told_so(graph: Graph) -> None:
    query = "query ($filter: CourseFilter) { courses(filter: $filter) { nodes { id } } }"
    for given in UNFIT:
        try:
            errors = (await graph("root", query, filter=given))["errors"]
        except RequestError as refused:
            errors = refused.errors
        assert [error["extensions"]["code"] for error in errors] == ["BAD_USER_INPUT"], given


def test_an_order_is_named_after_its_column_and_direction() -> None:
    assert order_name("-created_at") == "CREATED_AT_DESC"
    assert order_name("name") == "NAME_ASC"
    assert order_named("-created_at") == Order(("created_at",), descending=True)
    assert order_named("name") == Order(("name",))

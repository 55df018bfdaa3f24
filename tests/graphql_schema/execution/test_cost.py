"""What an operation is estimated to come to: GitHub's rule for nodes, the weights of the fields, and the points."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from graphql import GraphQLObjectType, build_schema, get_named_type, is_leaf_type
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from db import tables
from graphql_schema.core.connections import Many
from graphql_schema.core.fields import Computed
from graphql_schema.core.strawberry_seam import DEFINITION, DeclaredField, definition_of
from graphql_schema.execution import Estimate, Executor, Request
from graphql_schema.execution.cost import objects_in
from graphql_schema.schema import executor
from tests.conftest import UNLIMITED, Graph
from tests.graphql_schema.execution.both_paths import PEOPLE, BothPaths
from tests.graphql_schema.execution.operations import Drawn
from tests.graphql_schema.execution.still import MUTATIONS

QUERIES = Path(__file__).parents[3] / "scripts" / "benchmark" / "queries" / "trellis"
unlimited = Executor(executor.schema, limits=UNLIMITED)


def estimated(query: str, **variables: Any) -> Estimate:
    return unlimited.prepare(Request(query, variables=variables)).estimate


ACTIVITY = """
    query ($since: DateTime!, $until: DateTime!, $by: Granularity) { repository(fullName: "a/b") {
        commitActivity(since: $since, until: $until, granularity: $by) { commits }
    } }
"""
YEAR = {"since": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"}
WRONG = {"since": "2027-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("given", "groups"),
    [
        (YEAR, 12),
        (YEAR | {"by": None}, 12),
        (YEAR | {"by": "DAY"}, 365),
        (YEAR | {"by": "WEEK"}, 53),
        (YEAR | {"by": "HOUR"}, 1),
        (WRONG, 1),
    ],
)
def test_groups_by_time_cost_as_much_as_the_range_has_periods(given: dict[str, Any], groups: int) -> None:
    found = estimated(ACTIVITY, **given)
    assert (found.nodes, found.weight) == (groups, 1 + groups)
    literal = f'since: "{given["since"]}", until: "{given["until"]}", granularity: {given.get("by") or "MONTH"}'
    assert estimated(f'{{ repository(fullName: "a/b") {{ commitActivity({literal}) {{ commits }} }} }}') == found


def test_groups_by_an_edge_cost_as_much_as_so_many_with_what_they_lead_to() -> None:
    query = 'query ($n: Int) { repository(fullName: "a/b") { commitAuthors(first: $n) { commits author { name } } } }'
    assert [estimated(query, n=n)[:2] for n in (None, 1, 750)] == [(100, 201), (1, 3), (750, 1501)]


def test_figures_of_all_rows_weigh_as_much_as_their_description_says() -> None:
    assert estimated('{ course(slug: "a") { statistics { students averagePercent } } }')[:2] == (0, 11)


# --- GitHub's rule ---------------------------------------------------------------------------------------------------
# Source: GitHub Docs, "Rate limits and query limits for the GraphQL API", section "Node limit".

GITHUB = """
    type Query { viewer: User }
    type User {
        login: String
        repositories(first: Int, last: Int): RepositoryConnection
        followers(first: Int, last: Int): UserConnection
    }
    type Repository {
        id: ID
        name: String
        issues(first: Int, last: Int): IssueConnection
        pullRequests(first: Int, last: Int): PullRequestConnection
    }
    type Issue {
        id: ID
        title: String
        bodyHTML: String
        comments(first: Int, last: Int): CommentConnection
        labels(first: Int, last: Int): LabelConnection
    }
    type PullRequest { title: String comments(first: Int, last: Int): CommentConnection }
    type Comment { bodyHTML: String }
    type Label { id: ID name: String }
"""
CONNECTION = """
    type #Connection { edges: [#Edge] totalCount: Int }
    type #Edge { node: # }
"""
LISTED = ("User", "Repository", "Issue", "PullRequest", "Comment", "Label")

OF_ISSUES = """
    {
        viewer {
            repositories(first: 50) {
                edges {
                    repository: node {
                        name
                        issues(first: 10) { totalCount edges { node { title bodyHTML } } }
                    }
                }
            }
        }
    }
"""
OF_COMMENTS = """
    {
        viewer {
            repositories(first: 50) {
                edges {
                    repository: node {
                        name
                        pullRequests(first: 20) {
                            edges {
                                pullRequest: node {
                                    title
                                    comments(first: 10) { edges { comment: node { bodyHTML } } }
                                }
                            }
                        }
                        issues(first: 20) {
                            totalCount
                            edges {
                                issue: node {
                                    title
                                    bodyHTML
                                    comments(first: 10) { edges { comment: node { bodyHTML } } }
                                }
                            }
                        }
                    }
                }
            }
            followers(first: 10) { edges { follower: node { login } } }
        }
    }
"""
OF_LABELS = """
    {
        viewer {
            login
            repositories(first: 100) {
                edges {
                    node {
                        id
                        issues(first: 50) {
                            edges { node { id labels(first: 60) { edges { node { id name } } } } }
                        }
                    }
                }
            }
        }
    }
"""
EXAMPLES = [
    (OF_ISSUES, 50 + 50 * 10, 550),
    (OF_COMMENTS, 50 + 50 * 20 + 50 * 20 * 10 + 50 * 20 + 50 * 20 * 10 + 10, 22_060),
    (OF_LABELS, 100 + 100 * 50 + 100 * 50 * 60, 305_100),
]


@pytest.fixture(scope="module")
def github() -> Executor:
    """A schema with the part of GitHub's that its examples ask for, declared as Trellis declares its own."""
    schema = build_schema(GITHUB + "".join(CONNECTION.replace("#", name) for name in LISTED))
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType):
            for name, field in type_.fields.items():
                declared = Many("", tables.Session) if field.args else Computed("", str, lambda source: source)
                field.extensions = {DEFINITION: DeclaredField(declared, tables.User, name)}
    return Executor(schema, limits=UNLIMITED)


@pytest.mark.parametrize(("query", "written", "published"), EXAMPLES)
def test_nodes_are_counted_as_in_the_examples_of_github(
    github: Executor, query: str, written: int, published: int
) -> None:
    assert github.prepare(Request(query)).estimate.nodes == written == published


# --- weights ---------------------------------------------------------------------------------------------------------

WEIGHTS = {
    "{ viewer { id name createdAt } }": 1,
    "{ viewer { __typename } __typename }": 1,
    "{ courses { totalCount } }": 1 + 1,
    "{ courses { pageInfo { hasNextPage } } }": 1 + 1,
    "{ courses { nodes { id } } }": 1 + 20,
    "{ courses(first: 5) { edges { node { id } cursor } } }": 1 + 5,
    "{ courses(last: 5) { nodes { title lessonCount } } }": 1 + 5 * (1 + 1),
    "{ courses(first: 5) { nodes { instructor { name } } } }": 1 + 5 * (1 + 1),
    "{ courses(first: 5) { nodes { modules(first: 3) { nodes { id } } } } }": 1 + 5 * (1 + 1 + 3),
    "{ courses(first: 5) { nodes { id } more: nodes { id } } }": 1 + 5 + 5,
    "{ courses(first: 5) { nodes { id } ... { nodes { id title } } } }": 1 + 5,
    "{ a: courses(first: 5) { nodes { id } } b: courses(first: 7) { nodes { id } } }": 1 + 5 + 1 + 7,
    "{ viewer { ...f } } fragment f on User { name projects(first: 2) { nodes { owner { name } } } }": 1 + 1 + 2 * 2,
    "{ courses(first: 9) @skip(if: true) { nodes { id } } viewer { id } }": 1,
    '{ course(id: "x") { id } }': 1,
    '{ node(id: "x") { id } }': 1,
    '{ nodes(ids: ["x", "y", "z"]) { id } }': 3,
    '{ nodes(ids: "x") { id } }': 1,
    '{ nodes(ids: ["x", "y"]) { ... on Course { modules(first: 3) { nodes { id } } } } }': 2 * (1 + 1 + 3),
    "mutation { signOut { signedOut } }": 100,
    "mutation { a: signOut { signedOut errors { code } } b: signOut { signedOut } }": 100 + 1 + 100,
    'subscription { documentEvents(documentId: "x") { kind document { id } } }': 1 + 1,
    "{ __schema { types { fields { name } } } }": 500,
}


@pytest.mark.parametrize(("query", "weight"), WEIGHTS.items())
def test_an_operation_weighs_what_its_fields_weigh(query: str, weight: int) -> None:
    assert estimated(query).weight == weight


@pytest.mark.parametrize(("weight", "points"), [(0, 1), (1, 1), (10, 1), (11, 2), (100, 10), (9_991, 1_000)])
def test_a_point_is_ten_of_weight_and_there_is_no_part_of_a_point(weight: int, points: int) -> None:
    assert Estimate(0, weight, 2).points == points


def test_of_an_object_of_any_type_the_dearest_counts() -> None:
    query = """{
        node(id: "x") {
            id
            ... on Course { modules(first: 3) { nodes { lessons(first: 5) { nodes { id } } } } }
            ... on User { projects(first: 10) { nodes { id } } }
            ... on Repository { fullName organization { name } }
        }
    }"""
    found = estimated(query)
    assert (found.nodes, found.weight) == (3 + 3 * 5, 1 + 1 + 3 * (1 + 1 + 5))


SIZED = "query ($first: Int, $last: Int) { courses(first: $first, last: $last) { nodes { id } } }"


@pytest.mark.parametrize(
    ("variables", "nodes"),
    [
        ({}, 20),
        ({"first": None}, 20),
        ({"first": 1}, 1),
        ({"last": 100}, 100),
        ({"first": None, "last": 7}, 7),
        ({"first": 0}, 0),
        ({"first": -(2**31)}, 0),
        ({"first": 2**31 - 1}, 100),
    ],
)
def test_a_page_has_the_size_that_a_variable_gives(variables: dict[str, Any], nodes: int) -> None:
    """What is out of bounds is refused where it stands, in the answer."""
    assert estimated(SIZED, **variables).nodes == nodes


def test_a_variable_has_its_default() -> None:
    query = "query ($first: Int = 3) { courses(first: $first) { nodes { modules(first: $first) { nodes { id } } } } }"
    assert estimated(query).nodes == 3 + 3 * 3
    assert estimated(query, first=5).nodes == 5 + 5 * 5


@pytest.mark.parametrize("number", [0, 1, 7, 100, 1_000])
def test_as_many_objects_count_as_ids_are_sent_and_no_more_than_may_be(number: int) -> None:
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert estimated(query, ids=["x"] * number).nodes == min(number, 100)


def test_an_estimate_that_no_variable_changes_is_made_once() -> None:
    def estimate(text: str) -> Estimate:
        query = "query ($text: String!) { courses(filter: { search: $text }) { nodes { id } } }"
        return unlimited.prepare(Request(query, variables={"text": text})).estimate

    assert estimate("a") is estimate("b")


@pytest.mark.parametrize("path", sorted(QUERIES.glob("*.graphql")), ids=lambda path: path.stem)
def test_what_the_benchmark_asks_is_within_the_limits(path: Path) -> None:
    ids = dict.fromkeys(("project", "repository", "thread", "document", "content", "summary"), "x")
    names = {**ids, "of": "x", "version": 1, "threads": 100, "comments": 10}
    executor.prepare(Request(path.read_text(), variables=names))


def test_a_field_says_what_it_weighs_where_that_is_not_what_others_weigh() -> None:
    for type_ in executor.schema.type_map.values():
        for name, field in getattr(type_, "fields", {}).items():
            declared = getattr(definition_of(field), "declared", None)
            if declared:
                usual = int(not is_leaf_type(get_named_type(field.type)))
                weight = usual if declared.weight is None else declared.weight
                says = f" Weighs {weight}." in f" {field.description}"
                assert says == (weight != usual), f"{type_.name}.{name}"


# --- field by field, and afterwards ----------------------------------------------------------------------------------


def test_an_estimate_is_told_by_path() -> None:
    query = """
        query ($first: Int!) {
            teaching: viewer {
                name
                teaching(first: $first) { totalCount nodes { title modules(first: 3) { edges { node { id } } } } }
            }
        }
    """
    operation = unlimited.prepare(Request(query, variables={"first": 5}))
    assert operation.estimate_by_path == [
        ("teaching", 0, 1),
        ("teaching.teaching", 0, 1),
        ("teaching.teaching.totalCount", 0, 1),
        ("teaching.teaching.nodes", 5, 5),
        ("teaching.teaching.nodes.modules", 0, 5),
        ("teaching.teaching.nodes.modules.edges", 15, 15),
    ]


def test_by_path_the_dearest_type_is_told() -> None:
    query = '{ node(id: "x") { ... on User { bio } ... on Course { modules(first: 3) { nodes { id } } } } }'
    operation = unlimited.prepare(Request(query))
    assert operation.estimate_by_path == [("node", 0, 1), ("node.modules", 0, 1), ("node.modules.nodes", 3, 3)]


@pytest.mark.parametrize(
    ("objects", "points"), [(0, 1), (1, 1), (10, 1), (11, 2), (500, 50), (999, 100), (1_000, 100), (5_000, 100)]
)
def test_what_was_not_found_is_not_charged_for(objects: int, points: int) -> None:
    assert Estimate(nodes=900, weight=1_000, objects=1_000).actual(objects) == points


def test_objects_are_counted_in_the_text_of_an_answer() -> None:
    answer = {"data": {"viewer": {"name": '{"', "bio": '\\{"x": 1}', "projects": {"nodes": [{"id": 1}, {"id": 2}]}}}}
    assert objects_in(orjson.dumps(answer)) == 6


def test_edges_and_what_stands_beside_a_page_are_objects_of_the_answer() -> None:
    query = "{ courses(first: 5) { totalCount pageInfo { endCursor } edges { node { lessonCount } } } }"
    assert estimated(query) == Estimate(nodes=5, weight=1 + 1 + 1 + 5 * (1 + 1), objects=2 + 1 + 1 + 5 * 2)


# --- no answer holds more --------------------------------------------------------------------------------------------

OBJECTS_THEMSELVES = [
    f"{name} "
    for type_ in executor.schema.type_map.values()
    for name, field in getattr(type_, "fields", {}).items()
    if get_named_type(field.type).name == "JSON"
]
"""The fields whose values are JSON: how many objects it has nobody knows."""


def items(value: Any) -> int:
    """How many objects stand in lists."""
    if isinstance(value, dict):
        return sum(map(items, value.values()))
    return sum(isinstance(item, dict) + items(item) for item in value) if isinstance(value, list) else 0


def holds_no_more(both: BothPaths, who: str | None, drawn: Drawn) -> None:
    """Fail where an answer holds more than was estimated."""
    assume(not any(word in drawn.text for word in ("__type(", *OBJECTS_THEMSELVES)))
    for estimate, answer in both.estimated(who, drawn):
        assert objects_in(orjson.dumps({"data": answer["data"]})) <= estimate.objects
        assert items(answer["data"]) <= estimate.nodes


@settings(max_examples=180)
@given(data=st.data(), who=st.sampled_from(PEOPLE))
def test_no_answer_holds_more_than_was_estimated(both: BothPaths, data: st.DataObject, who: str | None) -> None:
    holds_no_more(both, who, data.draw(both.operations(who)))


@pytest.mark.parametrize("name", MUTATIONS)
@settings(max_examples=20)
@given(data=st.data())
def test_no_payload_holds_more_than_was_estimated(both: BothPaths, name: str, data: st.DataObject) -> None:
    who, arguments = MUTATIONS[name](both.compiled.world)
    holds_no_more(both, who, data.draw(both.payloads(who, "mutation", name, arguments)))


async def test_a_full_answer_holds_as_much_as_was_estimated(graph: Graph) -> None:
    query = "{ courses(first: 2) { nodes { instructor { name } modules(first: 1) { edges { node { title } } } } } }"
    answer = await graph("ada", query)
    assert objects_in(orjson.dumps(answer)) == estimated(query).objects
    assert items(answer) == estimated(query).nodes

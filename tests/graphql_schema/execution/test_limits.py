"""The limits of an operation: the largest that is run, the smallest that is refused, and what looking at it takes."""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from graphql import DocumentNode, FragmentDefinitionNode, InlineFragmentNode, Visitor, parse, visit
from graphql.utilities import get_introspection_query
from hypothesis import given
from hypothesis import strategies as st

from graphql_schema.execution import Executor, Request, RequestError
from graphql_schema.execution.limits import sizes
from graphql_schema.limits import Limits
from graphql_schema.schema import executor

Asking = Callable[[int], str]

WAY = ("organizations(first: 1)", "nodes", "organization", "members(first: 1)", "nodes", "user")
"""Fields that lead from a user to a user."""


def repeated(text: str, times: int) -> str:
    """The text so many times, with its number for every `#`."""
    return " ".join(text.replace("#", str(number)) for number in range(times))


def deep(levels: int) -> str:
    fields = ["viewer", *(WAY[level % len(WAY)] for level in range(levels - 2)), "__typename"]
    return f"{{ {' { '.join(fields)} {'} ' * levels}"


def of_many_fragments(number: int) -> str:
    return f"{{ viewer {{ {repeated('...f#', number)} }} }} {repeated('fragment f# on User { id }', number)}"


def of_many_selections(number: int) -> str:
    """A fragment of a hundred fields, spread nineteen times, and some more fields."""
    more = number - 1 - 19 * (1 + 100)
    fields = "id name bio email role " * 20
    return f"{{ viewer {{ {'...f ' * 19} {' '.join(fields.split()[:more])} }} }} fragment f on User {{ {fields} }}"


def of_many_nodes(number: int) -> str:
    """A list of 99 lists of 100, and another list."""
    lists = "courses(first: 99) { nodes { modules(first: 100) { nodes { id } } } }"
    return f"{{ {lists} projects(first: {number - 99 * 101}) {{ nodes {{ id }} }} }}"


def of_many_points(number: int) -> str:
    """A list of lists that weighs 9,901, and another list."""
    lists = "courses(first: 100) { nodes { modules(first: 97) { nodes { id } } } }"
    return f"{{ {lists} projects(first: {10 * number - 9 - 9_901 - 1}) {{ nodes {{ id }} }} }}"


BOUNDS: list[tuple[str, int, Asking]] = [
    ("MAX_DOCUMENT_BYTES_LIMIT", 65_536, "{ viewer { id } }".ljust),
    ("MAX_TOKENS_LIMIT", 2_000, lambda number: "{ viewer { id } }" + "\n#" * (number - 6)),
    ("MAX_FRAGMENTS_LIMIT", 50, of_many_fragments),
    ("MAX_DEPTH_LIMIT", 12, deep),
    ("MAX_ROOT_FIELDS_LIMIT", 20, lambda number: f"{{ {repeated('a#: viewer { id }', number)} }}"),
    ("MAX_ALIASES_LIMIT", 30, lambda number: f"{{ viewer {{ {repeated('a#: id', number)} }} }}"),
    ("MAX_DIRECTIVES_LIMIT", 50, lambda number: f"{{ viewer {{ {'id @include(if: true) ' * number} }} }}"),
    ("MAX_SELECTIONS_LIMIT", 2_000, of_many_selections),
    ("MAX_NODES_LIMIT", 10_000, of_many_nodes),
    ("COST_ESTIMATED_TOO_EXPENSIVE", 1_000, of_many_points),
]
each_bound = pytest.mark.parametrize(("code", "allowed", "asking"), BOUNDS, ids=[bound[0] for bound in BOUNDS])


def refused(query: str, prepare: Callable[[Request], Any] = executor.prepare) -> tuple[str, str]:
    """The code and the message with which an operation is refused."""
    with pytest.raises(RequestError) as refusal:
        prepare(Request(query))
    (error,) = refusal.value.errors
    return error["extensions"]["code"], error["message"]


def limited_to(code: str) -> Callable[[Request], Any]:
    """Prepares operations as they are served; where nodes are counted, whatever they cost."""
    limits = replace(Limits(), points=10**6) if code == "MAX_NODES_LIMIT" else Limits()
    return Executor(executor.schema, limits=limits).prepare


@each_bound
def test_the_largest_operation_is_run(code: str, allowed: int, asking: Asking) -> None:
    limited_to(code)(Request(asking(allowed)))


@each_bound
def test_a_larger_one_is_refused_with_what_was_found_and_what_is_allowed(
    code: str, allowed: int, asking: Asking
) -> None:
    found, message = refused(asking(allowed + 1), limited_to(code))
    assert found == code
    assert f"{allowed:,} allowed" in message
    assert f"{allowed + 1:,}" in message or "more than 2,000" in message


def test_an_installation_has_limits_of_its_own() -> None:
    prepare = Executor(executor.schema, limits=Limits(depth=3)).prepare
    prepare(Request(deep(3)))
    assert refused(deep(4), prepare) == ("MAX_DEPTH_LIMIT", "Depth: 4 found, 3 allowed.")


def test_a_character_counts_as_many_bytes_as_it_has() -> None:
    executor.prepare(Request("{ viewer { id } } #" + "é" * 32_758))
    assert refused("{ viewer { id } } #" + "é" * 32_759)[0] == "MAX_DOCUMENT_BYTES_LIMIT"


def test_every_operation_of_a_document_has_the_limits_for_itself() -> None:
    fields = repeated("a#: id", 30)
    one, two = f"query One {{ viewer {{ {fields} }} }}", f"query Two {{ viewer {{ {fields} }} }}"
    executor.prepare(Request(f"{one} {two}", operation_name="One"))
    larger = two.replace("a0", "a99: id a0")
    with pytest.raises(RequestError):
        executor.prepare(Request(f"{one} {larger}", operation_name="One"))


# --- fragments -------------------------------------------------------------------------------------------------------

BOMBS = {
    "plain": ("{ ...f0 }", "fragment f# on Query { ...f+ ...f+ }", "fragment f+ on Query { __typename }"),
    "plain below a field": (
        "{ viewer { ...f0 } }",
        "fragment f# on User { ...f+ ...f+ }",
        "fragment f+ on User { id }",
    ),
    "aliased": (
        "{ viewer { ...f0 } }",
        "fragment f# on User { a: projects { nodes { owner { ...f+ } } } b: projects { nodes { owner { ...f+ } } } }",
        "fragment f+ on User { id }",
    ),
    "inline": (
        "{ viewer { ...f0 } }",
        "fragment f# on User { ... { ... on User { ...f+ } } ... { ... on User { ...f+ } } }",
        "fragment f+ on User { id }",
    ),
    "with directives": (
        "{ viewer { ...f0 } }",
        "fragment f# on User { ...f+ @include(if: true) ...f+ @include(if: true) }",
        "fragment f+ on User { id }",
    ),
    "of nothing": ("{ viewer { ...f0 } }", "fragment f# on User { ...f+ ...f+ }", "fragment f+ on User { ...missing }"),
    "in introspection": (
        "{ __schema { ...f0 } }",
        "fragment f# on __Schema { ...f+ ...f+ }",
        "fragment f+ on __Schema { description }",
    ),
}
"""An operation, what is in each fragment, and the last of them; `#` is the number of a fragment, `+` of the next."""

each_bomb = pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)


def bomb_of(levels: int, bomb: tuple[str, str, str]) -> str:
    operation, fragment, last = bomb
    levels_ = [fragment.replace("#", str(level)).replace("+", str(level + 1)) for level in range(levels)]
    return " ".join([operation, *levels_, last.replace("+", str(levels))])


def calls(function: Callable[[], Any]) -> int:
    """How many functions are called until it returns: work, whatever else the machine is doing."""
    count = 0

    def note(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count


@each_bomb
def test_a_bomb_is_refused(bomb: tuple[str, str, str]) -> None:
    code, message = refused(bomb_of(24, bomb))
    assert code.startswith("MAX_")
    assert "found" in message


@each_bomb
def test_twice_the_levels_of_a_bomb_are_no_more_than_twice_the_work(bomb: tuple[str, str, str]) -> None:
    documents = [parse(bomb_of(levels, bomb)) for levels in (24, 48)]
    once, twice = (calls(partial(sizes, document)) for document in documents)
    assert once < twice < 2.2 * once
    assert min(size.selections for size in sizes(documents[1])) > 2**48


@each_bomb
def test_a_bomb_of_a_few_levels_is_an_ordinary_operation(bomb: tuple[str, str, str]) -> None:
    if "missing" not in bomb[2]:
        executor.prepare(Request(bomb_of(1, bomb)))


@pytest.mark.parametrize(
    "document",
    [
        "{ ...a } fragment a on Query { ...a }",
        "{ ...a } fragment a on Query { ...b ...b } fragment b on Query { viewer { id } ...a ...a }",
        "{ ...f0 } " + repeated(f"fragment f# on Query {{ {repeated('...f#', 20)} }}", 20),
        "{ viewer { id } } fragment a on Query { ...a }",
    ],
)
def test_fragments_that_go_round_in_circles_are_refused(document: str) -> None:
    code, message = refused(document)
    assert code == "GRAPHQL_VALIDATION_FAILED"
    assert message.startswith("A fragment cannot spread itself: ")


def test_a_fragment_that_is_not_there_is_left_to_validation() -> None:
    assert refused("{ viewer { id ...missing } }") == ("GRAPHQL_VALIDATION_FAILED", "Unknown fragment 'missing'.")


@st.composite
def documents(draw: st.DrawFn) -> DocumentNode:
    """An operation and five fragments, each of which spreads those behind it, anywhere."""

    def selections(behind: int, levels: int) -> str:
        return " ".join(selection(behind, levels) for _ in range(draw(st.integers(1, 2))))

    def selection(behind: int, levels: int) -> str:
        match draw(st.sampled_from(("leaf", "field", "inline", "spread"))):
            case "field" if levels:
                return f"x: d {{ {selections(behind, levels - 1)} }}"
            case "inline" if levels:
                return f"... @skip(if: true) {{ {selections(behind, levels - 1)} }}"
            case "spread" if behind < 5:
                return f"...f{draw(st.integers(behind, 4))} @skip(if: true)"
        return draw(st.sampled_from(("a", "x: b", "c @include(if: true)", "fields { a }", "__schema { fields { a } }")))

    fragments = (f"fragment f{number} on T {{ {selections(number + 1, 2)} }}" for number in range(5))
    return parse(" ".join([f"{{ {selections(0, 2)} }}", *fragments]))


def written_out(document: DocumentNode) -> DocumentNode:
    """The operation of a document with an inline fragment in the place of every spread."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}

    class Inlining(Visitor):
        def leave_fragment_spread(self, node: Any, *_: Any) -> InlineFragmentNode:
            inner = visit(fragments[node.name.value].selection_set, Inlining())
            return InlineFragmentNode(directives=node.directives, selection_set=inner)

    return DocumentNode(definitions=(visit(document.definitions[0], Inlining()),))


@given(documents())
def test_a_document_is_as_large_as_if_its_fragments_were_written_out(document: DocumentNode) -> None:
    assert sizes(document) == sizes(written_out(document))


def test_directives_count_wherever_they_stand() -> None:
    (size,) = sizes(parse("query @a { b @c ... @d { e } ...f @g } fragment f on T @h { i @j }"))
    assert size.directives == 6


# --- introspection ---------------------------------------------------------------------------------------------------

EVERYTHING = get_introspection_query(
    specified_by_url=True,
    directive_is_repeatable=True,
    schema_description=True,
    input_value_deprecation=True,
    experimental_directive_deprecation=True,
    one_of=True,
)


def test_tools_may_ask_for_the_whole_schema() -> None:
    (size,) = sizes(parse(EVERYTHING))
    assert size.depth == 1
    executor.prepare(Request(EVERYTHING))


DEAR = {
    "deep": "{ __schema { types { " + "fields { type { " * 4 + "name" + " } }" * 4 + " } } }",
    "deep by fragments": bomb_of(
        4,
        (
            "{ __schema { types { ...f0 } } }",
            "fragment f# on __Type { fields { type { ...f+ } } }",
            "fragment f+ on __Type { name }",
        ),
    ),
    "many times": f"{{ {repeated('a#: __schema { types { fields { ...f } } }', 20)} }} fragment f on __Field "
    "{ name args { name type { name } } type { name ofType { name ofType { name } } } }",
}


@pytest.mark.parametrize("query", DEAR.values(), ids=DEAR)
def test_introspection_that_would_become_expensive_is_refused(query: str) -> None:
    assert refused(query)[0] == "MAX_SELECTIONS_LIMIT"


def test_lists_of_the_graph_are_not_mistaken_for_those_of_introspection() -> None:
    (size,) = sizes(parse("{ a { fields { possibleTypes { b } } } }"))
    assert (size.selections, size.depth) == (4, 4)


# --- what is within the limits and dear all the same -----------------------------------------------------------------


def test_fifty_components_may_ask_for_the_same() -> None:
    same = "fragment f# on User { organizations { nodes { id role } } }"
    executor.prepare(Request(f"{{ viewer {{ {repeated('...f#', 50)} }} }} {repeated(same, 50)}"))


def test_validation_gives_up_before_it_has_compared_a_field_with_itself_for_a_second() -> None:
    same = "{ viewer { " + "organizations { nodes { id } } " * 190 + "} }"
    assert refused(same) == ("GRAPHQL_VALIDATION_FAILED", "Validation aborted.")

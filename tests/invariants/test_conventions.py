"""What a client may rely on in every type of the graph: words, bounds, and errors that say what went wrong."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    Undefined,
    get_nullable_type,
    is_abstract_type,
    is_introspection_type,
    is_specified_scalar_type,
)

from graphql_schema.core.fields import One
from graphql_schema.core.orders import order_of
from graphql_schema.core.references import References
from graphql_schema.core.strawberry_seam import declared_of
from tests.invariants.schema import SCHEMA, TABLES, is_aggregate, is_json, object_type

TYPES = {
    name: type_
    for name, type_ in SCHEMA.type_map.items()
    if not is_introspection_type(type_) and not is_specified_scalar_type(type_)
}
LISTED = [name for name in TABLES if f"{name}Connection" in TYPES]
"""The nodes that there are lists of."""

PAGING = {"first": "Int", "after": "String", "last": "Int", "before": "String"}
"""The arguments of the Relay specification for connections, all of which may be left out."""

BOUNDED_LISTS = {
    "ApiKey.scopes": "there are two for each slice",
    "Query.nodes": "as many as there are ids, of which 100 may be sent",
    "Course.learningObjectives": "a column that the instructor writes by hand",
    "Course.prerequisites": "a column that the instructor writes by hand",
    "Course.topics": "a column that the instructor writes by hand",
    "NotificationRule.channels": "there are three",
    "TestNotificationRulePayload.firings": "100 are shown",
    "Issue.labels": "GitHub allows 100",
    "Repository.topics": "GitHub allows 20",
    "ExerciseAnswer.options": "some of the options of an exercise, of which there are 20",
    "ModuleProgress.completedLessons": "some of the lessons of a module, of which there are 100",
    "QuizAttempt.correctAnswers": "one for each question, of which a quiz has 200",
    "DifferenceHunk.lines": "2,000 lines of a difference are shown",
    "DocumentDifference.hunks": "2,000 lines of a difference are shown",
    "UserError.path": "as long as the input is deep",
}
"""The lists that are not connections, with what keeps them short."""


def parts(type_: Any) -> Iterator[tuple[str, Any]]:
    """Everything in a type that a description can stand at, by the way to it."""
    yield type_.name, type_
    match type_:
        case GraphQLEnumType():
            yield from ((f"{type_.name}.{name}", value) for name, value in type_.values.items())
        case GraphQLInputObjectType():
            yield from ((f"{type_.name}.{name}", field) for name, field in type_.fields.items())
        case GraphQLObjectType() | GraphQLInterfaceType():
            for name, field in type_.fields.items():
                yield f"{type_.name}.{name}", field
                yield from ((f"{type_.name}.{name}({argument}:)", it) for argument, it in field.args.items())


PARTS = {place: part for type_ in TYPES.values() for place, part in parts(type_)}
FIELDS = {place: part for place, part in PARTS.items() if isinstance(part, GraphQLField)}
LISTED_BY_PAYLOADS = [
    place
    for place, field in FIELDS.items()
    if (declared := declared_of(field)) and isinstance(declared.declared, References)
]
"""The rows that mutations list: null stands for one that the viewer may not see, and for the list if it was refused."""


@pytest.mark.parametrize("type_", TYPES.values(), ids=str)
def test_everything_has_a_description(type_: Any) -> None:
    assert [place for place, part in parts(type_) if not (part.description or "").strip()] == []


def test_a_description_is_made_of_sentences() -> None:
    paragraphs = [(place, text) for place, part in PARTS.items() for text in part.description.split("\n\n")]
    sentence = re.compile(r"[A-Z`](\S|[ \n](?=\S))*\.")
    assert [(place, text) for place, text in paragraphs if not sentence.fullmatch(text)] == []


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (GraphQLNamedType, r"[A-Z][A-Za-z0-9]*"),
        (GraphQLField | GraphQLArgument | GraphQLInputField, r"[a-z][A-Za-z0-9]*"),
        (GraphQLEnumValue, r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*"),
    ],
    ids=["TypesLikeThis", "fieldsAndArgumentsLikeThis", "VALUES_LIKE_THIS"],
)
def test_a_name_is_written_as_its_kind_is_everywhere(kind: Any, written: str) -> None:
    names = {place: re.split(r"[.(]", place.removesuffix(":)"))[-1] for place in PARTS}
    assert [place for place, part in PARTS.items() if isinstance(part, kind)]
    assert [
        place for place, name in names.items() if isinstance(PARTS[place], kind) and not re.fullmatch(written, name)
    ] == []


def test_a_list_has_no_holes_and_an_answer_no_missing_list() -> None:
    lists = {place: str(part.type) for place, part in PARTS.items() if "[" in str(getattr(part, "type", ""))}
    of_payloads = {place: lists.pop(place) for place in LISTED_BY_PAYLOADS}
    assert [type_ for type_ in of_payloads.values() if type_.strip("[]") not in TABLES] == []
    holes = {place: type_ for place, type_ in lists.items() if not re.fullmatch(r"\[\w+!\]!?", type_)}
    assert holes == {"Query.nodes": "[Node]!"}, "null stands for a node that the viewer may not see, and nowhere else"
    absent = [place for place, type_ in lists.items() if place in FIELDS and not type_.endswith("!")]
    assert [place for place in absent if not (is_refused_to_some(FIELDS[place]) or is_of_a_payload(place))] == []


def is_refused_to_some(field: Any) -> bool:
    """Whether not everybody may ask for a field: it is null for others, and the rest is answered."""
    found = declared_of(field)
    return bool(found and found.declared.allows)


def is_of_a_payload(place: str) -> bool:
    """Whether a field is one of a payload: it is null where the mutation was refused."""
    return place.partition(".")[0].endswith("Payload")


def test_what_the_viewer_may_not_see_can_be_null() -> None:
    """Edges from node to node have a test of their own, which knows which of them cross a border. A group shows those
    whom its rows reveal.
    """
    owners = {place.partition(".")[0] for place in FIELDS}
    nodes = {*TABLES, *(interface.name for name in TABLES for interface in object_type(name).interfaces)}
    outside = {owner for owner in owners if owner not in nodes and not owner.endswith("Edge")}
    to_nodes = {place: field for place, field in FIELDS.items() if str(field.type).strip("!") in {*TABLES, "Node"}}
    strict = [place for place, field in to_nodes.items() if str(field.type).endswith("!")]
    assert {place.partition(".")[0] for place in to_nodes} & outside
    revealed = {place for place in strict if (found := declared_of(FIELDS[place])) and is_revealed(found.declared)}
    assert [place for place in strict if place.partition(".")[0] in outside and place not in revealed] == []


def is_revealed(declared: Any) -> bool:
    """Whether an edge leads to somebody whom each of its rows shows beside it."""
    return isinstance(declared, One) and not declared.relation.is_checked


def test_a_list_is_a_connection_or_says_what_bounds_it() -> None:
    lists = {
        f"{type_.name}.{name}"
        for type_ in TYPES.values()
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) and not type_.name.endswith("Connection")
        for name, field in type_.fields.items()
        if isinstance(get_nullable_type(field.type), GraphQLList) and not is_aggregate(field) and not is_json(field)
    }
    of_payloads = {f"{payload.name}.errors" for payload in payloads().values()}
    bounded = {*BOUNDED_LISTS, *LISTED_BY_PAYLOADS}
    assert lists - of_payloads == bounded, "make it a connection, or name what keeps the list short"


SEARCHED = "SearchResult"
"""What is found by a search, whose edges say more, and whose totals are bounded."""


def test_a_connection_has_what_relay_asks_for() -> None:
    abstract = [name for name, type_ in TYPES.items() if is_abstract_type(type_) and f"{name}Connection" in TYPES]
    assert abstract
    for name in (*LISTED, *abstract):
        fields = {field: str(it.type) for field, it in object_type(f"{name}Connection").fields.items()}
        assert fields == {
            "edges": f"[{name}Edge!]!",
            "nodes": f"[{name}!]!",
            "pageInfo": "PageInfo!",
            "totalCount": "Int!",
        } | ({"isTotalExact": "Boolean!"} if name == SEARCHED else {})
        edge = {field: str(it.type) for field, it in object_type(f"{name}Edge").fields.items()}
        more = {"rank": "Float!", "snippet": "Snippet!"} if name == SEARCHED else {}
        assert edge == {"node": f"{name}!", "cursor": "String!"} | more


def test_every_field_that_gives_a_connection_pages_in_both_directions() -> None:
    connections = {place: field for place, field in FIELDS.items() if "Connection" in str(field.type)}
    assert connections
    for place, field in connections.items():
        assert str(field.type).endswith("!") or is_refused_to_some(field)
        listed = str(field.type).removesuffix("!").removesuffix("Connection")
        arguments = {name: str(argument.type) for name, argument in field.args.items()}
        filtering = {"filter": f"{listed}Filter"} if "filter" in arguments else {}
        if is_abstract_type(SCHEMA.type_map[listed]):
            period = {"since": "DateTime", "until": "DateTime"}
            filtering = {"types": f"[{listed}Type!]"} | ({"query": "String!"} if "query" in arguments else period)
        assert arguments == PAGING | {"orderBy": f"{listed}Order"} | filtering, place
        assert [name for name, it in field.args.items() if it.default_value is not Undefined] == ["orderBy"], place


def test_an_object_has_a_global_id_and_its_table_a_prefix_of_its_own() -> None:
    for name in TABLES:
        assert "Node" in [interface.name for interface in object_type(name).interfaces]
        assert str(object_type(name).fields["id"].type) == "ID!"
    assert len({table.prefix for table in TABLES.values()}) == len(TABLES)


@pytest.mark.parametrize("name", LISTED)
def test_an_order_in_which_there_may_be_nothing_says_where_that_comes(name: str) -> None:
    values = SCHEMA.type_map[f"{name}Order"]
    assert isinstance(values, GraphQLEnumType)
    for value in values.values.values():
        says_so = "Those that have none come last." in (value.description or "")
        assert says_so == order_of(value.value).is_nullable


def payloads() -> dict[str, GraphQLObjectType]:
    """What every mutation answers."""
    found = {name: get_nullable_type(field.type) for name, field in object_type("Mutation").fields.items()}
    return {name: payload for name, payload in found.items() if isinstance(payload, GraphQLObjectType)}


def test_a_mutation_answers_with_a_payload_of_its_own_that_tells_errors() -> None:
    assert payloads().keys() == object_type("Mutation").fields.keys()
    assert len({payload.name for payload in payloads().values()}) == len(payloads())
    assert {str(payload.fields["errors"].type) for payload in payloads().values()} == {"[UserError!]!"}


def test_what_a_refused_mutation_cannot_answer_is_nullable() -> None:
    for name, payload in payloads().items():
        strict = [field for field, it in payload.fields.items() if str(it.type).endswith("!") and field != "errors"]
        assert strict == [], name


def test_a_mutation_takes_one_input_or_nothing() -> None:
    for name, field in object_type("Mutation").fields.items():
        assert list(field.args) in ([], ["input"]), name
        assert all(str(argument.type).endswith("Input!") for argument in field.args.values()), name

"""What is said of values that do not fit: never the value, never a word of Python, and little to some."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputObjectType,
    Undefined,
    get_named_type,
    is_composite_type,
    is_input_type,
    is_list_type,
)
from graphql.utilities import coerce_input_value
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from graphql_schema.execution import Request, RequestError
from graphql_schema.schema import executor
from tests.graphql_schema.execution.test_variables import declared

CANARY = "canary_that_was_sent"
PYTHON = re.compile(
    r"\b(None|True|False|class|dict|str|int|bool|Undefined|isoformat|(Value|Type|Overflow)Error)\b|[<>{}\[\]]"
)
DISCREET = {
    *("Variable", "has", "invalid", "value", "at", "no", "This", "does", "not", "fit", "the", "schema", "must", "be"),
    *("null", "There", "is", "operation"),
}
"""All words that those read who may not learn the schema, beside their own."""
HINT = "Did you mean 'TITLE_ASC' or 'TITLE_DESC'?"
schema = executor.schema
INPUTS = sorted(name for name, type_ in schema.type_map.items() if is_input_type(type_) and not name.startswith("__"))


def arguments() -> Iterator[tuple[str, str, GraphQLField, str, GraphQLArgument]]:
    """Every argument of a field of a root type."""
    roots = {"query": schema.query_type, "mutation": schema.mutation_type, "subscription": schema.subscription_type}
    for kind, root in roots.items():
        for name, field in root.fields.items() if root else ():
            for argument, taken in field.args.items():
                yield kind, name, field, argument, taken


ARGUMENTS = list(arguments())
anything = st.recursive(
    st.sampled_from((CANARY, True, 1.5, 10**12, -1, f"{CANARY}\0")),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(("no", "input")), inner, max_size=2),
    max_leaves=4,
)


@cache
def wrong(type_: Any) -> st.SearchStrategy[Any]:
    """Values that are like those of a type, as far as it goes: one deep in them is not."""
    named = get_named_type(type_)
    if isinstance(named, GraphQLInputObjectType):
        fields = {name: st.deferred(lambda field=field: wrong(field.type)) for name, field in named.fields.items()}  # type: ignore[misc]
        inner: st.SearchStrategy[Any] = st.fixed_dictionaries({}, optional=fields) | anything
    else:
        inner = st.sampled_from((CANARY, "ACTIVE", "2026-13-45", "9,99")) | anything
    return st.lists(inner, max_size=3) if is_list_type(getattr(type_, "of_type", type_)) else inner


def literal(value: Any) -> str:
    """The value as it stands in a document; the canary also as a name."""
    match value:
        case dict():
            return f"{{{' '.join(f'{name}: {literal(item)}' for name, item in value.items())}}}"
        case list():
            return f"[{' '.join(map(literal, value))}]"
        case "ACTIVE":
            return CANARY.upper()
    return json.dumps(value)


def check(message: str, discreet: str, sent: str) -> None:
    """What is told of what was sent, to both."""
    for text in (message, discreet):
        assert CANARY not in text.lower()
        place, _, reason = text.partition(": ")
        assert not PYTHON.search(reason or place.partition(" at ")[0]), text
    assert set(re.findall(r"[A-Za-z_]\w*", discreet)) <= DISCREET | set(re.findall(r"\w+", sent)), discreet


def refused(type_: str, value: Any) -> list[tuple[str, str]]:
    """What is told of a variable of this type with this value, and what to those who may not learn the schema."""
    try:
        declared(type_).values({"v0": value})
    except RequestError as refusal:
        both = zip(refusal.errors, refusal.discreet, strict=True)
        return [(error["message"], discreet["message"]) for error, discreet in both]
    return []


@pytest.mark.parametrize("name", INPUTS)
@settings(max_examples=25)  # of each type, and the schema has many
@given(data=st.data())
def test_a_variable_that_does_not_fit_is_not_repeated(name: str, data: st.DataObject) -> None:
    type_: Any = schema.type_map[name]
    value = data.draw(wrong(type_))
    with capture_logs() as entries:
        errors = refused(f"{name}!", value)
    assert entries == []
    assert bool(errors) == (coerce_input_value(value, type_) is Undefined)
    for message, discreet in errors:
        check(message, discreet, f"v0 {json.dumps(value)}")


@given(data=st.data())
def test_a_value_in_a_document_that_does_not_fit_is_not_repeated(data: st.DataObject) -> None:
    kind, name, field, argument, taken = data.draw(st.sampled_from(ARGUMENTS))
    selected = "{ __typename }" if is_composite_type(get_named_type(field.type)) else ""
    text = f"{kind} {{ {name}({argument}: {literal(data.draw(wrong(taken.type)))}) {selected} }}"
    with capture_logs() as entries:
        try:
            executor.prepare(Request(text))
        except RequestError as refused:
            for error, discreet in zip(refused.errors, refused.discreet, strict=True):
                check(error["message"], discreet["message"], text)
    assert entries == []


@pytest.mark.parametrize("text", [f'{{ viewer {{ id "{CANARY}" }} }}', f'{{ viewer(a: "x" """{CANARY}""") }}'])
def test_a_document_that_cannot_be_read_is_not_repeated(text: str) -> None:
    with pytest.raises(RequestError) as refused:
        executor.prepare(Request(text))
    assert CANARY not in str(refused.value.errors)
    assert "Syntax Error" in str(refused.value.errors)


@pytest.mark.parametrize(
    ("type_", "value", "message"),
    [
        ("Int!", "5", "Variable '$v0' has invalid value: Expected 'Int' (a whole number of 32 bits), found a text."),
        ("[ID!]!", ["a", None], "Variable '$v0' has invalid value at [1]: Expected 'ID!', found null."),
        (
            "SignInInput!",
            {"email": "ada@example.com", "password": "hunter2", "remember": True},
            "Variable '$v0' has invalid value at .remember: 'SignInInput' has no field 'remember'.",
        ),
        (
            "AddCommentInput!",
            {"content": True, "threadId": "thr_1"},
            "Variable '$v0' has invalid value at .content: Expected 'String', found a Boolean.",
        ),
        (
            "DecimalRange",
            {"min": "9,99"},
            "Variable '$v0' has invalid value at .min: Expected 'Decimal' (a text as \"49.90\"), found a text.",
        ),
        (
            "CourseOrder",
            "TITLE_AS",
            f"Variable '$v0' has invalid value: Expected 'CourseOrder', found a text. {HINT}",
        ),
    ],
)
def test_it_is_said_where_it_is_what_is_expected_and_what_is_there(type_: str, value: Any, message: str) -> None:
    assert refused(type_, value)[0] == (message, f"{message.partition(': ')[0]}.")


@pytest.mark.parametrize("name", ["no name", "a" * 200, "\n", "é"])
def test_a_name_that_is_none_is_not_repeated(name: str) -> None:
    [(message, _)] = refused("DecimalRange", {name: 1})
    assert name not in message

"""Arguments of computed fields: what becomes a bind parameter, what shapes the statement, and what is refused."""

from datetime import UTC, datetime
from enum import Enum

import pytest
from sqlalchemy import func, literal

from db import tables
from db.errors import BadInput
from graphql_schema.core import number, sql
from graphql_schema.core.orders import order_type
from graphql_schema.core.signature import Argument, Signature


class Unit(Enum):
    """What something is counted in."""

    WORD = "word"
    LINE = "line"


SIGNATURE = Signature(
    {
        "length": number("How many", most=10, default=3),
        "unit": Argument(Unit, "Of what.", Unit.WORD),
        "since": Argument(datetime, "From when on."),
        "tag": Argument(str, "Of which."),
    }
)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_a_value_is_a_bind_parameter_and_a_member_of_an_enumeration_shapes_the_statement() -> None:
    one, other = (SIGNATURE.bind({"length": length, "unit": Unit.LINE, "since": NOON}) for length in (1, 2))
    assert one.shape == other.shape == (True, Unit.LINE, True, None)
    assert one.values == {"length": 1, "since": NOON}
    assert SIGNATURE.bind({"unit": Unit.WORD, "since": NOON}).shape != one.shape


def test_an_expression_gets_a_member_as_it_is_and_none_for_what_was_not_given() -> None:
    asked = SIGNATURE.bind({"unit": Unit.LINE})
    found = SIGNATURE.written(asked.shape, lambda name, type_: literal(asked.values[name], type_))
    assert (found["unit"], found["since"], found["tag"], found["length"].value) == (Unit.LINE, None, None, 3)


@pytest.mark.parametrize("given", [{}, {"length": None, "unit": None}])
def test_what_is_null_is_as_if_it_was_left_out(given: dict[str, None]) -> None:
    asked = SIGNATURE.bind(given)
    assert (asked.shape, asked.values) == ((True, Unit.WORD, None, None), {"length": 3})


@pytest.mark.parametrize(("name", "value"), [("length", 0), ("length", 11), ("tag", "\0")])
def test_a_value_that_makes_no_sense_is_refused_by_the_name_of_its_argument(name: str, value: object) -> None:
    with pytest.raises(BadInput) as refused:
        SIGNATURE.bind({name: value})
    assert refused.value.at == name


def test_a_list_is_not_sorted_by_what_takes_arguments() -> None:
    excerpt = sql(str, "How it begins.", func.left, length=number("How many characters", most=10))
    with pytest.raises(TypeError, match="excerpt: it takes arguments"):
        order_type(tables.SpecificationDocument, ("excerpt",), {"excerpt": excerpt}, is_searched=False)


def test_a_number_says_its_bounds() -> None:
    declared = sql(str, "How it begins.", func.left, length=number("How many characters", most=1_000)).arguments()
    assert [argument.description for argument in declared] == ["How many characters: 1 to 1,000."]
    assert SIGNATURE.declared()[0].description == "How many: 1 to 10, 3 if left out."

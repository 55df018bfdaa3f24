"""The rules that documents are validated by."""

from graphql import parse, validate

from graphql_schema.execution.validation import RULES
from graphql_schema.schema import executor


def told(text: str) -> list[str]:
    """What is wrong with a document."""
    return [error.message for error in validate(executor.schema, parse(text), RULES)]


def test_fifty_fragments_may_ask_for_the_same() -> None:
    spread = " ".join(f"...F{number}" for number in range(50))
    fragments = " ".join(f"fragment F{number} on Query {{ viewer {{ id name email }} }}" for number in range(50))
    assert told(f"{{ {spread} }} {fragments}") == []


def test_a_document_whose_fields_take_long_to_compare_is_refused() -> None:
    assert told(f"{{ {'viewer { id } ' * 400} }}") == ["Validation aborted."]


def test_a_value_that_does_not_fit_is_not_repeated() -> None:
    assert told('{ courses(first: "secret") { totalCount } }') == [
        "Expected 'Int' (a whole number of 32 bits), found a text."
    ]

"""The rules that documents are validated by."""

from graphql import parse, validate

from graphql_schema.core.errors import explained
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


def test_a_value_that_does_not_fit_has_the_way_to_it_from_its_argument_or_variable_on() -> None:
    module = '{title: "One", lessons: [{title: "One", content: ""}, {title: 1, content: ""}]}'
    course = f'{{slug: "a", title: "A", description: "", difficulty: EXPERT, modules: [{module}]}}'
    texts = {
        f"mutation {{ createCourse(input: {course}) {{ errors {{ code }} }} }}": "input.modules.0.lessons.1.title",
        f"mutation ($i: CreateCourseInput! = {course}) {{ createCourse(input: $i) {{ errors {{ code }} }} }}": (
            "i.modules.0.lessons.1.title"
        ),
        '{ courses(first: "1") { totalCount } }': "first",
    }
    for text, at in texts.items():
        (error,) = validate(executor.schema, parse(text), RULES)
        assert explained(error)["extensions"]["argument"] == at

"""Documents that were parsed before are found again, and take no more memory than they may."""

import pytest
from graphql.execution.values import get_variable_values

from graphql_schema.execution import Limits, RequestError
from graphql_schema.execution.documents import Documents
from graphql_schema.schema import executor

QUERY = "{ viewer { name } }"


@pytest.fixture
def documents() -> Documents:
    return Documents(executor.schema, Limits())


def test_a_document_is_parsed_once(documents: Documents) -> None:
    assert documents.definition(QUERY, None) is documents.definition(QUERY, None)
    assert documents.definition(f"{QUERY} ", None) is not documents.definition(QUERY, None)


def test_the_operations_of_a_document_are_kept_apart(documents: Documents) -> None:
    text = "query A { viewer { name } } mutation B { signOut { signedOut } }"
    assert documents.definition(text, "A").kind == "query"
    assert documents.definition(text, "B").kind == "mutation"


def test_the_documents_used_last_are_kept() -> None:
    documents = Documents(executor.schema, Limits())
    texts = [f"{{ viewer {{ a{number}: name }} }}" for number in range(10)]
    first = documents.definition(texts[0], None)
    documents.max_bytes = documents.bytes * 3
    for text in texts[1:]:
        documents.definition(text, None)
        assert documents.definition(texts[0], None) is first
        assert documents.bytes <= documents.max_bytes
    assert len(documents._kept) == 3


def test_a_refused_document_is_not_kept(documents: Documents) -> None:
    for text in ("{", "{ nothing }"):
        with pytest.raises(RequestError):
            documents.definition(text, None)
    with pytest.raises(RequestError):
        documents.definition(QUERY, "Missing")
    assert documents.bytes == 0


def test_a_document_larger_than_all_memory_is_answered_all_the_same() -> None:
    documents = Documents(executor.schema, Limits(), max_bytes=10)
    assert documents.definition(QUERY, None).kind == "query"
    assert documents.bytes == 0


def test_a_plan_is_made_for_each_choice_of_fields(documents: Documents) -> None:
    text = "query ($with: Boolean!) { viewer { name } courses @include(if: $with) { totalCount } }"
    definition = documents.definition(text, None)
    plans = []
    for choice in (True, False, True):
        values = get_variable_values(executor.schema, definition.node.variable_definitions or (), {"with": choice})
        assert not isinstance(values, list)
        plans.append(definition.plan(values))
    assert plans[0] is plans[2]
    assert [[step.key for step in plan.steps] for plan in plans[:2]] == [["viewer", "courses"], ["viewer"]]

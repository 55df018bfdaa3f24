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


def test_what_is_sent_once_pushes_out_nothing_that_is_sent_again(documents: Documents) -> None:
    again = documents.definition(QUERY, None)
    documents.find(QUERY, None)
    once = documents.definition("{ viewer { id } }", None)
    memory = documents.memory.documents.once
    memory.max_bytes = memory.bytes * 3
    for number in range(10):
        documents.definition(f"{{ viewer {{ a{number}: id }} }}", None)
    assert documents.find(QUERY, None) is again
    assert documents.definition("{ viewer { id } }", None) is not once
    assert len(memory) < 4


@pytest.mark.parametrize(("text", "name"), [("{", None), ("{ nothing }", None), (QUERY, "Missing")])
def test_that_a_document_was_refused_is_known(documents: Documents, text: str, name: str | None) -> None:
    refusals = []
    for ask in (documents.definition, documents.find, documents.definition):
        with pytest.raises(RequestError) as refusal:
            ask(text, name)
        refusals.append(refusal.value)
    assert refusals[0].errors == refusals[1].errors == refusals[2].errors
    assert len({id(refusal) for refusal in refusals}) == 3
    assert documents.has(text, name)


def test_a_document_larger_than_all_memory_is_answered_all_the_same(documents: Documents) -> None:
    documents.memory.documents.once.max_bytes = 10
    assert documents.definition(QUERY, None).kind == "query"
    assert not documents.has(QUERY, None)


def test_a_document_takes_more_memory_the_more_tokens_it_has(documents: Documents) -> None:
    sizes = [documents.definition(text, None).bytes for text in (QUERY, f"{QUERY}    ", "{ viewer { id name } }")]
    assert sizes[0] == sizes[1] < sizes[2]


def test_a_plan_is_made_for_each_choice_of_fields(documents: Documents) -> None:
    text = "query ($with: Boolean!) { viewer { name } courses @include(if: $with) { totalCount } }"
    definition = documents.definition(text, None)
    plans = []
    for choice in (True, False, True):
        values = get_variable_values(executor.schema, definition.node.variable_definitions or (), {"with": choice})
        assert not isinstance(values, list)
        plans.append(definition.plan(values))
    assert plans[0] is plans[2]
    assert [[member.key for member in plan.members] for plan in plans[:2]] == [["viewer", "courses"], ["viewer"]]

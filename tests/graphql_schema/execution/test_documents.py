"""Documents that were parsed before are found again, and take no more memory than they may."""

import pytest

from graphql_schema.execution import Executor, Request, RequestError
from graphql_schema.schema import executor

QUERY = "{ viewer { name } }"


@pytest.fixture
def fresh() -> Executor:
    return Executor(executor.schema)


def test_a_document_is_parsed_once(fresh: Executor) -> None:
    assert fresh.document(QUERY) is fresh.document(QUERY)
    assert fresh.document(f"{QUERY} ") is not fresh.document(QUERY)


def test_the_operations_of_a_document_are_found_by_their_names(fresh: Executor) -> None:
    document = fresh.document("query A { viewer { name } } mutation B { signOut { signedOut } }")
    assert [document.definition(name).kind for name in "AB"] == ["query", "mutation"]


def test_an_operation_that_is_alone_is_found_without_its_name_too(fresh: Executor) -> None:
    document = fresh.document("query A { viewer { name } }")
    assert document.definition(None) is document.definition("A")


def test_what_is_sent_once_pushes_out_nothing_that_is_sent_again(fresh: Executor) -> None:
    again = fresh.document(QUERY)
    fresh.document(QUERY)
    once = fresh.document("{ viewer { id } }")
    memory = fresh.memory.documents.once
    memory.max_bytes = memory.bytes * 3
    for number in range(10):
        fresh.document(f"{{ viewer {{ a{number}: id }} }}")
    assert fresh.document(QUERY) is again
    assert fresh.document("{ viewer { id } }") is not once
    assert len(memory) < 4


@pytest.mark.parametrize(("text", "name"), [("{", None), ("{ nothing }", None), (QUERY, "Missing")])
def test_that_a_document_was_refused_is_known(fresh: Executor, text: str, name: str | None) -> None:
    refusals = []
    for _ in range(3):
        with pytest.raises(RequestError) as refusal:
            fresh.document(text).definition(name)
        refusals.append(refusal.value)
    assert refusals[0].errors == refusals[1].errors == refusals[2].errors
    assert len({id(refusal) for refusal in refusals}) == 3
    assert text in fresh.memory.documents


def test_names_that_no_operation_has_take_no_memory(fresh: Executor) -> None:
    document = fresh.document(QUERY)
    before = fresh.memory.documents.again.bytes + fresh.memory.documents.once.bytes
    for number in range(10):
        with pytest.raises(RequestError):
            document.definition(f"Name{number}")
        with pytest.raises(RequestError):
            fresh.prepare(Request(QUERY, operation_name=f"Name{number}"))
    assert fresh.memory.documents.again.bytes + fresh.memory.documents.once.bytes == before


def test_a_document_larger_than_all_memory_is_answered_all_the_same(fresh: Executor) -> None:
    fresh.memory.documents.once.max_bytes = 10
    assert fresh.document(QUERY).definition(None).kind == "query"
    assert QUERY not in fresh.memory.documents


def test_a_document_takes_more_memory_the_more_tokens_it_has(fresh: Executor) -> None:
    bytes_ = [fresh.document(text).bytes - len(text) for text in (QUERY, f"{QUERY}    ", "{ viewer { id name } }")]
    assert bytes_[0] == bytes_[1] < bytes_[2]


def test_a_plan_is_made_for_each_choice_of_fields(fresh: Executor) -> None:
    text = "query ($with: Boolean!) { viewer { name } courses @include(if: $with) { totalCount } }"
    plans = [fresh.prepare(Request(text, variables={"with": choice})).plan for choice in (True, False, True)]
    assert plans[0] is plans[2]
    assert [[member.key for member in plan.members] for plan in plans[:2]] == [["viewer", "courses"], ["viewer"]]

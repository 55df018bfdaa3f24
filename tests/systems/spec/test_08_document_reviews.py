"""Reviews of documents, from the request to the suggestions, over the running product.

`tests/db/actions/test_reviews.py` has what becomes of a review whose reviewer fails or whose worker ends, and
`tests/db/reviewing` what the rules find.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from app.settings import Settings
from app.work import Working
from db.reviewing import review
from db.tables import SpecificationPhase
from tests.app.serving import Served, listeners, serving, until
from tests.graphql_schema.reviews.asking import OF_DOCUMENT, REQUEST
from tests.world import World

EVENTS = """
    subscription ($document: ID!) {
      documentEvents(documentId: $document) { kind review { id status overallScore suggestions { totalCount } } }
    }
"""
EDIT = "mutation ($input: EditDocumentInput!) { editDocument(input: $input) { errors { code } } }"
RULE_SET = '{ __type(name: "DocumentReview") { fields { name description } } }'
TEXT = """\
# Requirements

## Introduction

In order to find places, people ask for `fast` maps.

## Requirements

- WHEN a user asks for a place, the atlas should show it quickly.
- The atlas shall be printed.
"""


@pytest.fixture
async def served(database_url: str, redis_url: str) -> AsyncIterator[Served]:
    """The product, running over the small world: a server, and a worker."""
    prefix = f"{uuid4().hex}:"
    settings = Settings(database_url=database_url, redis_url=redis_url, redis_prefix=prefix)
    async with serving(database_url, redis_url, redis_prefix=prefix) as running, Working(settings):
        yield running


async def asked(served: Served, world: World, who: str, query: str, **variables: Any) -> Any:
    """The data of an answer that the server gives somebody."""
    answer = (
        await served.post({"query": query, "variables": variables}, authorization=f"Bearer {world.tokens[who]}")
    ).json()
    assert "errors" not in answer
    return answer["data"]


async def requested(served: Served, world: World, who: str) -> Any:
    """The payload of a request for a review of the requirements of Atlas."""
    given = {"documentId": world.requirements.public_id}
    return (await asked(served, world, who, REQUEST, input=given))["requestDocumentReview"]


async def edited(served: Served, world: World, content: str, version: int) -> None:
    given = {"documentId": world.requirements.public_id, "content": content, "expectedVersion": version}
    assert (await asked(served, world, "ada", EDIT, input=given))["editDocument"]["errors"] == []


async def reviewed(served: Served, world: World, who: str) -> Any:
    """The review of the requirements, once it is done, as the project shows it."""
    async with served.talk(authorization=f"Bearer {world.tokens[who]}") as talk:
        await talk.ask(EVENTS, document=world.requirements.public_id)
        await until(lambda: listeners(served))
        await requested(served, world, who)
        kinds = list[str]()
        while "REVIEW_COMPLETED" not in kinds:
            kinds.append((await talk.hear())["payload"]["data"]["documentEvents"]["kind"])
    assert kinds == ["REVIEW_REQUESTED", "REVIEW_COMPLETED"]
    found = await asked(served, world, who, OF_DOCUMENT, project=world.atlas.public_id)
    return found["project"]["documents"]["nodes"][0]["latestReview"]


async def test_08_document_reviews_are_asked_for_and_heard_of_when_they_are_done(served: Served, world: World) -> None:
    await edited(served, world, TEXT, 2)
    found = await reviewed(served, world, "ben")
    assert (found["status"], found["documentVersion"], found["requestedBy"]) == ("COMPLETED", 3, {"name": "Ben"})
    assert (found["completeness"]["score"], found["qualityMetrics"]["requirementCount"]) == (100.0, 2)
    assert [(one["rule"], one["original"], one["replacement"]) for one in found["suggestions"]["nodes"]] == [
        ("readability/wordy", "In order to", "To"),
        ("ears/other-verb", "should", "SHALL"),
        ("clarity/ambiguous", "quickly", None),
        ("ears/keyword-case", "shall", "SHALL"),
    ]
    assert all(one["message"] for one in found["suggestions"]["nodes"])


async def test_08_document_reviews_say_the_same_of_the_same_text(served: Served, world: World) -> None:
    first = review(SpecificationPhase.REQUIREMENTS, TEXT)
    for version, who in ((2, "ben"), (4, "ada")):
        await edited(served, world, TEXT, version)
        found = await reviewed(served, world, who)
        assert found["overallScore"] == first.overall_score
        assert [one["message"] for one in found["suggestions"]["nodes"]] == [one.message for one in first.findings]
        await edited(served, world, "Another text", version + 1)


async def test_08_document_reviews_asked_for_twenty_times_at_once_are_one(served: Served, world: World) -> None:
    await edited(served, world, TEXT, 2)
    payloads = await asyncio.gather(*(requested(served, world, who) for who in ("ada", "ben") * 10))
    assert len({payload["review"]["id"] for payload in payloads}) == 1
    assert all(payload["errors"] == [] for payload in payloads)


async def test_08_document_reviews_are_for_members_who_may_comment(served: Served, world: World) -> None:
    codes = {who: (await requested(served, world, who))["errors"][0]["code"] for who in ("vera", "rob", "olga")}
    assert codes == {"vera": "FORBIDDEN", "rob": "NOT_FOUND", "olga": "NOT_FOUND"}


async def test_08_document_reviews_say_that_they_are_a_set_of_rules(served: Served, world: World) -> None:
    payload = await requested(served, world, "ada")
    assert (payload["review"]["isRuleSet"], payload["review"]["reviewer"]) == (True, "rules/1")
    fields = (await asked(served, world, "ada", RULE_SET))["__type"]["fields"]
    [said] = [field["description"] for field in fields if field["name"] == "isRuleSet"]
    assert "set of rules" in said
    assert "no language model" in said

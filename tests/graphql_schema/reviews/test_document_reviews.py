"""Reviews as documents show them: the latest one that is done, and all of them, by both paths."""

from datetime import timedelta

from db import tables
from db.reviewing import review
from db.tables import ReviewStatus, SpecificationPhase
from tests.conftest import Graph
from tests.graphql_schema.asking import add
from tests.graphql_schema.reviews.asking import OF_DOCUMENT
from tests.world import NOON, World


def again(world: World, version: int, status: ReviewStatus, hours: int, reviewer: str) -> tables.DocumentReview:
    """One more review of the requirements of Atlas."""
    is_done = status is ReviewStatus.COMPLETED
    return tables.DocumentReview(
        document_id=world.requirements.id,
        document_version=version,
        reviewer=reviewer,
        status=status,
        overall_score=float(hours) if is_done else None,
        completed_at=NOON + timedelta(hours=hours) if is_done else None,
    )


async def test_the_latest_review_is_that_of_the_latest_version_which_is_done(
    graph: Graph, resolved: Graph, world: World
) -> None:
    done = ReviewStatus.COMPLETED
    await add(
        graph.database,
        again(world, 1, done, 9, "rules/1"),
        again(world, 3, done, 2, "rules/0"),
        again(world, 3, done, 5, "rules/1"),
        again(world, 4, ReviewStatus.RUNNING, 7, "rules/1"),
    )
    for path in (graph, resolved):
        found = (await path.data("vera", OF_DOCUMENT, project=world.atlas.public_id))["project"]["documents"]["nodes"]
        assert [one["latestReview"] and one["latestReview"]["overallScore"] for one in found] == [5.0, None]
        assert len(found[0]["reviews"]["nodes"]) == 5


async def test_a_review_shows_what_was_found(graph: Graph, world: World) -> None:
    found = (await graph.data("ben", OF_DOCUMENT, project=world.atlas.public_id))["project"]["documents"]["nodes"]
    shown = found[0]["latestReview"]
    made = review(SpecificationPhase.REQUIREMENTS, world.requirements.content)
    assert shown["completeness"] == {
        "score": 50.0,
        "missing": ["Introduction"],
        "sections": [
            {"name": one.name, "isPresent": one.is_present, "isRequired": one.is_required}
            for one in made.completeness.sections
        ],
    }
    assert (shown["isRuleSet"], shown["overallScore"]) == (True, made.overall_score)
    assert shown["qualityMetrics"]["wordCount"] == 7
    assert len(graph.statements) == 1


async def test_a_reviewer_that_is_no_set_of_rules_is_not_called_one(graph: Graph, world: World) -> None:
    await add(graph.database, again(world, 9, ReviewStatus.COMPLETED, 1, "somebody"))
    found = (await graph.data("ben", OF_DOCUMENT, project=world.atlas.public_id))["project"]["documents"]["nodes"]
    assert (found[0]["latestReview"]["reviewer"], found[0]["latestReview"]["isRuleSet"]) == ("somebody", False)

"""The reviews of the documents of Atlas: one that is done, with a finding, and one that came to no end."""

from db import tables
from db.reviewing import RULE_SET, review
from db.tables import ReviewStatus
from db.write import Work
from tests.world import NOON, World

NEEDS = ("specs",)


async def make(world: World, work: Work) -> None:
    document = world.requirements
    found = review(document.phase, document.content)
    reviewed = tables.DocumentReview(
        document_id=document.id,
        document_version=2,
        requested_by_id=world.ben.id,
        reviewer=RULE_SET.name,
        status=ReviewStatus.COMPLETED,
        overall_score=found.overall_score,
        completeness=found.completeness,
        quality_metrics=found.metrics,
        completed_at=NOON,
    )
    failed = tables.DocumentReview(
        document_id=world.design.id,
        document_version=1,
        requested_by_id=world.ada.id,
        reviewer=RULE_SET.name,
        status=ReviewStatus.FAILED,
        error="The reviewer could not review this text.",
    )
    for name, row in (("reviewed", reviewed), ("failed_review", failed)):
        world.rows[name] = await work.add(row)
    world.rows["advice"] = await work.add(
        tables.Suggestion(
            document_id=document.id,
            review_id=reviewed.id,
            number=0,
            document_version=2,
            line=2,
            character=9,
            end_line=2,
            end_character=14,
            original="shall",
            replacement="SHALL",
            kind=tables.SuggestionKind.EARS,
            severity=tables.Severity.INFO,
            rule="ears/keyword-case",
            message="SHALL is a word of EARS: in capitals it shows the form of the requirement.",
        )
    )

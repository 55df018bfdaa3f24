"""Reviews of the pull requests of Engine, Vault and Shore by a program."""

from db import tables
from db.tables import ReviewStatus, RiskLevel, Severity
from db.write import Work
from tests.world import NOON, World

NEEDS = ("repositories",)


async def make(world: World, work: Work) -> None:
    for name, asker in (("engine", world.ben), ("vault", world.ada), ("shore", world.olga)):
        review = tables.CodeReview(
            pull_request_id=world.rows[f"{name}_pull"].id,
            head_sha=f"{2:040x}",
            requested_by_id=asker.id,
            reviewer="rules/1",
            status=ReviewStatus.COMPLETED,
            risk_score=30,
            risk_level=RiskLevel.MEDIUM,
            findings=[
                {"rule": "size/lines", "severity": Severity.WARNING, "points": 30, "message": "It changes 2,000 lines."}
            ],
            summary="It changes 2,000 lines.",
            completed_at=NOON,
        )
        world.rows[f"{name}_risk"] = await work.add(review)

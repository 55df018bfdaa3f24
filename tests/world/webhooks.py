"""Deliveries of GitHub about Engine, Vault and Shore, and a push to each of them that never came."""

from db import tables
from db.tables import IngestionGapKind
from db.write import Work
from tests.world import NOON, World

NEEDS = ("repositories",)


async def make(world: World, work: Work) -> None:
    for repository in (world.engine, world.vault, world.shore):
        event = tables.WebhookEvent(
            delivery_id=f"delivery-{repository.name}",
            repository_id=repository.id,
            organization_id=repository.organization_id,
            event="push",
            payload={"ref": "refs/heads/main", "forced": False},
            received_at=NOON,
            processed_at=NOON,
        )
        world.rows[f"{repository.name}_event"] = await work.add(event)
        delivery = tables.WebhookDelivery(
            id=event.id, organization_id=event.organization_id, delivery_id=event.delivery_id
        )
        await work.add(delivery)
        gap = tables.IngestionGap(
            repository_id=repository.id,
            kind=IngestionGapKind.COMMITS,
            branch="main",
            before_sha=f"{3:040x}",
            after_sha=f"{5:040x}",
            found_at=NOON,
        )
        world.rows[f"{repository.name}_gap"] = await work.add(gap)

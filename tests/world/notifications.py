"""What Ben and Vera were told."""

from db import tables
from db.tables import NotificationType
from db.write import Work
from tests.world import NOON, World

NEEDS = ("accounts",)


async def make(world: World, work: Work) -> None:
    told = (
        ("welcome", "ben", NotificationType.SYSTEM_UPDATE, NOON),
        ("invitation", "ben", NotificationType.COLLABORATION_INVITE, None),
        ("alert", "vera", NotificationType.SECURITY_ALERT, None),
    )
    for name, who, type_, read_at in told:
        notification = tables.Notification(
            user_id=world.rows[who].id, type=type_, title=name.capitalize(), message="Look", read_at=read_at
        )
        world.rows[name] = await work.add(notification)

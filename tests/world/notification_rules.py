"""What Ada, Ben and Olga want to be told of, and what Ada and Olga were told by it."""

from db import tables
from db.actions.notification_rules import SEALED
from db.base import new_id
from db.tables import DeliveryChannel, DeliveryStatus, RuleTrigger
from db.write import Work
from tests.world import NOON, World

NEEDS = ("organizations", "repositories")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


async def make(world: World, work: Work) -> None:
    rules = (
        ("adas_rule", "ada", world.analytical, world.vault),
        ("bens_rule", "ben", world.analytical, None),
        ("olgas_rule", "olga", world.remote, world.shore),
    )
    for name, owner, organization, repository in rules:
        rule = tables.NotificationRule(
            id=new_id(),
            organization_id=organization.id,
            user_id=world.rows[owner].id,
            repository_id=repository and repository.id,
            name=name,
            trigger=RuleTrigger.ISSUE_OPENED,
            conditions={"label": "bug"},
            channels=[DeliveryChannel.IN_APP, DeliveryChannel.EMAIL],
        )
        if name == "adas_rule":
            rule.channels.append(DeliveryChannel.WEBHOOK)
            rule.url_host = "hooks.example.com"
            SEALED.put(work.keyring, rule, "url", "https://hooks.example.com/ada")
            SEALED.put(work.keyring, rule, "secret", SECRET)
        world.rows[name] = await work.add(rule)
        delivery = tables.NotificationDelivery(
            rule_id=rule.id,
            repository_id=rule.repository_id,
            channel=DeliveryChannel.EMAIL,
            payload={"title": "It does not start"},
            status=DeliveryStatus.SENT,
            attempts=1,
            sent_at=NOON,
        )
        world.rows[f"{name}_delivery"] = await work.add(delivery)
        await work.add(
            tables.DeliveryKey(id=delivery.id, rule_id=rule.id, event_key=name, channel=DeliveryChannel.EMAIL)
        )

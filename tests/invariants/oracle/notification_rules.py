"""Who sees rules of notifications, and what was delivered by them."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row
from tests.invariants.oracle.organizations import place

MENTIONS = (("notification_rules", "user_id"),)


def notification_rules(world: Oracle, who: UUID | None, what: str, rule: Row) -> bool:
    if rule.user_id == who and place(world, who, rule.organization_id):
        return what in {"see", "comment", "edit", "manage"}
    return world.inherits(who, "manage" if what == "see" else what, "organizations", rule.organization_id)


def notification_deliveries(world: Oracle, who: UUID | None, what: str, delivery: Row) -> bool:
    return world.inherits(who, what, "notification_rules", delivery.rule_id)


def delivery_keys(world: Oracle, who: UUID | None, what: str, key: Row) -> bool:
    return False

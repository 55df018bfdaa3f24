"""What tests ask of rules, and how something happens of which they tell."""

from typing import Any

from db import tables
from db.access import GUEST
from db.actions.notification_rules import noticed
from db.base import Base
from db.engine import Database
from db.tables import RuleTrigger
from tests.conftest import Graph
from tests.graphql_schema.asking import add, done
from tests.world import NOON, World

ERRORS = "errors { code message path }"
RULE = """
    id name trigger channels urlHost cooldownSeconds isActive silentUntil
    conditions { author branch label threshold metric } user { name } organization { name } repository { name }
"""
CREATE = f"""
    mutation ($input: CreateNotificationRuleInput!) {{
      createNotificationRule(input: $input) {{ rule {{ {RULE} }} secret {ERRORS} }}
    }}
"""
UPDATE = f"""
    mutation ($input: UpdateNotificationRuleInput!) {{
      updateNotificationRule(input: $input) {{ rule {{ {RULE} }} secret {ERRORS} }}
    }}
"""
DELETE = f"""
    mutation ($input: NotificationRuleInput!) {{
      deleteNotificationRule(input: $input) {{ deletedRuleId organization {{ name }} {ERRORS} }}
    }}
"""
ROTATE = f"""
    mutation ($input: NotificationRuleInput!) {{
      rotateNotificationSecret(input: $input) {{ rule {{ previousSecretUntil }} secret {ERRORS} }}
    }}
"""
TEST = f"""
    mutation ($input: NotificationRuleInput!) {{
      testNotificationRule(input: $input) {{
        rule {{ id }} firings {{ title message happenedAt subjectId isSilenced }} {ERRORS}
      }}
    }}
"""
RESEND = f"""
    mutation ($input: ResendDeliveryInput!) {{
      resendDelivery(input: $input) {{ delivery {{ id status attempts lastError }} {ERRORS} }}
    }}
"""
DELIVERIES = """
    query ($id: ID!) { node(id: $id) { ... on NotificationRule { deliveries { nodes {
      id channel status attempts lastError nextAttemptAt sentAt repository { name }
    } } } } }
"""
NEWS = """
    { viewer { notifications(filter: {type: [RULE_FIRED]}) { nodes { title message data } } } }
"""


async def made(graph: Graph, who: str, **given: Any) -> Any:
    """The payload of a new rule of somebody, for issues of Analytical unless it is said otherwise."""
    usual = {
        "organizationId": graph.world.analytical.public_id,
        "name": "watch",
        "trigger": "ISSUE_OPENED",
        "channels": ["IN_APP"],
    }
    return await done(graph, who, CREATE, **usual | given)


async def deliveries(graph: Graph, who: str, rule: str) -> list[Any]:
    """What was told by a rule, the latest first."""
    found: list[Any] = (await graph.data(who, DELIVERIES, id=rule))["node"]["deliveries"]["nodes"]
    return found


async def news(graph: Graph, who: str) -> list[Any]:
    """What somebody was notified of by rules, the latest first."""
    found: list[Any] = (await graph.data(who, NEWS))["viewer"]["notifications"]["nodes"]
    return found


async def issue(database: Database, repository: tables.Repository, number: int, **columns: Any) -> tables.Issue:
    """An issue of a repository that nobody has noticed."""
    usual = {"title": f"Issue {number}", "author_name": "grace", "labels": ["bug"], "opened_at": NOON}
    found = tables.Issue(repository_id=repository.id, number=number, **usual | columns)
    await add(database, found)
    return found


async def notice(database: Database, trigger: RuleTrigger, row: Base, *, key: str | None = None) -> None:
    """Notice that something happened to a row, as whatever projects it does."""
    async with database.work(GUEST) as work:
        await noticed(work, trigger, row, key=key or row.public_id)


async def opened(graph: Graph, world: World, repository: str, number: int, **columns: Any) -> tables.Issue:
    """An issue of a repository, which is noticed."""
    row = await issue(graph.database, world.rows[repository], number, **columns)  # type: ignore[arg-type]
    await notice(graph.database, RuleTrigger.ISSUE_OPENED, row)
    return row

"""Secrets with which GitHub signs, the token with which it is asked, and messages that are worked in once more."""

from datetime import datetime

import strawberry
from sqlalchemy import ColumnElement

from db import tables
from db.actions import github_tokens, missing_events, webhook_secrets, webhooks
from db.permissions import MANAGE
from db.write import Work
from graphql_schema.core import mutation
from graphql_schema.core.texts import text


@strawberry.input(description="An organization that is to have another secret for GitHub.")
class RotateWebhookSecretInput:
    """An organization."""

    organization_id: strawberry.ID = strawberry.field(description="The organization.")


@strawberry.input(description="The token with which GitHub is asked for what it has not told.")
class SetGithubTokenInput:
    """A token of an organization."""

    organization_id: strawberry.ID = strawberry.field(description="The organization.")
    token: str | None = text(
        github_tokens.LONGEST, "A token that may read its repositories at GitHub; null to have none.", default=None
    )


@strawberry.input(description="A repository of which something is missing.")
class RequestMissingEventsInput:
    """A repository."""

    repository_id: strawberry.ID = strawberry.field(description="The repository.")


@strawberry.input(description="Which messages of GitHub to work in once more: those that meet all conditions.")
class ReplayFilter:
    """Conditions."""

    repository_id: strawberry.ID | None = strawberry.field(
        default=None, description="Those about this repository of the organization."
    )
    event: str | None = text(
        tables.WebhookEvent.event, "Those of this kind, as GitHub names it: `pull_request`.", default=None
    )
    is_processed: bool | None = strawberry.field(
        default=None, description="With `false` those alone that were not worked in."
    )
    received_since: datetime | None = strawberry.field(default=None, description="Those that came then or later.")
    received_until: datetime | None = strawberry.field(default=None, description="Those that came before.")


@strawberry.input(description="Messages of GitHub to work in once more.")
class ReplayWebhookEventsInput:
    """Messages."""

    organization_id: strawberry.ID = strawberry.field(description="The organization that they were sent to.")
    filter: ReplayFilter | None = strawberry.field(default=None, description="Which of them; null for all.")


@mutation(alone=True, organization=tables.Organization, secret=str)
async def rotate_webhook_secret(work: Work, input: RotateWebhookSecretInput) -> tuple[tables.Organization, str]:
    """Give an organization another secret for GitHub, shown this once. For those who manage it.

    Enter it at GitHub, with the address `/webhooks/github/<slug>` of this server and the content type
    `application/json`. The secret that it had holds until the next time, so that nothing is lost meanwhile.
    """
    organization = await work.get(
        tables.Organization, input.organization_id, at="organizationId", may=MANAGE, lock=True
    )
    return organization, await webhook_secrets.rotate(work, organization)


@mutation(alone=True, organization=tables.Organization)
async def set_github_token(work: Work, input: SetGithubTokenInput) -> tables.Organization:
    """Give an organization the token with which GitHub is asked for what it has not told, or take it away. It is not
    shown again. For those who manage it.

    A fine-grained token that may read contents, issues and pull requests of its repositories is enough.
    """
    organization = await work.get(
        tables.Organization, input.organization_id, at="organizationId", may=MANAGE, lock=True
    )
    await github_tokens.put(work, organization, input.token)
    return organization


@mutation(repository=tables.Repository)
async def request_missing_events(work: Work, input: RequestMissingEventsInput) -> tables.Repository:
    """Ask GitHub at once for what it must have told of a repository and has not, rather than within the hour: see its
    `gaps`. An organization without a token is `BAD_USER_INPUT`. For those who manage the repository.
    """
    repository = await work.get(tables.Repository, input.repository_id, at="repositoryId", may=MANAGE)
    await missing_events.request(work, repository)
    return repository


@mutation(organization=tables.Organization, replayed_count=int)
async def replay_webhook_events(work: Work, input: ReplayWebhookEventsInput) -> tuple[tables.Organization, int]:
    """Work messages of GitHub in once more: those that failed, and those about a repository that was not followed when
    they came. What is newer stays. At most 10,000, the oldest first. For those who manage the organization.
    """
    organization = await work.get(tables.Organization, input.organization_id, at="organizationId", may=MANAGE)
    given = input.filter or ReplayFilter()
    event, conditions = tables.WebhookEvent, list[ColumnElement[bool]]()
    if given.repository_id is not None:
        repository = await work.get(tables.Repository, given.repository_id, at="filter.repositoryId", may=MANAGE)
        conditions.append(event.repository_id == repository.id)
    if given.event is not None:
        conditions.append(event.event == given.event)
    if given.is_processed is not None:
        conditions.append(event.is_processed == given.is_processed)
    if given.received_since is not None:
        conditions.append(event.received_at >= given.received_since)
    if given.received_until is not None:
        conditions.append(event.received_at < given.received_until)
    return organization, await webhooks.replay(work, organization, *conditions)

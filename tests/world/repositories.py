"""Engine and Vault of Analytical, and Shore of Remote, with what happened in them."""

from datetime import date

from db import tables
from db.tables import PullRequestState, Sensitivity
from db.write import Work
from tests.world import NOON, World

NEEDS = ("accounts", "organizations")


async def make(world: World, work: Work) -> None:
    for name, sensitivity in (("engine", Sensitivity.NORMAL), ("vault", Sensitivity.RESTRICTED)):
        repository = tables.Repository(
            organization_id=world.analytical.id, name=name, full_name=f"analytical/{name}", sensitivity=sensitivity
        )
        world.rows[name] = await work.add(repository)
        await activity(world, work, repository, author=world.ada)
    shore = tables.Repository(organization_id=world.remote.id, name="shore", full_name="remote/shore")
    world.rows["shore"] = await work.add(shore)
    await activity(world, work, shore, author=world.olga)


async def activity(world: World, work: Work, repository: tables.Repository, *, author: tables.User) -> None:
    for number in (1, 2, 3):
        commit = tables.Commit(
            repository_id=repository.id,
            sha=f"{number:040x}",
            message=f"Change {number} (#1)",
            author_id=author.id,
            author_name=author.name,
            author_email=author.email,
            authored_at=NOON.replace(minute=number),
            committed_at=NOON.replace(minute=number),
            pull_request_number=1,
            additions=number,
        )
        world.rows[f"{repository.name}_commit"] = await work.add(commit)
    pull = tables.PullRequest(
        repository_id=repository.id,
        number=1,
        title="Change it",
        state=PullRequestState.MERGED,
        author_id=author.id,
        author_name=author.name,
        head_sha=f"{3:040x}",
        opened_at=NOON,
        merged_at=NOON,
    )
    world.rows[f"{repository.name}_pull"] = await work.add(pull)
    await work.add(tables.RepositoryStats(repository_id=repository.id, date=date(2026, 1, 1), commits=3))
    event = tables.WebhookEvent(
        delivery_id=f"delivery-{repository.name}",
        repository_id=repository.id,
        organization_id=repository.organization_id,
        event="push",
        payload={"ref": "refs/heads/main", "forced": False},
        received_at=NOON,
    )
    world.rows[f"{repository.name}_event"] = await work.add(event)
    await work.add(tables.WebhookDelivery(id=event.id, delivery_id=event.delivery_id))

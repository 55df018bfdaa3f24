"""Engine and Vault of Analytical, and Shore of Remote, with what happened in them."""

from datetime import date

from db import tables
from db.tables import PullRequestState, ReviewState, Sensitivity
from db.write import Work
from tests.world import NOON, World

NEEDS = ("accounts", "organizations")


async def make(world: World, work: Work) -> None:
    for name, sensitivity in (("engine", Sensitivity.NORMAL), ("vault", Sensitivity.RESTRICTED)):
        repository = tables.Repository(
            organization_id=world.analytical.id, name=name, full_name=f"analytical/{name}", sensitivity=sensitivity
        )
        world.rows[name] = await work.add(repository)
        await activity(world, work, repository, author=world.ada, reviewer=world.ben)
    shore = tables.Repository(organization_id=world.remote.id, name="shore", full_name="remote/shore")
    world.rows["shore"] = await work.add(shore)
    await activity(world, work, shore, author=world.olga, reviewer=world.olga)


async def activity(
    world: World, work: Work, repository: tables.Repository, *, author: tables.User, reviewer: tables.User
) -> None:
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
    review = tables.PullRequestReview(
        pull_request_id=pull.id,
        github_id=pull.id.int % 2**62,
        reviewer_id=reviewer.id,
        reviewer_name=reviewer.name,
        state=ReviewState.APPROVED,
        submitted_at=NOON,
    )
    world.rows[f"{repository.name}_review"] = await work.add(review)
    issue = tables.Issue(
        repository_id=repository.id,
        number=2,
        title="It does not start",
        author_id=author.id,
        author_name=author.name,
        assignee_id=author.id,
        labels=["bug"],
        opened_at=NOON,
    )
    world.rows[f"{repository.name}_issue"] = await work.add(issue)
    release = tables.Release(repository_id=repository.id, tag="1.0.0", sha=f"{3:040x}", published_at=NOON)
    world.rows[f"{repository.name}_release"] = await work.add(release)

"""Figures of many projects in one statement, each counted by itself: nothing multiplies anything else."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text, update

from db import tables
from db.access import GUEST
from db.base import Base
from db.tables import (
    CommentStatus,
    MembershipStatus,
    ReactionType,
    ReviewStatus,
    SpecificationPhase,
)
from tests.conftest import Graph
from tests.graphql_schema.asking import add, listed
from tests.world import NOON, World

FIGURES = "documentCount threadCount openThreadCount commentCount activeMemberCount averageQualityScore lastActivityAt"
ANALYTICS = f"query ($id: ID!) {{ project(id: $id) {{ analytics {{ {FIGURES} }} }} }}"
OF_MANY = f"{{ projects(first: 100) {{ nodes {{ name analytics {{ {FIGURES} }} }} }} }}"
MEMBERS = ("ben", "vera", "sam", "ines", "root")


async def analytics(graph: Graph, who: str, project: Base) -> Any:
    """The figures of a project."""
    return (await graph.data(who, ANALYTICS, id=project.public_id))["project"]["analytics"]


async def made(graph: Graph, world: World) -> tables.SpecificationProject:
    """A project of Ada's with 3 documents, a thread on each, 4 comments, 5 members, and 2 reviews of each document."""
    project = tables.SpecificationProject(name="Three, four, five", owner_id=world.ada.id)
    await add(graph.database, project)
    await add(
        graph.database,
        *(tables.ProjectMember(project_id=project.id, user_id=world.rows[who].id) for who in MEMBERS),
        tables.ProjectMember(project_id=project.id, user_id=world.rob.id, status=MembershipStatus.REMOVED),
        tables.ProjectMember(project_id=project.id, user_id=world.olga.id, status=MembershipStatus.INVITED),
    )
    phases = list(SpecificationPhase)[:3]
    documents = [tables.SpecificationDocument(project_id=project.id, phase=phase, content="x") for phase in phases]
    await add(graph.database, *documents)
    threads = [tables.CommentThread(document_id=document.id, line=0) for document in documents]
    threads[2].status, threads[2].resolved_at = CommentStatus.RESOLVED, NOON
    await add(graph.database, *threads)
    said = (threads[0], threads[0], threads[1], threads[2])
    await add(graph.database, *(tables.Comment(thread_id=one.id, author_id=world.ada.id, content="Hm") for one in said))
    for number, document in enumerate(documents):
        for version in (1, 2):
            await add(graph.database, review(document, version, 10.0 * number + 40 * version))
    return project


def review(document: Any, version: int, score: float | None) -> tables.DocumentReview:
    """A review of a document; one without a score is not done."""
    return tables.DocumentReview(
        document_id=document.id,
        document_version=version,
        reviewer="others/1",
        status=ReviewStatus.PENDING if score is None else ReviewStatus.COMPLETED,
        overall_score=score,
        completed_at=None if score is None else NOON,
    )


async def test_03_analytics_of_3_documents_4_comments_5_members_and_2_reviews_are_3_4_and_5(
    graph: Graph, world: World
) -> None:
    project = await made(graph, world)
    found = await analytics(graph, "ada", project)
    assert found | {"averageQualityScore": None, "lastActivityAt": None} == {
        "documentCount": 3,
        "threadCount": 3,
        "openThreadCount": 2,
        "commentCount": 4,
        "activeMemberCount": 5,
        "averageQualityScore": None,
        "lastActivityAt": None,
    }
    assert len(graph.statements) == 1


async def test_03_analytics_average_the_latest_completed_review_of_each_document(graph: Graph, world: World) -> None:
    project = tables.SpecificationProject(name="Scores", owner_id=world.ada.id)
    await add(graph.database, project)
    phases = list(SpecificationPhase)
    documents = [tables.SpecificationDocument(project_id=project.id, phase=phase, content="x") for phase in phases]
    await add(graph.database, *documents)
    assert (await analytics(graph, "ada", project))["averageQualityScore"] is None
    one, two, three, _ = documents
    for reviewed in (
        review(one, 1, 10.0),
        review(one, 2, 80.0),
        review(one, 3, None),
        review(two, 1, 40.0),
        review(three, 1, None),
    ):
        await add(graph.database, reviewed)
    assert (await analytics(graph, "ada", project))["averageQualityScore"] == 60.0


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("specification_projects", "updated_at"),
        ("specification_documents", "updated_at"),
        ("comment_threads", "updated_at"),
        ("comments", "created_at"),
        ("comments", "edited_at"),
        ("reactions", "created_at"),
        ("document_reviews", "created_at"),
    ],
)
async def test_03_analytics_know_when_somebody_last_did_something(
    graph: Graph, world: World, table: str, column: str
) -> None:
    later = NOON + timedelta(days=3_650)
    reaction = tables.Reaction(comment_id=world.remark.id, user_id=world.vera.id, type=ReactionType.CONFUSED)
    await add(graph.database, reaction, asked := review(world.design, 1, None))
    row = {
        "specification_projects": world.atlas,
        "specification_documents": world.design,
        "comment_threads": world.thread_1,
        "comments": world.remark,
        "reactions": reaction,
        "document_reviews": asked,
    }[table]
    async with graph.database.work(GUEST) as work:
        await work.execute(text("SET LOCAL session_replication_role = replica"))  # so that `updated_at` can be set
        await work.execute(update(type(row)).where(type(row).id == row.id).values({column: later}))
    found = (await analytics(graph, "vera", world.atlas))["lastActivityAt"]
    assert datetime.fromisoformat(found) == later


async def test_03_analytics_of_a_project_without_anything_are_zero(graph: Graph, world: World) -> None:
    await add(graph.database, empty := tables.SpecificationProject(name="Empty", owner_id=world.olga.id))
    found = await analytics(graph, "olga", empty)
    assert found.pop("lastActivityAt") is not None
    assert found.pop("averageQualityScore") is None
    assert set(found.values()) == {0}


async def test_03_analytics_of_100_projects_are_one_statement(graph: Graph, world: World) -> None:
    projects = [tables.SpecificationProject(name=f"P{number}", owner_id=world.sam.id) for number in range(100)]
    await add(graph.database, *projects)
    phases = list(SpecificationPhase)[:2]
    await add(
        graph.database,
        *(
            tables.SpecificationDocument(project_id=project.id, phase=phase, content="x")
            for number, project in enumerate(projects)
            for phase in phases[: number % 3]
        ),
    )
    found = await listed(graph, "sam", OF_MANY)
    assert len(graph.statements) == 1
    counts = {one["name"]: one["analytics"]["documentCount"] for one in found}
    assert counts == {f"P{number}": number % 3 for number in range(100)}


async def test_03_analytics_are_of_no_project_that_one_does_not_see(graph: Graph, world: World) -> None:
    for who in ("olga", "rob", None):
        assert await graph.data(who, ANALYTICS, id=world.atlas.public_id) == {"project": None}


async def test_03_analytics_agree_on_both_paths(graph: Graph, resolved: Graph, world: World) -> None:
    project = await made(graph, world)
    assert await analytics(graph, "ada", project) == await analytics(resolved, "ada", project)

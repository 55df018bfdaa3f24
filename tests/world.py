"""The small named world that the tests are told in.

Ada owns the project Atlas of the organization Analytical; Ben works on it as a member, Vera may only look, Rob was
removed from it. Ines teaches three courses: Logic is free and published, Rhetoric costs money, Draft is not out. Sam
takes Logic. Ben was told two things, of which he read one; Vera one. Olga belongs to none of this: she has an
organization, a project and a repository of her own. Root is an administrator of the platform.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from db import tables
from db.access import Viewer
from db.actions import accounts
from db.base import Base
from db.engine import Database
from db.enums import (
    CommentStatus,
    Difficulty,
    MembershipStatus,
    NotificationType,
    OrganizationRole,
    PaymentStatus,
    ProjectRole,
    PullRequestState,
    ReactionType,
    Sensitivity,
    SpecificationPhase,
    UserRole,
)
from db.write import Work

PEOPLE = ("ada", "ben", "vera", "rob", "ines", "sam", "olga", "root")
PASSWORD = "correct horse battery staple"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass
class World:
    """The rows by their names, and a token for every person: `world.atlas`, `world.tokens["ada"]`."""

    rows: dict[str, Base] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.rows[name]
        except KeyError:
            raise AttributeError(name) from None

    def viewer(self, name: str | None) -> Viewer:
        """The person of this name as somebody who asks; None is a guest."""
        if name is None:
            return Viewer()
        user = self.rows[name]
        assert isinstance(user, tables.User)
        return Viewer(user.id, user.role is UserRole.ADMIN)


async def build(database: Database) -> World:
    """Make the world in an empty database."""
    world = World()
    async with database.work(Viewer()) as work:
        for make in (people, organizations, project, talk, courses, learning, repositories, news, elsewhere):
            await make(world, work)
        for name, row in list(world.rows.items()):
            if isinstance(row, tables.User):
                world.tokens[name] = await accounts.open_session(work, row)
    return world


async def people(world: World, work: Work) -> None:
    for name in PEOPLE:
        role = {"ines": UserRole.INSTRUCTOR, "root": UserRole.ADMIN}.get(name, UserRole.DEVELOPER)
        world.rows[name] = await work.add(tables.User(email=f"{name}@example.com", name=name.capitalize(), role=role))
    await work.add(tables.Password(user_id=world.ada.id, hash=accounts.hasher.hash(PASSWORD)))


async def organizations(world: World, work: Work) -> None:
    world.rows["analytical"] = await work.add(tables.Organization(name="Analytical", slug="analytical"))
    places = (("ada", OrganizationRole.OWNER), ("ben", OrganizationRole.MEMBER), ("vera", OrganizationRole.VIEWER))
    for name, role in places:
        await work.add(
            tables.OrganizationMember(organization_id=world.analytical.id, user_id=world.rows[name].id, role=role)
        )


async def project(world: World, work: Work) -> None:
    atlas = tables.SpecificationProject(
        name="Atlas", description="Maps of everything", owner_id=world.ada.id, organization_id=world.analytical.id
    )
    world.rows["atlas"] = await work.add(atlas)
    places = (
        ("ben", ProjectRole.MEMBER, MembershipStatus.ACTIVE),
        ("vera", ProjectRole.VIEWER, MembershipStatus.ACTIVE),
        ("rob", ProjectRole.MEMBER, MembershipStatus.REMOVED),
    )
    for name, role, status in places:
        await work.add(
            tables.ProjectMember(project_id=world.atlas.id, user_id=world.rows[name].id, role=role, status=status)
        )
    for phase in ("REQUIREMENTS", "DESIGN"):
        document = tables.SpecificationDocument(
            project_id=world.atlas.id,
            phase=SpecificationPhase[phase],
            content=f"# {phase.capitalize()}\n\nThe user shall find every place.\n",
            version=2,
        )
        world.rows[phase.lower()] = await work.add(document)
        for version, content in enumerate(("# Draft\n", document.content), start=1):
            await work.add(
                tables.DocumentVersion(
                    document_id=document.id, version=version, content=content, author_id=world.ada.id
                )
            )


async def talk(world: World, work: Work) -> None:
    for index, line in enumerate((2, 0)):
        thread = tables.CommentThread(document_id=world.requirements.id, line=line, character=4)
        world.rows[f"thread_{index}"] = await work.add(thread)
        for author in ("ada", "ben", "ada"):
            comment = tables.Comment(
                thread_id=thread.id, author_id=world.rows[author].id, content=f"{author} on {line}"
            )
            world.rows["comment"] = await work.add(comment)
            await work.add(tables.Reaction(comment_id=comment.id, user_id=world.ben.id, type=ReactionType.LIKE))
    settled = tables.CommentThread(
        document_id=world.design.id,
        line=1,
        status=CommentStatus.RESOLVED,
        resolved_at=NOON,
        resolved_by_id=world.ada.id,
    )
    world.rows["settled"] = await work.add(settled)


async def courses(world: World, work: Work) -> None:
    for slug, price, published in (("logic", "0", True), ("rhetoric", "49.90", True), ("draft", "0", False)):
        course = tables.Course(
            slug=slug,
            title=slug.capitalize(),
            description=f"All of {slug}",
            instructor_id=world.ines.id,
            price=Decimal(price),
            difficulty=Difficulty.BEGINNER,
            published=published,
            topics=[slug],
        )
        world.rows[slug] = await work.add(course)
        for chapter in (1, 2):
            module = tables.CourseModule(
                course_id=course.id, title=f"{slug} {chapter}", order=chapter, content="Welcome"
            )
            world.rows[f"{slug}_{chapter}"] = await work.add(module)
            for number in (1, 2):
                lesson = tables.Lesson(module_id=module.id, title=f"{chapter}.{number}", content="Text", order=number)
                world.rows[f"{slug}_{chapter}_{number}"] = await work.add(lesson)


async def learning(world: World, work: Work) -> None:
    enrollment = tables.Enrollment(
        user_id=world.sam.id, course_id=world.logic.id, payment_status=PaymentStatus.COMPLETED
    )
    world.rows["enrollment"] = await work.add(enrollment)
    progress = tables.CourseProgress(
        user_id=world.sam.id, course_id=world.logic.id, total_lessons=4, completed_lessons=1, progress_percent=25
    )
    world.rows["progress"] = await work.add(progress)
    done = tables.LessonProgress(
        progress_id=progress.id, lesson_id=world.logic_1_1.id, completed=True, completed_at=NOON
    )
    world.rows["lesson_progress"] = await work.add(done)


async def repositories(world: World, work: Work) -> None:
    for name, sensitivity in (("engine", Sensitivity.NORMAL), ("vault", Sensitivity.RESTRICTED)):
        repository = tables.Repository(
            organization_id=world.analytical.id, name=name, full_name=f"analytical/{name}", sensitivity=sensitivity
        )
        world.rows[name] = await work.add(repository)
        await activity(world, work, repository, author=world.ada)
    world.atlas.repository_id = world.engine.id


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


async def news(world: World, work: Work) -> None:
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


async def elsewhere(world: World, work: Work) -> None:
    world.rows["remote"] = await work.add(tables.Organization(name="Remote", slug="remote"))
    await work.add(
        tables.OrganizationMember(organization_id=world.remote.id, user_id=world.olga.id, role=OrganizationRole.OWNER)
    )
    world.rows["island"] = await work.add(tables.SpecificationProject(name="Island", owner_id=world.olga.id))
    shore = tables.Repository(organization_id=world.remote.id, name="shore", full_name="remote/shore")
    world.rows["shore"] = await work.add(shore)
    await activity(world, work, shore, author=world.olga)

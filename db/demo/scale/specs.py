"""Generated specification projects with documents, members and talk."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle, islice
from random import Random
from uuid import UUID

from db import tables
from db.base import Base
from db.demo.rows import Batch, Row, dice, key, row
from db.demo.scale import reviews
from db.demo.scale.people import Crowd, Somebody
from db.demo.scale.repositories import Code
from db.demo.scale.texts import SINCE, UNTIL, Texts, groups, shares
from db.demo.specs import PHASES
from db.tables import CommentStatus, DocumentStatus, ProjectRole, ProjectStatus, ReactionType, SpecificationPhase
from db.texts.places import Place, Text
from db.texts.rows import anchored

BATCH = 250  # projects
COMMENTS_IN_A_THREAD = 2.25  # as in the real reviews
COMMENTS_TO_A_REACTION = 10  # likewise
LIFE_OF_A_THREAD = timedelta(days=10)
RESOLVED = 0.7  # likewise
ROLES = (ProjectRole.LEAD, ProjectRole.MEMBER, ProjectRole.MEMBER, ProjectRole.REVIEWER, ProjectRole.REVIEWER)
STATUSES = {  # of a project → of its documents
    ProjectStatus.ACTIVE: (DocumentStatus.APPROVED, DocumentStatus.REVIEW, DocumentStatus.DRAFT),
    ProjectStatus.COMPLETED: (DocumentStatus.APPROVED,) * 3,
    ProjectStatus.ARCHIVED: (DocumentStatus.ARCHIVED,) * 3,
}
Made = tuple[type[Base], list[Row]]


@dataclass(frozen=True, slots=True)
class Undertaking:
    """A project and how large it is."""

    number: int
    since: datetime
    people: list[Somebody]
    """Its owner, and then its members."""
    versions: int
    comments: int

    @property
    def id(self) -> UUID:
        """The key of its row."""
        return key(tables.SpecificationProject, str(self.number), at=self.since)

    @property
    def until(self) -> datetime:
        """When it last changed."""
        return self.since + min(timedelta(days=400), (UNTIL - self.since) * 0.9)

    @property
    def status(self) -> ProjectStatus:
        """One in three is completed, one in nine archived."""
        if self.number % 3 == 0:
            return ProjectStatus.COMPLETED
        return ProjectStatus.ARCHIVED if self.number % 9 == 1 else ProjectStatus.ACTIVE

    @property
    def threads(self) -> int:
        """How many threads its comments make."""
        return max(1, int(self.comments / COMMENTS_IN_A_THREAD))

    @property
    def reactions(self) -> int:
        """How many of its comments somebody reacted to."""
        return self.comments // COMMENTS_TO_A_REACTION

    def speaker(self, random: Random) -> Somebody:
        """The owner or a member; the first in the list speak more than the last."""
        return self.people[int(len(self.people) * random.random() ** 2)]

    @property
    def row_count(self) -> int:
        """How many rows it makes."""
        counts = len(self.people) - 1, self.versions, self.threads, self.comments, self.reactions, len(self.people)
        return 1 + len(PHASES) * (1 + reviews.ROWS) + sum(counts)


class Specifications:
    """All generated projects."""

    def __init__(self, texts: Texts, crowd: Crowd, *, code: Code, counts: Mapping[type[Base], int]) -> None:
        random = dice("specifications")
        self._texts, self._code = texts, code
        count = counts[tables.SpecificationProject]
        since = [SINCE + (UNTIL - SINCE) * 0.9 * random.random() for _ in range(count)]
        people = shares(counts[tables.ProjectMember] + count, count, random=random, tail=2.5)
        versions = shares(counts[tables.DocumentVersion], count, random=random, tail=1.5, least=len(PHASES))
        comments = shares(counts[tables.Comment], count, random=random, tail=1.3)
        self._projects = [
            Undertaking(number, at, crowd.some(size, at=at, random=random), *sizes)
            for number, (at, size, *sizes) in enumerate(zip(since, people, versions, comments, strict=True))
        ]

    @property
    def row_count(self) -> int:
        """How many rows all of it makes."""
        return sum(project.row_count for project in self._projects)

    def batches(self) -> Iterator[Batch]:
        """Some projects after the other, each with all that is in it."""
        random = dice("talk")
        for group in groups(self._projects, BATCH):
            rows: dict[type[Base], list[Row]] = {}
            for project in group:
                for table, made in _rows(project, random, texts=self._texts, code=self._code):
                    rows.setdefault(table, []).extend(made)
            yield from (Batch(table, made) for table, made in rows.items())


def _rows(project: Undertaking, random: Random, *, texts: Texts, code: Code) -> Iterator[Made]:
    title, summary = random.choice(texts.projects)
    yield tables.SpecificationProject, [_project(project, title, summary=summary, code=code)]
    yield (
        tables.ProjectMember,
        [_member(project, rank, member) for rank, member in enumerate(project.people[1:], start=1)],
    )
    documents = [_document(project, number, title=title, texts=texts, random=random) for number in range(len(PHASES))]
    yield tables.SpecificationDocument, documents
    turns = enumerate(islice(cycle(documents), project.versions))
    versions = [_version(project, number, document=turn, texts=texts, random=random) for number, turn in turns]
    yield tables.DocumentVersion, versions
    contents = {document["id"]: Text(document["content"]) for document in documents}
    reviewed = [reviews.rows(document, project.people[0], project.number, texts=texts) for document in documents]
    yield tables.DocumentReview, [review for review, _ in reviewed]
    yield tables.Suggestion, [suggestion for _, suggestions in reviewed for suggestion in suggestions]
    threads = [
        _thread(project, number, document=random.choice(documents), contents=contents, random=random)
        for number in range(project.threads)
    ]
    yield tables.CommentThread, threads
    comments = [
        _comment(project, number, threads=threads, texts=texts, random=random) for number in range(project.comments)
    ]
    yield tables.Comment, comments
    yield tables.Reaction, [_reaction(project, comment, random) for comment in comments[: project.reactions]]
    visits = enumerate(zip(project.people, cycle(documents), strict=False))
    yield tables.DocumentVisit, [_visit(project, rank, person, document) for rank, (person, document) in visits]


def _project(project: Undertaking, title: str, *, summary: str, code: Code) -> Row:
    home = code.home_of(project.people[0])
    return row(
        tables.SpecificationProject,
        str(project.number),
        at=project.since,
        name=f"{title} {project.number}",
        description=summary,
        owner_id=project.people[0].id,
        organization_id=home and home.team.id,
        repository_id=home and home.id,
        current_phase=SpecificationPhase.DESIGN,
        status=project.status,
        updated_at=project.until,
    )


def _member(project: Undertaking, rank: int, member: Somebody) -> Row:
    return row(
        tables.ProjectMember,
        f"{project.number}/{rank}",
        at=project.since,
        project_id=project.id,
        user_id=member.id,
        role=ROLES[rank % len(ROLES)],
    )


def _document(project: Undertaking, number: int, *, title: str, texts: Texts, random: Random) -> Row:
    return row(
        tables.SpecificationDocument,
        f"{project.number}/{number}",
        at=project.since,
        project_id=project.id,
        phase=PHASES[number],
        content=texts.document(title, PHASES[number], random=random),
        version=len(range(number, project.versions, len(PHASES))),
        status=(status := STATUSES[project.status][number]),
        approved_at=project.until if status is DocumentStatus.APPROVED else None,
        approved_by_id=project.people[0].id if status is DocumentStatus.APPROVED else None,
        updated_at=project.until,
    )


def _version(project: Undertaking, number: int, *, document: Row, texts: Texts, random: Random) -> Row:
    """Like the sources, it keeps the text of today alone."""
    version = number // len(PHASES) + 1
    return row(
        tables.DocumentVersion,
        f"{project.number}/{number}",
        at=project.since + (project.until - project.since) * (number / project.versions),
        document_id=document["id"],
        version=version,
        content=document["content"] if version == document["version"] else None,
        summary=random.choice(texts.revisions),
        author_id=project.speaker(random).id,
    )


def _thread(project: Undertaking, number: int, *, document: Row, contents: Mapping[UUID, Text], random: Random) -> Row:
    at = project.since + (project.until - project.since) * random.random()
    resolved_at = at + LIFE_OF_A_THREAD if random.random() < RESOLVED else None
    text = contents[document["id"]]
    return row(
        tables.CommentThread,
        f"{project.number}/{number}",
        at=at,
        document_id=document["id"],
        **anchored(text, Place(random.randrange(len(text.lines)), 0), version=document["version"]),
        status=CommentStatus.RESOLVED if resolved_at else CommentStatus.OPEN,
        resolved_at=resolved_at,
        resolved_by_id=resolved_at and project.speaker(random).id,
        updated_at=resolved_at or at,
    )


def _comment(project: Undertaking, number: int, *, threads: list[Row], texts: Texts, random: Random) -> Row:
    """The first ones open a thread each, the others answer somewhere."""
    opens = number < len(threads)
    thread = threads[number] if opens else random.choice(threads)
    return row(
        tables.Comment,
        f"{project.number}/{number}",
        at=thread["created_at"] + LIFE_OF_A_THREAD * (0 if opens else random.random()),
        thread_id=thread["id"],
        author_id=project.speaker(random).id,
        content=random.choice(texts.comments),
    )


def _reaction(project: Undertaking, comment: Row, random: Random) -> Row:
    return row(
        tables.Reaction,
        comment["id"].hex,
        at=comment["created_at"] + LIFE_OF_A_THREAD * random.random(),
        comment_id=comment["id"],
        user_id=project.speaker(random).id,
        type=random.choice(list(ReactionType)),
    )


def _visit(project: Undertaking, rank: int, person: Somebody, document: Row) -> Row:
    """Each of its people saw one of its documents at some time of its life, the next one a little later."""
    share = rank % 10 / 10
    at = project.since + (project.until - project.since) * share
    return row(
        tables.DocumentVisit,
        f"{project.number}/{rank}",
        at=at,
        document_id=document["id"],
        user_id=person.id,
        version=max(1, round(document["version"] * share)),
        sequence=0,
        seen_at=at,
    )

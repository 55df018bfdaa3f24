"""Comment threads, comments and reactions: the reviews of another project, laid onto the documents.

The reviews are real, but they are reviews of code, and it is us who attached each to a document, one after the other.
The times are real too, so some comments are older than the project they are on. An approval of a review resolves the
threads it came to; where it says nothing more, it is also a LIKE of the comment before it by somebody else, or, when
there is none, nothing. The remarks that stand inside a proposal are open threads at their own line.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db import tables
from db.demo.people import People, Person, revisions
from db.demo.rows import Batch, Row, key, row
from db.demo.sources import Record, Sources, moment
from db.demo.specs import PHASES, anchored, content, document_id, owner
from db.tables import CommentStatus, ReactionType, SpecificationPhase


@dataclass(frozen=True, slots=True)
class Placed:
    """A review and the document that we attached it to."""

    record: Record
    project: Record
    phase: SpecificationPhase

    @property
    def threads(self) -> dict[str, list[Record]]:
        """The comments that say something, by the name of their thread, oldest first."""
        threads: dict[str, list[Record]] = {}
        for comment in self.record["comments"]:
            if comment["body"]:
                threads.setdefault(comment["thread"], []).append(comment)
        return threads

    def number_of(self, comment: Record) -> int:
        """Its place in the review: the ids of the source repeat."""
        return next(number for number, other in enumerate(self.record["comments"]) if other is comment)

    def name_of(self, comment: Record) -> str:
        """A name that no other comment has."""
        return f"{self.record['id']}/{self.number_of(comment)}"


def rows(sources: Sources, people: People) -> Iterator[Batch]:
    """Threads, comments and reactions."""
    reviews = placed(sources)
    remarks = [(remark, project_of(remark, sources)) for remark in sources.remarks if remark["project_id"]]
    threads = [_thread(review, name, people) for review in reviews for name in review.threads]
    yield Batch(tables.CommentThread, threads + [_remark_thread(*remark) for remark in remarks])
    said = [(review, comment) for review in reviews for comments in review.threads.values() for comment in comments]
    comments = [_comment(*comment, people) for comment in said]
    yield Batch(tables.Comment, comments + [_remark_comment(*remark, people) for remark in remarks])
    yield Batch(tables.Reaction, list(_reactions(reviews, people)))


def placed(sources: Sources) -> list[Placed]:
    """Where each review went: the first to the first project's requirements, the next to the next project's."""
    documents = [(project, phase) for phase in PHASES for project in sources.projects]
    return [Placed(record, *document) for record, document in zip(sources.reviews, documents, strict=False)]


def project_of(remark: Record, sources: Sources) -> Record:
    """The project that a remark stands in."""
    return next(project for project in sources.projects if project["id"] == remark["project_id"])


def remarker(remark: Record, project: Record, *, people: People) -> Person:
    """The person who raised a remark: the one it names, or its text begins with, or else the project's owner."""
    first = remark["body"].split(maxsplit=1)[0]
    names = remark["raised_by"] or ([first.strip("@:")] if first.startswith("@") else [])
    return people.known(names[0]) if names else owner(project, people)


def _thread(review: Placed, name: str, people: People) -> Row:
    said = review.threads[name]
    approval = _approval(review, name)
    last = max(said[-1]["created_at"], approval["created_at"] if approval else "")
    line = said[0]["line"] or 0
    return row(
        tables.CommentThread,
        f"{review.record['id']}/{name}",
        at=moment(said[0]["created_at"]),
        document_id=document_id(review.project, review.phase),
        **anchored(review.project, review.phase, line % content(review.project, review.phase).count("\n")),
        status=CommentStatus.RESOLVED if approval else CommentStatus.OPEN,
        resolved_at=approval and moment(approval["created_at"]),
        resolved_by_id=approval and people.known(approval["author"]).id,
        updated_at=moment(last),
    )


def _approval(review: Placed, name: str) -> Record | None:
    """The last approval of a thread, or of the review as a whole after the thread began, if no refusal came after."""
    began = review.threads[name][0]["created_at"]
    marks = [
        comment
        for comment in review.record["comments"]
        if comment["resolved"] is not None and comment["thread"] in {name, "general"} and comment["created_at"] >= began
    ]
    return marks[-1] if marks and marks[-1]["resolved"] else None


def _comment(review: Placed, comment: Record, people: People) -> Row:
    time = moment(comment["created_at"])
    return row(
        tables.Comment,
        review.name_of(comment),
        at=time,
        thread_id=_thread_id(review, comment["thread"]),
        author_id=people.known(comment["author"]).id,
        content=comment["body"],
        edited_at=time if comment.get("edited") else None,
    )


def _thread_id(review: Placed, name: str) -> UUID:
    return key(tables.CommentThread, f"{review.record['id']}/{name}", at=moment(review.threads[name][0]["created_at"]))


def _reactions(reviews: Iterable[Placed], people: People) -> Iterator[Row]:
    """One for each approval without words, but only one of a person to a comment."""
    seen: set[tuple[str, str]] = set()
    for review in reviews:
        for approval in review.record["comments"]:
            liked = None if approval["body"] else _liked(review, approval)
            if liked and (review.name_of(liked), approval["author"]) not in seen:
                seen.add((review.name_of(liked), approval["author"]))
                yield _reaction(review, liked, approval, people)


def _liked(review: Placed, approval: Record) -> Record | None:
    """The last that somebody else had said when the approval came."""
    before = review.record["comments"][: review.number_of(approval)]
    return next((said for said in reversed(before) if said["body"] and said["author"] != approval["author"]), None)


def _reaction(review: Placed, liked: Record, approval: Record, people: People) -> Row:
    return row(
        tables.Reaction,
        review.name_of(approval),
        at=moment(approval["created_at"]),
        comment_id=key(tables.Comment, review.name_of(liked), at=moment(liked["created_at"])),
        user_id=people.known(approval["author"]).id,
        type=ReactionType.LIKE,
    )


def _remark_thread(remark: Record, project: Record) -> Row:
    phase, line = _position(remark, project)
    return row(
        tables.CommentThread,
        remark["id"],
        at=_raised_at(project),
        document_id=document_id(project, phase),
        **anchored(project, phase, line),
        status=CommentStatus.OPEN,
        resolved_at=None,
        resolved_by_id=None,
    )


def _remark_comment(remark: Record, project: Record, people: People) -> Row:
    return row(
        tables.Comment,
        remark["id"],
        at=_raised_at(project),
        thread_id=key(tables.CommentThread, remark["id"], at=_raised_at(project)),
        author_id=remarker(remark, project, people=people).id,
        content="\n\n".join(filter(None, (remark["label"], remark["body"]))),
        edited_at=None,
    )


def _position(remark: Record, project: Record) -> tuple[SpecificationPhase, int]:
    """The line of a document with the remark's label, or else with the last line of its text."""
    text = remark["label"] or remark["body"].splitlines()[-1]
    lines = ((phase, *line) for phase in PHASES for line in enumerate(content(project, phase).split("\n")))
    return next((phase, number) for phase, number, line in lines if text in line)


def _raised_at(project: Record) -> datetime:
    """A remark has no date of its own: it stands in the last revision."""
    return moment(revisions(project)[-1]["date"])

"""Pictures, videos and documents: where they are, and to what they belong."""

from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Updated, refers, state, string
from db.constraints import address, check, unique
from db.enums import Words
from db.permissions import LEARN
from db.rules import owned_by, through


class MediaType(Words):
    """The kind of a file."""

    VIDEO = "VIDEO", "Moves."
    IMAGE = "IMAGE", "A picture."
    DOCUMENT = "DOCUMENT", "To be read."


class ImagePath(Words):
    """The part of the platform that a file is for."""

    USERS = "USERS", "People."
    TEAMS = "TEAMS", "Teams."
    COURSES = "COURSES", "Courses."
    SITES = "SITES", "Sites."


class MediaEventKind(Words):
    """Something that happened to a file."""

    MEDIA_RELEASED = "MEDIA_RELEASED", "It belongs to nothing any more, and is deleted."


class Media(
    Updated,
    Base,
    access=owned_by("uploader_id") | through("user_id") | through("course_id") | through("lesson_id", see=LEARN),
    prefix="med",
):
    """A file that was uploaded, or that another service has. What belongs to nothing is deleted after a day.

    The row stays when what it belonged to is gone: its file is still to be deleted.
    """

    __tablename__ = "media"

    type: Mapped[MediaType]
    url: Mapped[str] = string(2_048)
    provider: Mapped[str | None] = string(100)
    provider_id: Mapped[str | None] = string(200)
    title: Mapped[str | None] = string(200)
    duration: Mapped[int | None]
    size: Mapped[int | None] = mapped_column(BigInteger)
    mime_type: Mapped[str | None] = string(100)
    file_key: Mapped[str | None] = string(100)
    file_path: Mapped[ImagePath] = state(ImagePath.USERS)
    alt_text: Mapped[str | None] = string(500)
    uploader_id: Mapped[UUID | None] = refers("users", ondelete="SET NULL", index=True)
    user_id: Mapped[UUID | None] = refers("users", ondelete="SET NULL")
    course_id: Mapped[UUID | None] = refers("courses", ondelete="SET NULL", index=True)
    lesson_id: Mapped[UUID | None] = refers("lessons", ondelete="SET NULL", index=True)

    __table_args__ = (
        unique("file_key", says="There is a file of this key."),
        unique("user_id", says="This person has a picture already."),
        Index(None, "type", "created_at", "id"),
        Index(None, "provider", "created_at", "id"),
        # For the job that clears what belongs to nothing.
        Index(None, "created_at", "id"),
        check(
            "num_nonnulls(user_id, course_id, lesson_id) <= 1", name="one_owner", says="A file belongs to one thing."
        ),
        address("url"),
        check("duration >= 0", at="duration", says="Seconds are counted from 0."),
        check("size >= 0", at="size", says="Bytes are counted from 0."),
    )

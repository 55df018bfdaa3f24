"""Giving files to courses and lessons, and taking them away."""

import strawberry

from db import tables
from db.actions import media
from db.errors import BadInput
from db.permissions import EDIT, OWN
from db.tables import MediaType
from db.write import Work
from graphql_schema.core import mutation
from graphql_schema.core.strawberry_seam import enumeration
from graphql_schema.core.texts import text

enumeration(MediaType)


@strawberry.input(description="A file that another service has. Name a course or a lesson.")
class AddMediaInput:
    """A new file."""

    course_id: strawberry.ID | None = strawberry.field(default=None, description="The course that shows it.")
    lesson_id: strawberry.ID | None = strawberry.field(
        default=None, description="The lesson that shows it, to those who take the course."
    )
    type: MediaType = strawberry.field(description="What it is.")
    url: str = text(tables.Media.url, "Its address, which begins with https:// or http://.")
    provider: str | None = text(
        tables.Media.provider, "The service that has it, such as `youtube`, `vimeo` or `s3`.", default=None
    )
    provider_id: str | None = text(tables.Media.provider_id, "Its id there.", default=None)
    title: str | None = text(tables.Media.title, "What it is called.", default=None)
    alt_text: str | None = text(tables.Media.alt_text, "What it shows, for those who do not see it.", default=None)
    mime_type: str | None = text(tables.Media.mime_type, "Its media type.", default=None)
    duration: int | None = strawberry.field(default=None, description="How long it is, in seconds.")


@strawberry.input(description="An upload to put to use. Name a course or a lesson.")
class AttachMediaInput:
    """An upload and what it is for."""

    media_id: strawberry.ID = strawberry.field(description="Your upload, which came by `POST /media`.")
    course_id: strawberry.ID | None = strawberry.field(default=None, description="The course that shows it.")
    lesson_id: strawberry.ID | None = strawberry.field(
        default=None, description="The lesson that shows it, to those who take the course."
    )


@strawberry.input(description="A file to take away.")
class DetachMediaInput:
    """A file."""

    media_id: strawberry.ID = strawberry.field(description="A file of a course or a lesson.")


@mutation(media=tables.Media)
async def add_media(work: Work, input: AddMediaInput) -> tables.Media:
    """Give a course or a lesson a film, a picture or a document that another service has. For its instructor."""
    owner = await _owner(work, input.course_id, input.lesson_id)
    file = tables.Media(
        type=input.type,
        url=input.url,
        provider=input.provider,
        provider_id=input.provider_id,
        title=input.title,
        alt_text=input.alt_text,
        mime_type=input.mime_type,
        duration=input.duration,
    )
    return await media.add(work, file, owner)


@mutation(media=tables.Media)
async def attach_media(work: Work, input: AttachMediaInput) -> tables.Media:
    """Give a course or a lesson a picture that you have uploaded. For its instructor.

    One that belongs to something else is a `CONFLICT`.
    """
    owner = await _owner(work, input.course_id, input.lesson_id)
    file = await work.get(tables.Media, input.media_id, at="mediaId", may=OWN, lock=True)
    return await media.attach(work, file, owner)


@mutation(detached_media_id=strawberry.ID)
async def detach_media(work: Work, input: DetachMediaInput) -> str:
    """Take a file from a course or a lesson. It is deleted. For the instructor, and for the one who uploaded it."""
    file = await work.get(tables.Media, input.media_id, at="mediaId", may=EDIT, lock=True)
    await media.detach(work, file)
    return file.public_id


async def _owner(work: Work, course_id: str | None, lesson_id: str | None) -> tables.Course | tables.Lesson:
    """The course or lesson that a file is for."""
    if (course_id is None) == (lesson_id is None):
        raise BadInput("Name either a course or a lesson.", at="lessonId")
    if course_id is not None:
        return await work.get(tables.Course, course_id, at="courseId", may=EDIT)
    assert lesson_id is not None
    return await work.get(tables.Lesson, lesson_id, at="lessonId", may=EDIT)

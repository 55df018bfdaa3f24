"""Files: kept when they are uploaded, put to use for a person, a course or a lesson, and deleted when they belong to
nothing.

The row comes before its file and goes after it, so that a process which is killed leaves no file that nobody knows of.
A row without an uploader is on its way out: nobody can put it to use any more.
"""

from datetime import timedelta
from typing import Protocol

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update

from db import tables
from db.errors import BadInput, Conflict
from db.ids import key_of
from db.queue.declared import job
from db.queue.steps import Steps
from db.tables import ImagePath, MediaEventKind, MediaType
from db.write import Work

WAITING = 10
"""Uploads of one person that may wait to be put to use; the oldest of more are deleted."""
WAITS_FOR = timedelta(days=1)
AT_A_TIME = 100

_media = tables.Media
_IS_FREE = func.num_nonnulls(_media.user_id, _media.course_id, _media.lesson_id) == 0


class File(Protocol):
    """A file to keep."""

    @property
    def content(self) -> bytes: ...

    @property
    def media_type(self) -> str: ...


async def keep(work: Work, picture: File, *, key: str, url: str) -> tables.Media:
    """The row of a picture that the viewer has uploaded and may put to use within a day. The file comes after it."""
    await _make_room(work)
    kept = await work.add(
        tables.Media(
            type=MediaType.IMAGE,
            url=url,
            size=len(picture.content),
            mime_type=picture.media_type,
            file_key=key,
            uploader_id=work.viewer_id,
        )
    )
    work.audit("media_uploaded", kept)
    return kept


async def _make_room(work: Work) -> None:
    """Give up the oldest uploads of the viewer that wait, where there are too many."""
    waiting = select(_media).where(_media.uploader_id == work.viewer_id, _IS_FREE)
    oldest = waiting.order_by(_media.id.desc()).offset(WAITING - 1).limit(AT_A_TIME).with_for_update(skip_locked=True)
    for one in await work.scalars(oldest):
        await _release(work, one, tables.User(id=work.viewer_id))


async def set_avatar(work: Work, user: tables.User, picture: tables.Media | None) -> None:
    """Make a picture that of a user, or let them have none. Both must be locked; what they had is deleted.

    Raises BadInput for what is no picture, and Conflict for what belongs to something else.
    """
    if picture and picture.type is not MediaType.IMAGE:
        raise BadInput("This is no picture.", at="avatar")
    if picture and (picture.user_id not in (None, user.id) or picture.course_id or picture.lesson_id):
        raise Conflict("This picture belongs to something else.", at="avatar")
    had = await work.scalar(select(_media).where(_media.user_id == user.id).with_for_update())
    if had and had is not picture:
        await _release(work, had, user)
        await work.flush()  # before another has its place
    if picture:
        picture.user_id = user.id


async def add(work: Work, media: tables.Media, owner: tables.Course | tables.Lesson) -> tables.Media:
    """A file that another service has, for a course or a lesson of it."""
    media.uploader_id = work.viewer_id
    _give(media, owner)
    added = await work.add(media)
    work.audit("media_added", added)
    await work.changed(added)
    return added


async def attach(work: Work, media: tables.Media, owner: tables.Course | tables.Lesson) -> tables.Media:
    """An upload of the viewer, put to use for a course or a lesson. It must be locked.

    Raises Conflict for what belongs to something else.
    """
    had = media.user_id, media.course_id, media.lesson_id
    _give(media, owner)
    if had != (media.user_id, media.course_id, media.lesson_id):
        if any(had):
            raise Conflict("This file belongs to something else.", at="mediaId")
        work.audit("media_attached", media)
        await work.changed(media)
    return media


async def detach(work: Work, media: tables.Media) -> None:
    """Take a file from a course or a lesson, for good. It must be locked. Raises Conflict for one of neither."""
    if media.course_id is None and media.lesson_id is None:
        raise Conflict("This file belongs to no course and no lesson.", at="mediaId", current=media)
    work.audit("media_detached", media)
    await _release(work, media, _owner(work, media))


async def release_all(work: Work, which: ColumnElement[bool]) -> None:
    """Take the files for which a condition holds from whatever they belong to: that is about to go."""
    for one in (await work.scalars(select(_media).where(which).order_by(_media.id).with_for_update())).all():
        await _release(work, one, _owner(work, one))


def _give(media: tables.Media, owner: tables.Course | tables.Lesson) -> None:
    is_course = isinstance(owner, tables.Course)
    media.file_path = ImagePath.COURSES
    media.course_id, media.lesson_id = (owner.id, None) if is_course else (None, owner.id)


def _owner(work: Work, media: tables.Media) -> tables.User:
    """The user on whom a file hangs."""
    return tables.User(id=media.uploader_id or work.viewer_id)


async def _release(work: Work, media: tables.Media, user: tables.User) -> None:
    """Take a file of a user from whatever it belongs to, for good."""
    media.user_id = media.course_id = media.lesson_id = media.uploader_id = None
    await work.happened(MediaEventKind.MEDIA_RELEASED, user, media=media)


@job(on=(MediaEventKind.MEDIA_RELEASED,))
async def delete_media(steps: Steps, media: str) -> None:
    """Delete a file that belongs to nothing any more."""
    await _clear(steps, and_(_media.id == key_of(tables.Media, media), _media.uploader_id.is_(None)))


@job(cron="29 * * * *")
async def clear_media(steps: Steps) -> None:
    """Delete files that belong to nothing: those that nobody has put to use, and what was left in the middle."""
    is_over = or_(_media.uploader_id.is_(None), _media.created_at < func.now() - WAITS_FOR)
    while await _clear(steps, is_over):
        pass


async def _clear(steps: Steps, which: ColumnElement[bool]) -> int:
    """Delete some of the free files for which a condition holds; returns how many."""
    some = select(_media.id).where(_IS_FREE, which).limit(AT_A_TIME).with_for_update(skip_locked=True)
    taken = update(_media).where(_media.id.in_(some)).values(uploader_id=None).returning(_media.id, _media.file_key)
    async with steps.work() as work:
        found = {row.id: row.file_key for row in await work.execute(taken)}
    for key in filter(None, found.values()):
        await steps.store.delete(key)
    async with steps.work() as work:
        await work.execute(delete(_media).where(_media.id.in_(found), _media.uploader_id.is_(None), _IS_FREE))
    return len(found)

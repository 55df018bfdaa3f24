"""Documents: a new text is saved as a version, and every conversation stays with the words that it is about."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import starmap
from typing import Any
from uuid import UUID

from orjson import dumps, loads
from sqlalchemy import ARRAY, Integer, Uuid, bindparam, cast, func, literal_column, or_, select
from sqlalchemy import Text as TextType
from sqlalchemy.ext.asyncio import AsyncSession

from db import tables
from db.access import Viewer, allows
from db.actions.approval import UNAPPROVED
from db.change.along import Along, Fetch
from db.change.declared import Update
from db.change.making import make
from db.errors import BadInput, NotFound
from db.ids import key_of
from db.permissions import EDIT
from db.statements import Statement, compiled
from db.tables import DocumentEventKind
from db.texts.anchors import LONGEST
from db.texts.comparing import beside, compare
from db.texts.differences import Difference
from db.texts.hunks import Shown, shown
from db.texts.places import Place, Text
from db.texts.rows import PLACED, Thread, moved, to_end_of_line
from db.write import Work

THREAD = 400
"""How many characters take as long to compare as it takes to carry a thread over."""
TEXT = compiled(
    select(tables.DocumentVersion.content).where(
        tables.DocumentVersion.document_id == bindparam("document", type_=Uuid()),
        tables.DocumentVersion.version == bindparam("version", type_=Integer()),
    )
)
"""The text of a version of a document."""


@dataclass(frozen=True)
class Saved:
    """A text to save, as the next version of a document behind the expected one."""

    document_id: str
    expected_version: int
    content: str
    summary: str | None


async def carried_over(fetch: Fetch, viewer: Viewer, input: Saved) -> AsyncGenerator[str]:
    """The threads of a document with where their words are in a text that is to be saved, as JSON.

    They are read each time; the texts are compared once. There is nothing to carry over where the version is not the
    expected one, or the viewer may not save it.
    """
    statement, difference = _reading(viewer.typical), None
    given = {"key": key_of(tables.SpecificationDocument, input.document_id), "expected": input.expected_version}
    arguments = statement.arguments({**given, **viewer.parameters})
    while True:
        found = await fetch(statement, arguments)
        if found is None:
            yield "[]"
            continue
        content, threads = await beside(len(found[0]), loads, found[0])
        difference = difference or await compare(content, input.content)
        yield await beside(len(threads) * THREAD, _carried, threads, difference)


SAVE = Update(
    table=tables.SpecificationDocument,
    may=EDIT,
    at="document_id",
    version="expected_version",
    set=lambda document, input, viewer: {"content": input.content, **UNAPPROVED},
    also=lambda document, input, viewer: tables.DocumentVersion(
        document_id=document.id,
        version=document.version,
        content=document.content,
        summary=input.summary,
        author_id=viewer,
    ),
    along=Along(tables.CommentThread.document_id, PLACED, carried_over),
    tells=DocumentEventKind.DOCUMENT_EDITED,
    shows={"document": tables.SpecificationDocument},
)
"""A document gets a new text, as its next version, and its threads go with their words. See `Saved`."""


async def save(work: Work, document: tables.SpecificationDocument, content: str, summary: str | None) -> None:
    """Save a new text of a document as its next version, if it differs. Raises Conflict where it has another by now."""
    await make(work, SAVE, Saved(document.public_id, document.version, content, summary))


async def text_of(work: Work, document: tables.SpecificationDocument, version: int) -> str | None:
    """The text of a version; None where it is not known, or there is no such version."""
    if version == document.version:
        return document.content
    found = await work.fetch(TEXT, document=document.id, version=version)
    return found[0] if found else None


async def texts(
    session: AsyncSession, _viewer: Viewer, start: int, end: int | None, keys: Sequence[UUID]
) -> dict[UUID, dict[int, str | None]]:
    """The texts of two versions of documents, by their numbers; that of today is the `end` if there is none. Who sees a
    document sees its versions.
    """
    one, document = tables.DocumentVersion, tables.SpecificationDocument
    found = dict[UUID, dict[int, str | None]]()
    asked = select(one.document_id, one.version, one.content).join(document, document.id == one.document_id)
    both = or_(one.version == start, one.version == (document.version if end is None else end))
    of_keys = document.id == func.any(bindparam("keys", type_=ARRAY(Uuid())))
    for key, version, content in await session.execute(asked.where(of_keys, both), {"keys": keys}):
        found.setdefault(key, {})[version] = content
    return found


async def difference(found: Mapping[int, str | None] | None, start: int, end: int | None) -> Shown | None:
    """The difference of two versions of a document, of those that are found; None where the text of one is not known.

    Without an `end` it is the last one. Raises NotFound for a version that there is not.
    """
    found = found or {}
    end = max(found, default=start) if end is None else end
    for at, version in (("from", start), ("to", end)):
        if version not in found:
            raise NotFound(f"The document has no version {version}.", at=at)
    old, new = found[start], found[end]
    return None if old is None or new is None else await beside(len(old) + len(new), shown, old, new)


def stretch(text: Text, start: Place, end: Place | None) -> tuple[int, int]:
    """The stretch of a text between two places, or to the end of a line; raises BadInput for one that it has not."""
    first = text.offset(start)
    if first is None:
        raise BadInput("The text has no such place.", at="position")
    if end is None:
        return first, to_end_of_line(text, first)
    last = text.offset(end)
    if last is None or last < first:
        raise BadInput("The text has no such place, or it is before `position`.", at="end")
    if last - first > LONGEST:
        raise BadInput(f"This is about {LONGEST:,} characters at most.", at="end")
    return first, last


@cache
def _reading(viewer: Viewer) -> Statement:
    """The text of a document at the expected version that a viewer may save, and its threads, as JSON."""
    row, thread = tables.SpecificationDocument.__table__, tables.CommentThread.__table__
    each = func.json_build_array(*(thread.c[name] for name in Thread._fields))
    threads = select(func.coalesce(func.json_agg(each), literal_column("'[]'"))).where(thread.c.document_id == row.c.id)
    found = select(cast(func.json_build_array(row.c.content, threads.scalar_subquery()), TextType))
    key, expected = bindparam("key", type_=Uuid()), bindparam("expected", type_=row.c.version.type)
    return compiled(found.where(row.c.id == key, row.c.version == expected, allows(EDIT, row, viewer)))


def _carried(threads: Sequence[Sequence[Any]], difference: Difference) -> str:
    """JSON of threads with their places in the new text."""
    return dumps([{"id": row.id, **moved(row, difference)} for row in starmap(Thread, threads)]).decode()

"""Documents: a new text is saved as a version, and every conversation stays with the words that it is about."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Uuid, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db import tables
from db.access import Viewer
from db.actions.approval import UNAPPROVED
from db.errors import BadInput, Conflict, NotFound
from db.records import columns
from db.statements import compiled
from db.tables import DocumentEventKind
from db.texts.anchors import LONGEST, carried
from db.texts.comparing import beside, compare
from db.texts.differences import Difference
from db.texts.hunks import Shown, shown
from db.texts.places import Place, Text
from db.texts.rows import now, read, to_end_of_line
from db.write import Work

THREAD = 400
"""How many characters take as long to compare as it takes to carry a thread over."""
PLACED = "line", "character", "end_line", "end_character", "anchor_state", "rewritten"
"""The columns of a thread that say where its words are."""
READ = "id", *PLACED, "original_line", "original_character", "quote", "quote_before", "quote_after"
"""Those by which they are found."""
TEXT = compiled(
    select(tables.DocumentVersion.content).where(
        tables.DocumentVersion.document_id == bindparam("document", type_=Uuid()),
        tables.DocumentVersion.version == bindparam("version", type_=Integer()),
    )
)
"""The text of a version of a document."""


async def save(
    work: Work,
    document: tables.SpecificationDocument,
    content: str,
    summary: str | None,
    difference: Difference | None = None,
) -> tables.SpecificationDocument:
    """The document with a new text, as its next version; as it is where the text is the same. It must be locked.

    A `difference` of the two texts that was made before is used: to make one can take as long as a second.
    """
    if content == document.content:
        return document
    if difference is None:
        difference = await compare(document.content, content)
    await _carry_over(work, document, difference)
    work.change(document, {"content": content, "version": document.version + 1, **UNAPPROVED})
    work.audit("document_edited", document)  # before anything is written: it says what has changed
    await work.add(
        tables.DocumentVersion(
            document_id=document.id,
            version=document.version,
            content=content,
            summary=summary,
            author_id=work.viewer_id,
        )
    )
    await work.happened(DocumentEventKind.DOCUMENT_EDITED, document)
    return document


def check_version(document: tables.SpecificationDocument, expected: int, *, current: Any = None) -> None:
    """Raise Conflict where the document is not at the version that a client changed; it shows what is `current`."""
    if document.version != expected:
        message = f"The document is at version {document.version} by now; you changed version {expected}."
        raise Conflict(message, at="expectedVersion", current=current or document)


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


async def _carry_over(work: Work, document: tables.SpecificationDocument, difference: Difference) -> None:
    """Bring every thread to where its words are in the new text; the document is locked, so no other is opened."""
    thread = tables.CommentThread
    mine = select(*(getattr(thread, name) for name in READ)).where(thread.document_id == document.id)
    # In the order of their ids, so that nobody who changes the same threads waits in the other direction.
    rows = (await work.execute(mine.order_by(thread.id).with_for_update(key_share=True))).all()
    moved = await beside(len(rows) * THREAD, _moved, rows, difference)
    if not moved:
        return
    names = "id", *PLACED
    types = columns(thread)
    given = (bindparam(name, [row[name] for row in moved], type_=ARRAY(types[name].type)) for name in names)
    new = func.unnest(*given).table_valued(*names).render_derived()
    values = {name: new.c[name] for name in PLACED}
    await work.execute(update(thread).where(thread.id == new.c.id).values(values), synchronize_session=False)


def _moved(rows: Sequence[Any], difference: Difference) -> list[dict[str, Any]]:
    """The columns of the threads that are elsewhere in the new text, or read differently there."""
    found = ((row, now(carried(read(row, difference.old), difference), difference.new)) for row in rows)
    return [{"id": row.id, **new} for row, new in found if any(getattr(row, name) != new[name] for name in PLACED)]

"""Keys with which clients repeat a change: it is done once, and every repetition is answered as the first time."""

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from db import tables
from db.base import new_id
from db.change.keys import Key, is_old
from db.errors import KeyReused
from db.queue.declared import clears
from db.write import Work

old_keys = clears(tables.IdempotencyKey, lambda _: is_old(), cron="37 * * * *")


async def begin(work: Work, key: Key) -> bytes | None:
    """The answer that the viewer got under this key; None for a new one, which waits for `keep` at the end.

    Whoever comes with the same key in the meantime waits for the end of the transaction. Raises KeyReused where the
    key came with something else.
    """
    row = tables.IdempotencyKey
    key_columns = {"user_id": work.viewer_id, "mutation": key.mutation, "key": key.key}
    new = {"created_at": func.now(), "body_hash": key.body_hash, "answer": None}
    taken = insert(row).values(id=new_id(), **key_columns, **new)
    renewed = taken.on_conflict_do_update(index_elements=list(key_columns), set_=new, where=is_old())
    if await work.scalar(renewed.returning(row.id)) is not None:
        return None
    known = (await work.scalars(select(row).filter_by(**key_columns))).one()
    if known.body_hash != key.body_hash:
        raise KeyReused
    return known.answer


async def keep(work: Work, key: Key, answer: bytes) -> None:
    """Keep the answer to what was begun under a key."""
    row = tables.IdempotencyKey
    kept = update(row).filter_by(user_id=work.viewer_id, mutation=key.mutation, key=key.key).values(answer=answer)
    await work.execute(kept, synchronize_session=False)

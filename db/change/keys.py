"""Idempotency keys: a change that comes again under one is not done again, and is answered as it was the first time.

In the statement of a change two parts more do that: `known` is an answer that was kept before, and then nothing is
found; `kept` keeps the answer of what is done now. Of two that come at once the second breaks the unique
constraint, which undoes all of it, and finds the answer when it is run again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from asyncpg import UniqueViolationError
from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Select,
    Text,
    bindparam,
    delete,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, array, insert

from db.failures import driver_error
from db.tables.accounts import IdempotencyKey

KEPT = timedelta(hours=24)
HASH, ANSWER, AT = 3, 4, 5
"""The places in the row of a statement at which it has the hash and the answer that are known, and the topics that were
moved.
"""

KEYS: Any = IdempotencyKey.__table__


@dataclass(frozen=True, slots=True)
class Key:
    """A client's key for one mutation, or several done as one, and the hash of all that was sent with it."""

    mutation: str
    key: str
    body_hash: bytes

    def parameters(self, pieces: Sequence[str]) -> dict[str, Any]:
        """The parameters of a statement that keeps its answer: the text of that in pieces, with a gap between any two
        for each key and each JSON that the statement answers with.
        """
        given = {"mutation": self.mutation, "idempotency_key": self.key, "body_hash": self.body_hash}
        return {**given, "pieces": list(pieces)}


def is_old() -> ColumnElement[bool]:
    """Whether a key is forgotten."""
    old: ColumnElement[bool] = KEYS.c.created_at <= func.now() - KEPT
    return old


def is_taken(error: BaseException) -> bool:
    """Whether an answer was kept under the key in the meantime."""
    broken = driver_error(error.__cause__)
    return isinstance(broken, UniqueViolationError) and broken.table_name == KEYS.name


def known() -> CTE:
    """The answer that was kept under the key."""
    return select(KEYS.c.id, KEYS.c.body_hash, KEYS.c.answer).where(*_of_key(), ~is_old()).cte("known")


def kept(answer: CTE, values: Sequence[ColumnElement[str]]) -> CTE:
    """The answer of what is done now, if it is one to keep, with these values in its gaps."""
    old = delete(KEYS).where(*_of_key(), is_old()).returning(KEYS.c.id).cte("old")
    # What is old is deleted before: nothing else says in which order the parts are run.
    is_cleared = select(func.count()).select_from(old).scalar_subquery() >= literal_column("0")
    text = func.convert_to(_text(answer, values), literal_column("'UTF8'"))
    rows: Select[Any] = select(func.uuidv7(), *_values(), text).where(answer.c.is_kept, is_cleared)
    names = ["id", "user_id", "mutation", "key", "body_hash", "answer"]
    return insert(KEYS).from_select(names, rows, include_defaults=False).cte("kept")


def _text(answer: CTE, values: Sequence[ColumnElement[str]]) -> ColumnElement[str]:
    """The text in pieces, put together with the values that the answer has."""
    between: Any = array(list(values), type_=ARRAY(Text()))
    parts = func.unnest(bindparam("pieces", type_=ARRAY(Text())), between)
    part = parts.table_valued("piece", "value", with_ordinality="ordinal").render_derived(name="part").c
    in_order: Any = aggregate_order_by(literal_column("''"), part.ordinal)
    whole = select(func.string_agg(func.concat(part.piece, part.value), in_order))
    return whole.correlate(answer).scalar_subquery()


def _of_key() -> list[ColumnElement[bool]]:
    columns = KEYS.c.user_id, KEYS.c.mutation, KEYS.c.key
    return [column == value for column, value in zip(columns, _values(), strict=False)]


def _values() -> list[ColumnElement[Any]]:
    names = {"viewer_id": "user_id", "mutation": "mutation", "idempotency_key": "key", "body_hash": "body_hash"}
    return [bindparam(name, type_=KEYS.c[column].type) for name, column in names.items()]

"""Full-text search: by which words a row is found, and what a text means that somebody types into a search box.

A table declares `search_vector = searchable(A="name", B="description")`, with an index over it; a list is searched by
`matches`, and sorted by `rank`. Words are compared without case, accents and punctuation, as they are written and by
their English stem. Scripts that put no blanks between words are indexed character by character, so that every part of a
name is found.

Names are found by any part of a word, too: `uthent` is in "Authenticate". A table says so by an index, by
`found_by_parts`. That alone needs an extension, pg_trgm: it comes with PostgreSQL, and whoever may create a schema in a
database may create it there. What is found by a part alone ranks behind all that has the words.

Whoever changes a function of the database writes the columns anew in the same revision: PostgreSQL does not.
"""

import unicodedata
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Computed,
    Double,
    Index,
    MetaData,
    Text,
    case,
    cast,
    event,
    func,
    literal_column,
    null,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSQUERY, TSVECTOR, array
from sqlalchemy.orm import Mapped, mapped_column

from db import snippets
from db.access import Viewer, allows, both
from db.base import Base
from db.permissions import Permission
from db.words import WORDS

VECTOR = """
CREATE OR REPLACE FUNCTION search_vector(written text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT to_tsvector('pg_catalog.english', words) || to_tsvector('pg_catalog.simple', words)
    FROM search_words(written) AS words;
END"""
"""A text by its stems without stop words, and by all its words as they are written."""

QUERY = r"""
CREATE OR REPLACE FUNCTION search_query(typed text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    piece text[]; words text; stems tsquery; written tsquery; term tsquery; is_last boolean;
    needed tsquery := ''; common tsquery := ''; found tsquery := '';
BEGIN
    -- A minus, a phrase, what closes it, or else a word, and whether this is the end.
    FOR piece IN SELECT regexp_matches(typed, '(-(?=[^\s-]))?(?:"([^"]*)("|$)|([^\s"]+))($)?', 'g') LOOP
        words := search_words(coalesce(piece[2], piece[4]));
        written := phraseto_tsquery('pg_catalog.simple', words);
        CONTINUE WHEN numnode(written) = 0;
        is_last := piece[5] IS NOT NULL AND piece[3] IS DISTINCT FROM '"' AND piece[1] IS NULL;
        IF lower(piece[4]) = 'or' AND NOT is_last AND numnode(needed || common) > 0 THEN
            found := found || CASE WHEN numnode(needed) > 0 THEN needed ELSE common END;
            needed := ''; common := '';
            CONTINUE;
        END IF;
        stems := phraseto_tsquery('pg_catalog.english', words);
        term := stems || CASE WHEN is_last THEN (written::text || ':*')::tsquery ELSE written END;
        IF piece[1] IS NOT NULL THEN
            term := !!term;
        END IF;
        IF numnode(stems) = 0 AND piece[2] IS NULL THEN  -- stop words count where there is nothing else
            common := common && term;
        ELSE
            needed := needed && term;
        END IF;
    END LOOP;
    RETURN found || CASE WHEN numnode(needed) > 0 THEN needed ELSE common END;
END $$"""
"""The query of a text as typed: all of its words, the last of which may be incomplete; "a phrase", or, -without."""

PART = r"""
CREATE OR REPLACE FUNCTION search_part(typed text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN typed !~ '"|(^|\s)-' AND search_words(typed) ~ '\S{3}'
    THEN '%' || btrim(search_words(typed)) || '%' END"""
"""The pattern of names that a text is a part of. It is null, and no name is like it, for a text with a phrase or a
minus, and for one that has no three letters in a row: an index over parts has nothing smaller."""

FUNCTIONS = WORDS, VECTOR, QUERY, PART, *snippets.FUNCTIONS
EXTENSION = "CREATE EXTENSION IF NOT EXISTS pg_trgm"

FIELDS = "fields"
"""The columns whose words a column has, the heaviest first."""
PARTS = "parts"
"""The column that an index has the parts of."""
NEEDS = "needs"
"""The permission without which no row is found by the words of a column."""
ADMINISTRATORS = "administrators"
"""The column that an index has the words of for administrators alone."""
BY_LENGTH: ColumnElement[int] = literal_column("1")
"""The normalization of a rank: it is divided by 1 and the logarithm of the length of the text."""


class Typed(Text):
    """The type of a text as somebody typed it into a search box."""


def searchable(*, needs: Permission | None = None, **columns: str) -> Mapped[Any]:
    """The column by which rows are found: their texts by weight, the heaviest is A.

    A table has another one for words that not everybody may read who sees a row. By those it is found by viewers alone
    who have the permission `needs` on it.
    """
    weighed = (f"setweight(search_vector(coalesce({name}, '')), '{weight}')" for weight, name in columns.items())
    info = {FIELDS: tuple(columns.values()), NEEDS: needs}
    return mapped_column(TSVECTOR, Computed(" || ".join(weighed), persisted=True), deferred=True, info=info)


def has_words(typed: str) -> bool:
    """Whether a text looks for anything: blanks and punctuation alone do not."""
    return any(character.isalnum() for character in unicodedata.normalize("NFKC", typed))


def found_by_administrators(column: str, *, name: str) -> Index:
    """The index over the words of a column that only administrators find rows by, beside `search_vector`."""
    return Index(name, text(f"search_vector({column})"), postgresql_using="gin", info={ADMINISTRATORS: column})


def found_by_parts(column: str, *, name: str) -> Index:
    """The index over the parts of a name by which rows are found, beside `search_vector`."""
    words: Any = literal_column(f"search_words({column})").label("words")
    return Index(name, words, postgresql_using="gin", postgresql_ops={"words": "gin_trgm_ops"}, info={PARTS: column})


class Row:
    """A row of a table of which there are the columns: rules take it for an alias of the table."""

    def __init__(self, columns: Any, table: Any) -> None:
        self.c, self.element = columns, table


def matches(row: Any, typed: Any, *, table: Any, viewer: Viewer) -> ColumnElement[bool]:
    """Whether the row of these columns of a table is what a text of the viewer looks for. What that means is worked out
    once a statement.
    """
    found = [row.search_vector.op("@@")(query(typed))]
    if name := _indexed(table, PARTS):
        found.append(func.search_words(row[name]).like(part(typed)))
    if viewer.is_admin and (beside := _indexed(table, ADMINISTRATORS)):
        found.append(func.search_vector(row[beside]).op("@@")(query(typed)))
    if (further := _guarded(table)) is not None:
        seen: Any = Row(row, table)
        is_allowed = allows(further.info[NEEDS], seen, viewer)
        found.append(both(row[further.name].op("@@")(query(typed)), is_allowed))
    return or_(*found)


def has_parts(table: Any) -> bool:
    """Whether rows of a table are found by parts of a name."""
    return _indexed(table, PARTS) is not None


@cache
def _indexed(table: Any, by: str) -> str | None:
    """The column that an index of this kind is over."""
    return next((index.info[by] for index in table.indexes if by in index.info), None)


@cache
def _guarded(table: Any) -> Any:
    """The column with the words of a table that need a permission; None if there is none."""
    return next((column for column in table.c if column.info.get(NEEDS)), None)


def rank(row: Any, typed: Any, *, table: Any = None) -> ColumnElement[float]:
    """How well the row of these columns answers what a text looks for, from 0 to 1: by how often it has the words, of
    which weight, and how near to each other in how long a text. It means the same in every table. What is found by
    words alone that need a permission is ranked by these.

    PostgreSQL works it out in 32 bits. It is widened to 64, which changes no value: so it is compared exactly with one
    that was read before.
    """
    vector = _found_by(row, typed, _guarded(table) if table is not None else None)
    return cast(func.ts_rank(vector, query(typed), BY_LENGTH), Double)


def snippet(row: Any, typed: Any, *, table: Any) -> ColumnElement[Any]:
    """Some text of the row of these columns of a table that shows what is looked for, and what of it to highlight.

    How that may be written is worked out once a statement.
    """
    written, further = _written(row, table.c.search_vector), _guarded(table)
    vector = _found_by(row, typed, further)
    if further is not None:
        written = case((row.search_vector.op("@@")(query(typed)), written), else_=_written(row, further))
    wanted: Any = func.search_wanted(query(typed))
    places = select(func.search_places(wanted)).scalar_subquery()
    name: Any = cast(null(), Text)
    if has_parts(table):
        name = select(func.search_spelled(func.btrim(part(typed), "%"))).scalar_subquery()
    wanted = select(wanted).scalar_subquery()
    return func.search_snippet(written, vector, wanted, places, name, type_=JSONB())


def _found_by(row: Any, typed: Any, further: Any) -> ColumnElement[Any]:
    """The words by which a row is found: those that everybody may read, or else the others."""
    vector: ColumnElement[Any] = row.search_vector
    if further is None:
        return vector
    return case((vector.op("@@")(query(typed)), vector), else_=row[further.name])


def _written(row: Any, column: Any) -> ColumnElement[Any]:
    """The texts whose words a column has."""
    return array([cast(row[name], Text) for name in column.info[FIELDS]])


class Query(TSQUERY):
    """The type of a query that was made of a text already, as to make it takes long. `part` is the pattern of names."""

    def __init__(self, part: ColumnElement[str]) -> None:
        super().__init__()
        self.part = part


def query(typed: Any) -> ColumnElement[Any]:
    """The query that a text means; or the one that was made of it already."""
    if isinstance(getattr(typed, "type", None), TSQUERY):
        return typed  # type: ignore[no-any-return]
    return select(func.search_query(typed)).scalar_subquery()


def part(typed: Any) -> ColumnElement[Any]:
    """The pattern of names that a text is a part of; or the one that was made of it already."""
    if isinstance(kind := getattr(typed, "type", None), Query):
        return kind.part
    return select(func.search_part(typed)).scalar_subquery()


@event.listens_for(Base.metadata, "before_create")
def _create_functions(_target: MetaData, connection: Any, **_: Any) -> None:
    for statement in (EXTENSION, *FUNCTIONS):
        connection.exec_driver_sql(statement)

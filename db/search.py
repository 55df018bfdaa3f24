"""Full-text search: by which words a row is found, and what a text means that somebody types into a search box.

A table declares `search_vector = searchable(A="name", B="description")`, with an index over it; a list is searched by
`matches`, and sorted by `rank`. Words are compared without case, accents and punctuation, as they are written and by
their English stem. Scripts that put no blanks between words are indexed character by character, so that every part of a
name is found.

The functions of the database that do it need no extension, which not every server lets a role create. Whoever changes
one of them writes the columns anew in the same revision: PostgreSQL does not.
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
    cast,
    event,
    func,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base

LONGEST = 200_000
"""Characters of a text by whose words it is found. A tsvector holds 1 MiB, and every text of this length fits: of two
characters, a word and the blank behind it, come 10 bytes at most, with its two positions."""

WORDS = rf"""
CREATE OR REPLACE FUNCTION search_words(written text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN left(regexp_replace(regexp_replace(
    replace(replace(replace(translate(
        lower(normalize(regexp_replace(
            left(normalize(left(written, {LONGEST}), NFKD), {LONGEST}), '[\u0300-\u036f]+', '', 'g'), NFC)
            COLLATE pg_catalog.pg_c_utf8),
        'øłđħıŧ', 'oldhit'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'),
    '[[:punct:][:space:][:cntrl:]\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]+', ' ', 'g'),
    '([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u31ff\u3400-\u4dbf\u4e00-\u9fff'
    '\uac00-\ud7af\U00020000-\U0003ffff])', ' \1 ', 'g'), {LONGEST})"""
"""The words of a text with one blank between two: Thai to Khmer, Chinese, Japanese and Korean as single characters."""

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

ADMINISTRATORS = "administrators"
"""The column that an index has the words of for administrators alone."""
BY_LENGTH: ColumnElement[int] = literal_column("1")
"""The normalization of a rank: it is divided by 1 and the logarithm of the length of the text."""


class Typed(Text):
    """The type of a text as somebody typed it into a search box."""


def searchable(**columns: str) -> Mapped[Any]:
    """The column by which rows are found: their texts by weight, the heaviest is A."""
    weighed = (f"setweight(search_vector(coalesce({name}, '')), '{weight}')" for weight, name in columns.items())
    return mapped_column(TSVECTOR, Computed(" || ".join(weighed), persisted=True), deferred=True)


def has_words(typed: str) -> bool:
    """Whether a text looks for anything: blanks and punctuation alone do not."""
    return any(character.isalnum() for character in unicodedata.normalize("NFKC", typed))


def found_by_administrators(column: str, *, name: str) -> Index:
    """The index over the words of a column that only administrators find rows by, beside `search_vector`."""
    return Index(name, text(f"search_vector({column})"), postgresql_using="gin", info={ADMINISTRATORS: column})


def matches(row: Any, typed: Any, *, beside: str | None = None) -> ColumnElement[bool]:
    """Whether the row of these columns is what a text looks for. What that means is worked out once a statement.

    `beside` is a column in which it is looked for, too.
    """
    found: ColumnElement[bool] = row.search_vector.op("@@")(query(typed))
    return found if beside is None else or_(found, func.search_vector(row[beside]).op("@@")(query(typed)))


@cache
def searched_by_administrators(table: Any) -> str | None:
    """The column of which an index has the words for administrators alone."""
    return next((index.info[ADMINISTRATORS] for index in table.indexes if ADMINISTRATORS in index.info), None)


def rank(row: Any, typed: Any) -> ColumnElement[float]:
    """How well the row of these columns answers what a text looks for, from 0 to 1: by how often it has the words, of
    which weight, and how near to each other in how long a text. It means the same in every table.

    PostgreSQL works it out in 32 bits. It is widened to 64, which changes no value: so it is compared exactly with one
    that was read before.
    """
    return cast(func.ts_rank(row.search_vector, query(typed), BY_LENGTH), Double)


def query(typed: Any) -> ColumnElement[Any]:
    """The query that a text means; or the one that was made of it already, as to make it takes long."""
    if isinstance(getattr(typed, "type", None), TSQUERY):
        return typed  # type: ignore[no-any-return]
    return select(func.search_query(typed)).scalar_subquery()


@event.listens_for(Base.metadata, "before_create")
def _create_functions(_target: MetaData, connection: Any, **_: Any) -> None:
    for function in (WORDS, VECTOR, QUERY):
        connection.exec_driver_sql(function)

"""Snippets: what of a text is shown of a row that was searched for, and what of it is highlighted.

Highlights are ranges of characters, never HTML: a text that looks like HTML stays a text. PostgreSQL has `ts_headline`,
which marks words in the text itself, and finds none that were compared without accents or character by character. Here
the words are looked up one by one, at the places where letters stand that they may begin with.
"""

from collections import defaultdict
from unicodedata import normalize

from db.words import APART, LONGEST, SINGLE

SHOWN, AHEAD = 240, 60
"""Characters of a text that a snippet has at most, and how many of them come ahead of the first hit."""
HIGHLIGHTS = 20
"""How many highlights a snippet has at most."""
TRIES = 10
"""How many words that begin like what is looked for are looked at for the first hit."""
LOST = 2_000
"""How much of a text is looked at word by word where none begins so."""
WORDS = 32
"""How many words and phrases lead to a place in a text, and of how many words a phrase that does."""
ACCENTED = "àáâãäåāăąçćčďđèéêëēėęěğħìíîïīıłñńňòóôõöőøřśşšťŧùúûüūůűýÿźżžάέήίόύώйёїў"
"""Letters that are found without their accents."""
BARE = dict(zip("øłđħıŧ", "oldhit", strict=True))
"""The letters without accents of those that Unicode does not take apart."""


def _spelled(written: str) -> str:
    """The regular expression for words with whatever accents, as SQL. The stem of "modify" is "modifi"."""
    written = rf"regexp_replace(regexp_replace({written}, '([^\w ])', '\\\1', 'g'), 'i$', '(?:i|y)')"
    for pair, one in (("ss", "ß"), ("ae", "æ"), ("oe", "œ")):
        written = f"replace({written}, '{pair}', '(?:{pair}|{one})')"
    groups = defaultdict[str, str](str)
    for letter in ACCENTED:
        groups[BARE.get(letter, normalize("NFD", letter)[0])] += letter
    for bare, letters in groups.items():
        written = f"replace({written}, '{bare}', '[{bare}{letters}][\u0300-\u036f]*')"
    return f"regexp_replace({written}, ' +', '[{APART}]+', 'g')"


LETTER = rf"[^{APART}{SINGLE}]"

SPELLED = f"""
CREATE OR REPLACE FUNCTION search_spelled(written text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN {_spelled("written")}"""
"""The regular expression for words with whatever accents."""

WANTED = r"""
CREATE OR REPLACE FUNCTION search_wanted(asked tsquery) RETURNS tsquery
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN replace(nullif(nullif(querytree(asked), 'T'), ''), '&', '|')::tsquery"""
"""Any of the words and phrases of a query. It is null for a query without words that must be there."""

PLACES = rf"""
CREATE OR REPLACE FUNCTION search_places(wanted tsquery) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg((
        SELECT string_agg(
            CASE WHEN word[1] ~ '^[{SINGLE}]' THEN word[1] ELSE '\m' || search_spelled(word[1]) || '{LETTER}*' END,
            '[{APART}]*' ORDER BY place)
        FROM regexp_matches(phrase, '''([^'']+)''', 'g') WITH ORDINALITY AS words(word, place) WHERE place <= {WORDS}
    ), '|')
    FROM (SELECT regexp_split_to_table(wanted::text, '\|') LIMIT {WORDS}) AS phrases(phrase);
END"""  # noqa: S608  (no word of it comes from outside)
"""The regular expression for what may be one of the words or phrases, as texts in small letters have it."""

SNIPPET = rf"""
CREATE OR REPLACE FUNCTION search_snippet(fields text[], vector tsvector, wanted tsquery, places text, part text)
RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    field text; searched text; stretch text; is_part boolean; hit integer; ahead integer := 0; next integer := 1;
    start integer; until integer; tries integer := {TRIES}; starts integer[] := '{{}}'; sizes integer[] := '{{}}';
BEGIN
    SELECT left(written, {LONGEST}), place = 1 AND part IS NOT NULL AND ts_rank(vector, wanted) < 1e-9
    INTO field, is_part
    FROM unnest(fields) WITH ORDINALITY AS one(written, place) WHERE written IS NOT NULL
    ORDER BY CASE WHEN cardinality(fields) > 1
        THEN ts_rank(ts_filter(vector, ARRAY[chr(96 + place::integer)]::"char"[]), wanted) END DESC, place LIMIT 1;
    -- As many characters as the field has: what is found stands at the same place there.
    searched := lower(field COLLATE pg_catalog.pg_c_utf8);
    IF is_part THEN
        places := part;
    ELSIF regexp_instr(searched, places) = 0 THEN  -- it is written in a way that is not known here
        places := '[{SINGLE}]|{LETTER}+';
        searched := left(searched, {LOST});
        tries := {LOST};
    END IF;
    FOR try IN 1..tries LOOP
        hit := regexp_instr(searched, places, next);
        EXIT WHEN hit = 0 OR hit IS NULL;
        next := regexp_instr(searched, places, hit, 1, 1);
        CONTINUE WHEN NOT is_part AND NOT search_vector(substr(field, hit, next - hit)) @@ wanted;
        ahead := greatest(0, least(hit - {AHEAD}, length(field) - {SHOWN} + 1) - 1);
        IF ahead > 0 THEN  -- begin with a whole word
            ahead := ahead + coalesce(length(substring(substr(field, ahead + 1, hit - ahead - 1) FROM '^\S*\s+')), 0);
        END IF;
        EXIT;
    END LOOP;
    stretch := substr(searched, ahead + 1, {SHOWN});
    next := 1;
    LOOP
        start := regexp_instr(stretch, places, next);
        EXIT WHEN start = 0 OR start IS NULL OR cardinality(starts) = {HIGHLIGHTS};
        next := regexp_instr(stretch, places, start, 1, 1);
        CONTINUE WHEN NOT is_part AND NOT search_vector(substr(field, ahead + start, next - start)) @@ wanted;
        IF start = until THEN  -- one range with that before
            sizes[cardinality(sizes)] := sizes[cardinality(sizes)] + next - start;
        ELSE
            starts := starts || start - 1;
            sizes := sizes || next - start;
        END IF;
        until := next;
    END LOOP;
    RETURN jsonb_build_object('text', substr(field, ahead + 1, {SHOWN}), 'highlights', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('start', one.start, 'length', size)), '[]')
        FROM unnest(starts, sizes) AS one(start, size)
    ));
END $$"""  # noqa: S608  (likewise)
"""A stretch of the field that has most of what is looked for, around the first hit, with what is highlighted in it."""

FUNCTIONS = SPELLED, WANTED, PLACES, SNIPPET

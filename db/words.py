"""The words of a text, as search compares them: a function of the database, and the characters that it knows."""

LONGEST = 200_000
"""Characters of a text by whose words it is found. A tsvector holds 1 MiB, and every text of this length fits: of two
characters, a word and the blank behind it, come 10 bytes at most, with its two positions."""

APART = r"[:punct:][:space:][:cntrl:]\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff"
"""The characters between words, as in the brackets of a regular expression."""
SINGLE = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\uac00-\ud7af\U00020000-\U0003ffff"
)
"""The characters of scripts without blanks, each of which is a word: Thai to Khmer, Chinese, Japanese and Korean."""

WORDS = rf"""
CREATE OR REPLACE FUNCTION search_words(written text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN left(regexp_replace(regexp_replace(
    replace(replace(replace(translate(
        lower(normalize(regexp_replace(
            left(normalize(left(written, {LONGEST}), NFKD), {LONGEST}), '[\u0300-\u036f]+', '', 'g'), NFC)
            COLLATE pg_catalog.pg_c_utf8),
        'øłđħıŧ', 'oldhit'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'),
    '[{APART}]+', ' ', 'g'),
    '([{SINGLE}])', ' \1 ', 'g'), {LONGEST})"""
"""The words of a text with one blank between two."""

"""parts of names, and snippets of what is found"""

from alembic import op
from asyncpg import FeatureNotSupportedError, InsufficientPrivilegeError
from sqlalchemy.exc import DBAPIError

from db.errors import CannotRun

revision = '4f1d7c20e9ab'
down_revision = 'dca3db48e0d9'
branch_labels = None
depends_on = None

FUNCTIONS = (
    r"""
CREATE OR REPLACE FUNCTION search_part(typed text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN typed !~ '"|(^|\s)-' AND search_words(typed) ~ '\S{3}'
    THEN '%' || btrim(search_words(typed)) || '%' END""",
    r"""
CREATE OR REPLACE FUNCTION search_spelled(written text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN regexp_replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(regexp_replace(regexp_replace(written, '([^\w ])', '\\\1', 'g'), 'i$', '(?:i|y)'), 'ss', '(?:ss|ß)'), 'ae', '(?:ae|æ)'), 'oe', '(?:oe|œ)'), 'a', '[aàáâãäåāăą][̀-ͯ]*'), 'c', '[cçćč][̀-ͯ]*'), 'd', '[dďđ][̀-ͯ]*'), 'e', '[eèéêëēėęě][̀-ͯ]*'), 'g', '[gğ][̀-ͯ]*'), 'h', '[hħ][̀-ͯ]*'), 'i', '[iìíîïīı][̀-ͯ]*'), 'l', '[lł][̀-ͯ]*'), 'n', '[nñńň][̀-ͯ]*'), 'o', '[oòóôõöőø][̀-ͯ]*'), 'r', '[rř][̀-ͯ]*'), 's', '[sśşš][̀-ͯ]*'), 't', '[tťŧ][̀-ͯ]*'), 'u', '[uùúûüūůű][̀-ͯ]*'), 'y', '[yýÿ][̀-ͯ]*'), 'z', '[zźżž][̀-ͯ]*'), 'α', '[αά][̀-ͯ]*'), 'ε', '[εέ][̀-ͯ]*'), 'η', '[ηή][̀-ͯ]*'), 'ι', '[ιί][̀-ͯ]*'), 'ο', '[οό][̀-ͯ]*'), 'υ', '[υύ][̀-ͯ]*'), 'ω', '[ωώ][̀-ͯ]*'), 'и', '[ий][̀-ͯ]*'), 'е', '[её][̀-ͯ]*'), 'і', '[ії][̀-ͯ]*'), 'у', '[уў][̀-ͯ]*'), ' +', '[[:punct:][:space:][:cntrl:]\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]+', 'g')""",
    r"""
CREATE OR REPLACE FUNCTION search_wanted(asked tsquery) RETURNS tsquery
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN replace(nullif(nullif(querytree(asked), 'T'), ''), '&', '|')::tsquery""",
    r"""
CREATE OR REPLACE FUNCTION search_places(wanted tsquery) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg((
        SELECT string_agg(
            CASE WHEN word[1] ~ '^[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]' THEN word[1] ELSE '\m' || search_spelled(word[1]) || '[^[:punct:][:space:][:cntrl:]\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]*' END,
            '[[:punct:][:space:][:cntrl:]\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]*' ORDER BY place)
        FROM regexp_matches(phrase, '''([^'']+)''', 'g') WITH ORDINALITY AS words(word, place) WHERE place <= 32
    ), '|')
    FROM (SELECT regexp_split_to_table(wanted::text, '\|') LIMIT 32) AS phrases(phrase);
END""",
    r"""
CREATE OR REPLACE FUNCTION search_snippet(fields text[], vector tsvector, wanted tsquery, places text, part text)
RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    field text; searched text; stretch text; is_part boolean; hit integer; ahead integer := 0; next integer := 1;
    start integer; until integer; tries integer := 10; starts integer[] := '{}'; sizes integer[] := '{}';
BEGIN
    SELECT left(written, 200000), place = 1 AND part IS NOT NULL AND ts_rank(vector, wanted) < 1e-9
    INTO field, is_part
    FROM unnest(fields) WITH ORDINALITY AS one(written, place) WHERE written IS NOT NULL
    ORDER BY CASE WHEN cardinality(fields) > 1
        THEN ts_rank(ts_filter(vector, ARRAY[chr(96 + place::integer)]::"char"[]), wanted) END DESC, place LIMIT 1;
    -- As many characters as the field has: what is found stands at the same place there.
    searched := lower(field COLLATE pg_catalog.pg_c_utf8);
    IF is_part THEN
        places := part;
    ELSIF regexp_instr(searched, places) = 0 THEN  -- it is written in a way that is not known here
        places := '[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]|[^[:punct:][:space:][:cntrl:]\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]+';
        searched := left(searched, 2000);
        tries := 2000;
    END IF;
    FOR try IN 1..tries LOOP
        hit := regexp_instr(searched, places, next);
        EXIT WHEN hit = 0 OR hit IS NULL;
        next := regexp_instr(searched, places, hit, 1, 1);
        CONTINUE WHEN NOT is_part AND NOT search_vector(substr(field, hit, next - hit)) @@ wanted;
        ahead := greatest(0, least(hit - 60, length(field) - 240 + 1) - 1);
        IF ahead > 0 THEN  -- begin with a whole word
            ahead := ahead + coalesce(length(substring(substr(field, ahead + 1, hit - ahead - 1) FROM '^\S*\s+')), 0);
        END IF;
        EXIT;
    END LOOP;
    stretch := substr(searched, ahead + 1, 240);
    next := 1;
    LOOP
        start := regexp_instr(stretch, places, next);
        EXIT WHEN start = 0 OR start IS NULL OR cardinality(starts) = 20;
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
    RETURN jsonb_build_object('text', substr(field, ahead + 1, 240), 'highlights', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('start', one.start, 'length', size)), '[]')
        FROM unnest(starts, sizes) AS one(start, size)
    ));
END $$""",
)
NAMES = {'specification_projects': 'name', 'courses': 'title', 'repositories': 'full_name'}


def upgrade() -> None:
    try:
        op.execute('CREATE EXTENSION IF NOT EXISTS pg_trgm')
    except DBAPIError as error:
        if not isinstance(error.orig and error.orig.__cause__, InsufficientPrivilegeError | FeatureNotSupportedError):
            raise
        raise CannotRun(
            "Names are found by their parts with pg_trgm, which this role may not create or this server does not have: "
            "install PostgreSQL's own extensions, or have its owner say CREATE EXTENSION pg_trgm in this database once."
        ) from None
    for function in FUNCTIONS:
        op.get_bind().exec_driver_sql(function)  # its colons are no parameters
    for table, column in NAMES.items():
        op.execute(
            f'CREATE INDEX ix_{table}_{column}_parts ON {table} USING gin (search_words({column}) gin_trgm_ops)'
        )

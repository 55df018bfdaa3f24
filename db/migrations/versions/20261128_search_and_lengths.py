"""words of every language in search, and how long texts may be"""

from alembic import op

revision = 'c5d1f0a8e3b7'
down_revision = 'f86f9f16a46d'
branch_labels = None
depends_on = None

FUNCTIONS = (
    r'''
CREATE OR REPLACE FUNCTION search_words(written text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN left(regexp_replace(regexp_replace(
    replace(replace(replace(translate(
        lower(normalize(regexp_replace(
            left(normalize(left(written, 200000), NFKD), 200000), '[\u0300-\u036f]+', '', 'g'), NFC)
            COLLATE pg_catalog.pg_c_utf8),
        'øłđħıŧ', 'oldhit'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'),
    '[[:punct:][:space:][:cntrl:]\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]+', ' ', 'g'),
    '([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u31ff\u3400-\u4dbf\u4e00-\u9fff'
    '\uac00-\ud7af\U00020000-\U0003ffff])', ' \1 ', 'g'), 200000)''',
    r'''
CREATE OR REPLACE FUNCTION search_vector(written text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT to_tsvector('pg_catalog.english', words) || to_tsvector('pg_catalog.simple', words)
    FROM search_words(written) AS words;
END''',
    r'''
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
END $$''',
)
SEARCHABLE = {
    'courses': "setweight(search_vector(coalesce(title, '')), 'A') || setweight(search_vector(coalesce(description, '')), 'B')",
    'specification_projects': "setweight(search_vector(coalesce(name, '')), 'A') || setweight(search_vector(coalesce(description, '')), 'B')",
    'specification_documents': "setweight(search_vector(coalesce(content, '')), 'A')",
}
LONGEST = {
    'organizations.name': 200,
    'organizations.slug': 100,
    'users.email': 254,
    'users.name': 200,
    'users.username': 100,
    'users.github_login': 100,
    'courses.slug': 100,
    'courses.title': 200,
    'courses.description': 20000,
    'idempotency_keys.key': 255,
    'repositories.name': 100,
    'repositories.full_name': 250,
    'sessions.device': 200,
    'commits.sha': 40,
    'commits.author_email': 500,
    'specification_projects.name': 200,
    'specification_projects.description': 20000,
    'webhook_events.delivery_id': 100,
    'webhook_events.event': 100,
    'specification_documents.content': 1000000,
    'document_versions.content': 1000000,
    'document_versions.summary': 1000,
    'comments.content': 50000,
}


def upgrade() -> None:
    for function in FUNCTIONS:
        op.get_bind().exec_driver_sql(function)  # its colons are no parameters
    for table, expression in SEARCHABLE.items():
        op.execute(f'ALTER TABLE {table} ALTER COLUMN search_vector SET EXPRESSION AS ({expression})')
    for place, longest in LONGEST.items():
        table, column = place.split('.')
        op.create_check_constraint(op.f(f'ck_{table}_{column}_length'), table, f'char_length({column}) <= {longest}')

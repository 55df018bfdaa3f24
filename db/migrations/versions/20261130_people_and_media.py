"""people and media"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
revision = '6579728546bc'
down_revision = '9172eb8c8cf2'
branch_labels = None
depends_on = None


AN_ADMINISTRATOR_STAYS = """\
CREATE OR REPLACE FUNCTION an_administrator_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('an administrator stays'));
    IF NOT EXISTS (SELECT FROM users WHERE role = 'ADMIN' AND is_active) THEN
        RAISE EXCEPTION 'an installation has an administrator'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'an_administrator_stays';
    END IF;
    RETURN NULL;
END $$"""

TRIGGER = """\
CREATE CONSTRAINT TRIGGER an_administrator_stays AFTER DELETE OR UPDATE OF role, is_active ON users
    DEFERRABLE FOR EACH ROW WHEN (OLD.role = 'ADMIN' AND OLD.is_active) EXECUTE FUNCTION an_administrator_stays()"""

FIT = """\
UPDATE users SET
    avatar_url = CASE WHEN char_length(avatar_url) <= 2048 THEN avatar_url END,
    bio = left(bio, 2000),
    timezone = CASE WHEN char_length(timezone) <= 64 THEN timezone END,
    language = CASE WHEN char_length(language) <= 35 THEN language ELSE 'en' END,
    name = CASE WHEN name COLLATE pg_catalog.pg_c_utf8 ~ '[^[:space:]]' THEN name ELSE '-' END,
    username = CASE WHEN username ~ '^[A-Za-z0-9_-]+$' THEN username END
WHERE char_length(avatar_url) > 2048 OR char_length(bio) > 2000 OR char_length(timezone) > 64
    OR char_length(language) > 35 OR name COLLATE pg_catalog.pg_c_utf8 !~ '[^[:space:]]'
    OR username !~ '^[A-Za-z0-9_-]+$'"""
"""Texts that nobody could write through the graph before are made to fit."""

CHECKS = {
    'avatar_url_length': 'char_length(avatar_url) <= 2048',
    'bio_length': 'char_length(bio) <= 2000',
    'timezone_length': 'char_length(timezone) <= 64',
    'language_length': 'char_length(language) <= 35',
    'name': "name COLLATE pg_catalog.pg_c_utf8 ~ '[^[:space:]]'",
    'username': "username ~ '^[A-Za-z0-9_-]+$'",
}


def upgrade() -> None:
    op.execute('CREATE OR REPLACE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n    NEW.updated_at := now();\n    RETURN NEW;\nEND $$')
    op.create_table('media',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('type', sa.Enum('VIDEO', 'IMAGE', 'DOCUMENT', name='mediatype'), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('provider', sa.Text(), nullable=True),
    sa.Column('provider_id', sa.Text(), nullable=True),
    sa.Column('title', sa.Text(), nullable=True),
    sa.Column('duration', sa.Integer(), nullable=True),
    sa.Column('size', sa.BigInteger(), nullable=True),
    sa.Column('mime_type', sa.Text(), nullable=True),
    sa.Column('file_key', sa.Text(), nullable=True),
    sa.Column('file_path', sa.Enum('USERS', 'TEAMS', 'COURSES', 'SITES', name='imagepath'), server_default='USERS', nullable=False),
    sa.Column('alt_text', sa.Text(), nullable=True),
    sa.Column('uploader_id', sa.Uuid(), nullable=True),
    sa.Column('user_id', sa.Uuid(), nullable=True),
    sa.Column('course_id', sa.Uuid(), nullable=True),
    sa.Column('lesson_id', sa.Uuid(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('char_length(alt_text) <= 500', name=op.f('ck_media_alt_text_length')),
    sa.CheckConstraint('char_length(file_key) <= 100', name=op.f('ck_media_file_key_length')),
    sa.CheckConstraint('char_length(mime_type) <= 100', name=op.f('ck_media_mime_type_length')),
    sa.CheckConstraint('char_length(provider) <= 100', name=op.f('ck_media_provider_length')),
    sa.CheckConstraint('char_length(provider_id) <= 200', name=op.f('ck_media_provider_id_length')),
    sa.CheckConstraint('char_length(title) <= 200', name=op.f('ck_media_title_length')),
    sa.CheckConstraint('char_length(url) <= 2048', name=op.f('ck_media_url_length')),
    sa.CheckConstraint('duration >= 0', name=op.f('ck_media_duration')),
    sa.CheckConstraint('isfinite(created_at) AND isfinite(updated_at)', name=op.f('ck_media_finite')),
    sa.CheckConstraint('num_nonnulls(user_id, course_id, lesson_id) <= 1', name=op.f('ck_media_one_owner')),
    sa.CheckConstraint('size >= 0', name=op.f('ck_media_size')),
    sa.ForeignKeyConstraint(['course_id'], ['courses.id'], name=op.f('fk_media_course_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['lesson_id'], ['lessons.id'], name=op.f('fk_media_lesson_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['uploader_id'], ['users.id'], name=op.f('fk_media_uploader_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_media_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_media')),
    sa.UniqueConstraint('file_key', name=op.f('uq_media_file_key')),
    sa.UniqueConstraint('user_id', name=op.f('uq_media_user_id'))
    )
    op.create_index(op.f('ix_media_course_id'), 'media', ['course_id'], unique=False)
    op.create_index(op.f('ix_media_created_at_id'), 'media', ['created_at', 'id'], unique=False)
    op.create_index(op.f('ix_media_lesson_id'), 'media', ['lesson_id'], unique=False)
    op.create_index(op.f('ix_media_provider_created_at_id'), 'media', ['provider', 'created_at', 'id'], unique=False)
    op.create_index(op.f('ix_media_type_created_at_id'), 'media', ['type', 'created_at', 'id'], unique=False)
    op.create_index(op.f('ix_media_uploader_id'), 'media', ['uploader_id'], unique=False)
    op.add_column('users', sa.Column('search_vector', postgresql.TSVECTOR(), sa.Computed("setweight(search_vector(coalesce(name, '')), 'A') || setweight(search_vector(coalesce(username, '')), 'B')", persisted=True), nullable=False))
    op.drop_index(op.f('ix_users_last_login_at'), table_name='users')
    op.drop_index(op.f('ix_users_role_created_at'), table_name='users')
    op.create_index('ix_users_email_words', 'users', [sa.literal_column('search_vector(email)')], unique=False, postgresql_using='gin')
    op.create_index('ix_users_last_login_at_desc', 'users', [sa.literal_column('last_login_at DESC NULLS LAST'), sa.literal_column('id DESC')], unique=False)
    op.create_index(op.f('ix_users_last_login_at_id'), 'users', ['last_login_at', 'id'], unique=False)
    op.create_index(op.f('ix_users_name_id'), 'users', ['name', 'id'], unique=False)
    op.create_index(op.f('ix_users_role_created_at_id'), 'users', ['role', 'created_at', 'id'], unique=False)
    op.create_index(op.f('ix_users_search_vector'), 'users', ['search_vector'], unique=False, postgresql_using='gin')
    op.execute('CREATE TRIGGER touch_updated_at BEFORE UPDATE ON media FOR EACH ROW EXECUTE FUNCTION touch_updated_at()')
    op.execute(FIT)
    for name, condition in CHECKS.items():
        op.create_check_constraint(op.f(f'ck_users_{name}'), 'users', condition)
    op.execute(AN_ADMINISTRATOR_STAYS)
    op.execute(TRIGGER)

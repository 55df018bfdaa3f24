"""words of comments, lessons and repositories; activity by its time

Search finds comments by their words, lessons by their titles, and repositories. What a person did, and what GitHub sent
about an organization, is read along an index.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '1ce91e8e119b'
down_revision = '7b2f0c9a41d6'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('comments', sa.Column('search_vector', postgresql.TSVECTOR(), sa.Computed("setweight(search_vector(coalesce(content, '')), 'A')", persisted=True), nullable=False))
    op.drop_index(op.f('ix_comments_author_id'), table_name='comments')
    op.create_index(op.f('ix_comments_author_id_created_at_id'), 'comments', ['author_id', 'created_at', 'id'], unique=False)
    op.create_index(op.f('ix_comments_search_vector'), 'comments', ['search_vector'], unique=False, postgresql_using='gin')
    op.drop_index(op.f('ix_document_versions_author_id'), table_name='document_versions')
    op.create_index(op.f('ix_document_versions_author_id_created_at_id'), 'document_versions', ['author_id', 'created_at', 'id'], unique=False)
    op.add_column('lessons', sa.Column('search_vector', postgresql.TSVECTOR(), sa.Computed("setweight(search_vector(coalesce(title, '')), 'A')", persisted=True), nullable=False))
    op.create_index(op.f('ix_lessons_search_vector'), 'lessons', ['search_vector'], unique=False, postgresql_using='gin')
    op.add_column('repositories', sa.Column('search_vector', postgresql.TSVECTOR(), sa.Computed("setweight(search_vector(coalesce(full_name, '')), 'A') || setweight(search_vector(coalesce(description, '')), 'B')", persisted=True), nullable=False))
    op.create_index(op.f('ix_repositories_search_vector'), 'repositories', ['search_vector'], unique=False, postgresql_using='gin')
    op.drop_index(op.f('ix_webhook_events_organization_id'), table_name='webhook_events')
    op.create_index(op.f('ix_webhook_events_organization_id_received_at_id'), 'webhook_events', ['organization_id', 'received_at', 'id'], unique=False)

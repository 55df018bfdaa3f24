"""deliveries of an organization"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
revision = '7d1e0c5a94b2'
down_revision = '77edd45ff005'
branch_labels = None
depends_on = None

TIMES = {
    'issues': ('opened_at', 'closed_at', 'deleted_at', 'source_updated_at', 'created_at', 'updated_at'),
    'releases': ('published_at', 'deleted_at', 'source_updated_at', 'created_at', 'updated_at'),
    'repositories': ('pushed_at', 'archived_at', 'last_event_at', 'source_updated_at', 'created_at', 'updated_at'),
    'webhook_events': ('received_at', 'processed_at', 'retry_at', 'parked_at', 'created_at', 'updated_at'),
}


def upgrade() -> None:
    for table, column in (('issues', 'deleted_at'), ('releases', 'deleted_at'), ('repositories', 'pushed_at')):
        op.add_column(table, sa.Column(column, sa.DateTime(timezone=True), nullable=True))
    words = sa.Computed("setweight(search_vector(coalesce(title, '')), 'A')", persisted=True)
    op.add_column('issues', sa.Column('search_vector', postgresql.TSVECTOR(), words, nullable=False))
    op.create_index(op.f('ix_issues_search_vector'), 'issues', ['search_vector'], unique=False, postgresql_using='gin')
    columns = ['author_id', 'repository_id', 'opened_at', 'id']
    op.create_index(op.f('ix_issues_author_id_repository_id_opened_at_id'), 'issues', columns, unique=False)
    for column in ('first_number', 'last_number'):
        op.add_column('repositories', sa.Column(column, sa.Integer(), nullable=True))
    for column in ('retry_at', 'parked_at'):
        op.add_column('webhook_events', sa.Column(column, sa.DateTime(timezone=True), nullable=True))
    parked = sa.Computed('parked_at IS NOT NULL', persisted=True)
    op.add_column('webhook_events', sa.Column('is_parked', sa.Boolean(), parked, nullable=False))
    op.drop_index('ix_webhook_events_waiting', 'webhook_events')
    waiting = sa.text('NOT is_processed')
    op.create_index(
        'ix_webhook_events_waiting', 'webhook_events', ['repository_id', 'id'], unique=False, postgresql_where=waiting
    )
    ref, is_push = sa.text("(payload ->> 'ref')"), sa.text("event = 'push'")
    op.create_index(
        'ix_webhook_events_pushes', 'webhook_events', ['repository_id', ref], unique=False, postgresql_where=is_push
    )
    op.drop_constraint(op.f('uq_repositories_github_id'), 'repositories')
    columns = ['organization_id', 'github_id']
    op.create_unique_constraint(op.f('uq_repositories_organization_id_github_id'), 'repositories', columns)
    for table in ('pull_requests', 'issues', 'pull_request_reviews'):
        op.drop_constraint(op.f(f'uq_{table}_github_id'), table)
    columns = ['pull_request_id', 'github_id']
    op.create_unique_constraint(op.f('uq_pull_request_reviews_pull_request_id_github_id'), 'pull_request_reviews', columns)
    op.add_column('webhook_deliveries', sa.Column('organization_id', sa.Uuid(), nullable=True))
    op.execute(
        'UPDATE webhook_deliveries AS delivery SET organization_id = event.organization_id'
        ' FROM webhook_events AS event WHERE event.id = delivery.id'
    )
    op.execute('DELETE FROM webhook_deliveries WHERE organization_id IS NULL')
    op.alter_column('webhook_deliveries', 'organization_id', nullable=False)
    op.create_foreign_key(
        op.f('fk_webhook_deliveries_organization_id'), 'webhook_deliveries', 'organizations', ['organization_id'], ['id'],
        ondelete='CASCADE',
    )
    op.drop_constraint(op.f('uq_webhook_deliveries_delivery_id'), 'webhook_deliveries')
    columns = ['organization_id', 'delivery_id']
    op.create_unique_constraint(op.f('uq_webhook_deliveries_organization_id_delivery_id'), 'webhook_deliveries', columns)
    for table, times in TIMES.items():
        op.drop_constraint(op.f(f'ck_{table}_finite'), table)
        finite = ' AND '.join(f'isfinite({column})' for column in times)
        op.create_check_constraint(op.f(f'ck_{table}_finite'), table, finite)

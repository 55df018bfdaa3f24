"""what was approved says when and by whom"""

import sqlalchemy as sa
from alembic import op

revision = '94faaa956ba8'
down_revision = '09955fe4add4'
branch_labels = None
depends_on = None

APPROVED = (
    'ALTER TABLE specification_documents DISABLE TRIGGER touch_updated_at',
    "UPDATE specification_documents SET approved_at = updated_at WHERE status = 'APPROVED'",
    'ALTER TABLE specification_documents ENABLE TRIGGER touch_updated_at',
)
"""A document that was approved before was so no later than it last changed; by whom nobody knows."""


def upgrade() -> None:
    op.add_column('specification_documents', sa.Column('approved_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('specification_documents', sa.Column('approved_by_id', sa.Uuid(), nullable=True))
    op.create_index(op.f('ix_specification_documents_approved_by_id'), 'specification_documents', ['approved_by_id'], unique=False)
    op.create_foreign_key(op.f('fk_specification_documents_approved_by_id'), 'specification_documents', 'users', ['approved_by_id'], ['id'], ondelete='SET NULL')
    op.drop_constraint(op.f('ck_specification_documents_finite'), 'specification_documents')
    op.create_check_constraint(op.f('ck_specification_documents_finite'), 'specification_documents', 'isfinite(approved_at) AND isfinite(created_at) AND isfinite(updated_at)')
    for statement in APPROVED:
        op.execute(statement)
    op.create_check_constraint(op.f('ck_specification_documents_approved'), 'specification_documents', "(status = 'APPROVED') = (approved_at IS NOT NULL)")
    op.create_check_constraint(op.f('ck_specification_projects_settings_size'), 'specification_projects', 'octet_length(settings::text) <= 16384')

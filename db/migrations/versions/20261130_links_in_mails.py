"""links in mails; a username is one whatever the case of its letters"""

import sqlalchemy as sa
from alembic import op

revision = '51431d4f58ba'
down_revision = '9d3b5e7a1c48'
branch_labels = None
depends_on = None

ONE_EACH = """
UPDATE users SET username = NULL
WHERE EXISTS (SELECT FROM users AS first WHERE lower(first.username) = lower(users.username) AND first.id < users.id)"""
"""Of usernames that differ in the case of letters only, the oldest stays."""


def upgrade() -> None:
    op.create_table('verification_tokens',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('identifier', sa.Text(), nullable=False),
    sa.Column('purpose', sa.Enum('VERIFY_EMAIL', 'CHANGE_EMAIL', 'RESET_PASSWORD', 'MAGIC_LINK', name='verificationpurpose'), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=True),
    sa.Column('payer_hash', sa.LargeBinary(), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('char_length(identifier) <= 254', name=op.f('ck_verification_tokens_identifier_length')),
    sa.CheckConstraint('isfinite(expires_at) AND isfinite(used_at) AND isfinite(created_at) AND isfinite(updated_at)', name=op.f('ck_verification_tokens_finite')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_verification_tokens_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_verification_tokens')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_verification_tokens_token_hash'))
    )
    op.create_index(op.f('ix_verification_tokens_expires_at'), 'verification_tokens', ['expires_at'], unique=False)
    op.create_index(op.f('ix_verification_tokens_identifier_created_at'), 'verification_tokens', ['identifier', 'created_at'], unique=False)
    op.create_index(op.f('ix_verification_tokens_payer_hash_created_at'), 'verification_tokens', ['payer_hash', 'created_at'], unique=False)
    op.create_index(op.f('ix_verification_tokens_user_id'), 'verification_tokens', ['user_id'], unique=False)
    op.execute('CREATE TRIGGER touch_updated_at BEFORE UPDATE ON verification_tokens FOR EACH ROW EXECUTE FUNCTION touch_updated_at()')
    op.execute(ONE_EACH)
    op.drop_constraint(op.f('uq_users_username'), 'users', type_='unique')
    op.create_index('uq_users_username_lower', 'users', [sa.literal_column('lower(username)')], unique=True, postgresql_where=None)

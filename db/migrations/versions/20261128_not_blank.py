"""not blank

A text that must not be empty has a character that is no space. What has none, from writers other than the graph, becomes
a hyphen.
"""

from alembic import op

revision = '5d0c2f6e8a13'
down_revision = 'c5d1f0a8e3b7'
branch_labels = None
depends_on = None

TEXTS = (('specification_projects', 'name'), ('comments', 'content'))


def upgrade() -> None:
    for table, column in TEXTS:
        is_filled = f"{column} COLLATE pg_catalog.pg_c_utf8 ~ '[^[:space:]]'"
        op.drop_constraint(op.f(f'ck_{table}_{column}'), table)
        op.execute(f"UPDATE {table} SET {column} = '-' WHERE NOT ({is_filled})")
        op.create_check_constraint(op.f(f'ck_{table}_{column}'), table, is_filled)

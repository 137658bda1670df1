"""Leases: who holds what now. They are no facts, so they lie beside the chain."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_plain = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "ledger_leases",
        sa.Column("project", _plain, nullable=False),
        sa.Column("name", _plain, nullable=False),
        sa.Column("lease", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project", "name"),
    )

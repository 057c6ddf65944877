"""A refund that the bank sent back is no refund: when it was undone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("refunds", sa.Column("undone_at", sa.BigInteger(), nullable=True))

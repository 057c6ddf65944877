"""What delivery needs: formats and tastes made in the background, torrents, mirrors, places of files, lost links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# Who took a work without paying after having begun to pay is known by elimination: neither a payment that came in nor
# one that was promised gave them the files.
TAKEN_FREE = """
UPDATE orders SET first_door = door, door = 'cant_pay'
WHERE door = 'pay' AND state = 'granted' AND NOT EXISTS (
  SELECT 1 FROM payments
  WHERE payments.order_id = orders.id
  AND (payments.settled_at = orders.granted_at OR payments.created_at = orders.granted_at)
)
"""


def upgrade() -> None:
    op.create_table(
        "makings",
        sa.Column("id", ID, nullable=False),
        sa.Column("edition_id", ID, nullable=False),
        sa.Column("file_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("beat_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_makings_edition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_makings")),
        sa.UniqueConstraint("edition_id", "file_id", "recipe", name=op.f("uq_makings_edition_id_file_id_recipe")),
    )
    op.create_index(op.f("ix_makings_state_due_at"), "makings", ["state", "due_at"], unique=False)
    op.create_table(
        "torrents",
        sa.Column("edition_id", ID, autoincrement=False, nullable=False),
        sa.Column("info_sha256", sa.Text(), nullable=False),
        sa.Column("infohash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_torrents_edition_id")),
        sa.ForeignKeyConstraint(["info_sha256"], ["blobs.sha256"], name=op.f("fk_torrents_info_sha256")),
        sa.PrimaryKeyConstraint("edition_id", name=op.f("pk_torrents")),
    )
    op.create_table(
        "mirrors",
        sa.Column("id", ID, nullable=False),
        sa.Column("work_id", ID, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), server_default="unchecked", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("checked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["work_id"], ["works.id"], name=op.f("fk_mirrors_work_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mirrors")),
        sa.UniqueConstraint("work_id", "address", name=op.f("uq_mirrors_work_id_address")),
    )
    op.create_table(
        "copy_visits",
        sa.Column("id", ID, nullable=False),
        sa.Column("edition_id", ID, nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_copy_visits_edition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_copy_visits")),
        sa.UniqueConstraint("edition_id", "day", name=op.f("uq_copy_visits_edition_id_day")),
    )
    op.create_table(
        "fetches",
        sa.Column("id", ID, nullable=False),
        sa.Column("work_id", ID, nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["work_id"], ["works.id"], name=op.f("fk_fetches_work_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fetches")),
        sa.UniqueConstraint("work_id", "day", name=op.f("uq_fetches_work_id_day")),
    )
    op.create_table(
        "lost_links",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_lost_links")),
    )
    op.create_index(op.f("ix_lost_links_email"), "lost_links", ["email"], unique=False)
    for name in ("formats", "taste", "colophon"):
        op.add_column("works", sa.Column(name, sa.Text(), server_default="", nullable=False))
    for name in ("given", "recipe", "details"):
        op.add_column("files", sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.add_column("files", sa.Column("made_from", sa.BigInteger(), nullable=True))
    op.add_column("payments", sa.Column("late_at", sa.BigInteger(), nullable=True))
    has_one = sa.text("late_at IS NOT NULL")
    op.create_index(
        op.f("ix_payments_late_at"), "payments", ["late_at"], sqlite_where=has_one, postgresql_where=has_one
    )
    # what came before is looked at once, a month after it was paid: what is older, now
    op.execute("UPDATE payments SET late_at = settled_at + 2592000000000 WHERE state = 'paid' AND till = 'stripe'")
    op.add_column("uploads", sa.Column("findings", sa.Text(), server_default="", nullable=False))
    op.add_column("blobs", sa.Column("place", sa.Text(), server_default="local", nullable=False))
    op.add_column("blobs", sa.Column("checked_at", sa.BigInteger(), nullable=True))
    op.add_column("blobs", sa.Column("fault", sa.Text(), server_default="", nullable=False))
    op.add_column("blobs", sa.Column("tag", sa.Text(), server_default="", nullable=False))
    op.add_column("blobs", sa.Column("moved_at", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_blobs_checked_at"), "blobs", ["checked_at"], unique=False)
    for name in ("creators", "studio_sessions"):
        op.add_column(name, sa.Column("wrong_tries", sa.BigInteger(), server_default="0", nullable=False))
        op.add_column(name, sa.Column("wrong_since", sa.BigInteger(), nullable=True))
    op.create_table(
        "extra_fees",
        sa.Column("id", ID, nullable=False),
        sa.Column("payment_id", ID, nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_extra_fees_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extra_fees")),
        sa.UniqueConstraint("payment_id", "external_id", name=op.f("uq_extra_fees_payment_id_external_id")),
    )
    op.add_column("refunds", sa.Column("kind", sa.Text(), server_default="", nullable=False))
    op.add_column("orders", sa.Column("first_door", sa.Text(), server_default="", nullable=False))
    op.execute(TAKEN_FREE)

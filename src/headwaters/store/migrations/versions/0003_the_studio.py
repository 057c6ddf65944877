"""What the Studio needs: people and passkeys, drafts and uploads, collections, threads, counts, an audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("creator_id", sa.BigInteger(), nullable=True),
        sa.Column("deed", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("details", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index(op.f("ix_audit_log_at"), "audit_log", ["at"], unique=False)
    op.create_table(
        "collections",
        sa.Column("id", ID, nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collections")),
        sa.UniqueConstraint("slug", name=op.f("uq_collections_slug")),
    )
    op.create_table(
        "drafts",
        sa.Column("id", ID, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("work_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("publish_at", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("creator_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
        sa.UniqueConstraint("ref", name=op.f("uq_drafts_ref")),
    )
    op.create_index(op.f("ix_drafts_state_publish_at"), "drafts", ["state", "publish_at"], unique=False)
    op.create_table(
        "passkey_challenges",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("creator_id", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_passkey_challenges")),
    )
    op.create_table(
        "saved_answers",
        sa.Column("id", ID, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_answers")),
        sa.UniqueConstraint("title", name=op.f("uq_saved_answers_title")),
    )
    op.create_table(
        "assets",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.BigInteger(), nullable=False),
        sa.Column("height", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"], name=op.f("fk_assets_sha256")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_assets")),
    )
    op.create_table(
        "collection_works",
        sa.Column("id", ID, nullable=False),
        sa.Column("collection_id", ID, nullable=False),
        sa.Column("work_id", ID, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["collection_id"], ["collections.id"], name=op.f("fk_collection_works_collection_id")),
        sa.ForeignKeyConstraint(["work_id"], ["works.id"], name=op.f("fk_collection_works_work_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection_works")),
        sa.UniqueConstraint("collection_id", "work_id", name=op.f("uq_collection_works_collection_id_work_id")),
    )
    op.create_index(op.f("ix_collection_works_work_id"), "collection_works", ["work_id"], unique=False)
    op.create_table(
        "passkeys",
        sa.Column("id", ID, nullable=False),
        sa.Column("creator_id", ID, nullable=False),
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_passkeys_creator_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
    )
    op.create_index(op.f("ix_passkeys_creator_id"), "passkeys", ["creator_id"], unique=False)
    op.create_table(
        "threads",
        sa.Column("order_id", ID, autoincrement=False, nullable=False),
        sa.Column("archived_at", sa.BigInteger(), nullable=True),
        sa.Column("blocked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_threads_order_id")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_threads")),
    )
    op.create_table(
        "uploads",
        sa.Column("id", ID, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("draft_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), server_default="", nullable=False),
        sa.Column("label", sa.Text(), server_default="", nullable=False),
        sa.Column("position", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), server_default="", nullable=False),
        sa.Column("media_type", sa.Text(), server_default="", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("stamp", sa.Text(), server_default="", nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["drafts.id"], name=op.f("fk_uploads_draft_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        sa.UniqueConstraint("ref", name=op.f("uq_uploads_ref")),
    )
    op.create_index(op.f("ix_uploads_draft_id_position"), "uploads", ["draft_id", "position"], unique=False)
    op.create_table(
        "visits",
        sa.Column("id", ID, nullable=False),
        sa.Column("work_id", ID, nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("came_from", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["work_id"], ["works.id"], name=op.f("fk_visits_work_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
        sa.UniqueConstraint("work_id", "day", "came_from", name=op.f("uq_visits_work_id_day_came_from")),
    )
    op.create_table(
        "downloads",
        sa.Column("id", ID, nullable=False),
        sa.Column("grant_id", ID, nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_downloads_grant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_downloads")),
        sa.UniqueConstraint("grant_id", "day", name=op.f("uq_downloads_grant_id_day")),
    )
    op.add_column("creators", sa.Column("kind", sa.Text(), server_default="creator", nullable=False))
    op.add_column("creators", sa.Column("may", sa.Text(), server_default="", nullable=False))
    op.add_column("creators", sa.Column("ended_at", sa.BigInteger(), nullable=True))
    op.add_column("editions", sa.Column("changes", sa.Text(), server_default="", nullable=False))
    op.add_column("orders", sa.Column("country", sa.Text(), nullable=True))
    op.add_column("orders", sa.Column("note", sa.Text(), server_default="", nullable=False))
    op.add_column("studio_sessions", sa.Column("way", sa.Text(), server_default="link", nullable=False))
    op.add_column("studio_sessions", sa.Column("label", sa.Text(), server_default="", nullable=False))
    op.add_column("studio_sessions", sa.Column("seen_at", sa.BigInteger(), nullable=True))
    op.add_column("works", sa.Column("position", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("works", sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False))
    op.execute(
        "UPDATE settings SET value = CASE value WHEN 'on' THEN 'each' ELSE 'never' END"
        " WHERE key IN ('notify_orders', 'notify_letters') AND value IN ('on', 'off')"
    )
    came = sa.text("settled_at IS NOT NULL")
    op.create_index(
        op.f("ix_payments_settled_at"),
        "payments",
        ["settled_at"],
        unique=False,
        sqlite_where=came,
        postgresql_where=came,
    )

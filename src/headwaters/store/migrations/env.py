"""Alembic's entry: runs the revisions on the connection that store/schema.py hands over, in its transaction."""

from __future__ import annotations

from alembic import context

from headwaters.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a table by making it anew
)
context.run_migrations()

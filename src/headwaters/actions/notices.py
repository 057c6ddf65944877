"""Verbs of the creator's own notices: where they go, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from headwaters.actions.shop import change_settings
from headwaters.core.errors import Code, Refused
from headwaters.core.letters import clean_address
from headwaters.store.db import Connection

NOTICE_KEYS = ("notify_email", "notify_orders", "notify_letters", "notify_hour")


def change_notices(conn: Connection, changes: Mapping[str, str]) -> dict[str, str] | Literal[False]:
    """Change some of NOTICE_KEYS, all or none; what changed, or False for nothing.

    Raises Refused(EMAIL_INVALID | SETTING_INVALID) naming the key as the field.
    """
    if not set(changes) <= set(NOTICE_KEYS):
        raise ValueError("not a setting of notices")
    try:
        clean_address(changes.get("notify_email", ""))
    except Refused as refused:
        raise Refused(Code.EMAIL_INVALID, refused.message, field="notify_email") from None
    return change_settings(conn, changes) or False

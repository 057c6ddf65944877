"""Every table. Integers, text and nothing else; times are microseconds since 1970 (core.clock).

"Only once" is a unique constraint here, or a conditional UPDATE in the queries beside. A published
file is never written to; an order, payment, refund, letter or ledger entry is never deleted.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, MetaData, Table, Text
from sqlalchemy import UniqueConstraint as Unique

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    },
)

_Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only in an INTEGER key


def _id() -> Column[int]:
    return Column("id", _Id, primary_key=True)


def _int(name: str, default: int | None = None) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=None if default is None else str(default))


def _maybe_int(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=True)


def _text(name: str, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


def _maybe_text(name: str) -> Column[str]:
    return Column(name, Text, nullable=True)


def _to(name: str, target: str) -> Column[int]:
    return Column(name, _Id, ForeignKey(f"{target}.id"), nullable=False)


# ── shop ─────────────────────────────────────────────────────────────────────────────────────────

settings = Table("settings", metadata, Column("key", Text, primary_key=True), _text("value"))

# one row: raised by whatever changes a public page, in any process
catalogue = Table("catalogue", metadata, _id(), _int("version"))

creators = Table("creators", metadata, _id(), _text("name"), _maybe_text("password"), _int("created_at"))

signin_links = Table(
    "signin_links",
    metadata,
    Column("digest", Text, primary_key=True),  # SHA-256 of the secret in the link
    _to("creator_id", "creators"),
    _int("created_at"),
    _int("expires_at"),
    _maybe_int("used_at"),
)

studio_sessions = Table(
    "studio_sessions",
    metadata,
    Column("digest", Text, primary_key=True),  # SHA-256 of the cookie
    _to("creator_id", "creators"),
    _int("created_at"),
    _int("expires_at"),
    _maybe_int("ended_at"),
)

reports = Table(
    "reports",
    metadata,
    _id(),
    Column("token", Text, nullable=False, unique=True),
    Column("reference", Text, nullable=False, unique=True),
    Column("nonce", Text, nullable=False, unique=True),
    _text("address"),  # what it is about: a page or a work, as the reporter wrote it
    _text("body"),
    _maybe_text("email"),
    _text("state"),  # open, answered, closed
    _int("created_at"),
)

report_log = Table(
    "report_log",
    metadata,
    _id(),
    _to("report_id", "reports"),
    _text("author"),  # reporter, creator
    _text("body"),
    _int("created_at"),
    Index(None, "report_id"),
)

# ── works ────────────────────────────────────────────────────────────────────────────────────────

works = Table(
    "works",
    metadata,
    _id(),
    Column("slug", Text, nullable=False, unique=True),
    _text("source"),  # where it was published from; the same slug from elsewhere is refused
    _text("state"),  # published, retired, withheld
    _text("title"),
    _text("by_line"),
    _text("kind"),
    _text("language"),
    _maybe_int("year"),
    _text("words"),
    _text("description"),
    _text("licence"),
    _text("currency"),
    _int("price_minor"),
    _int("minimum_minor"),
    _text("doors"),  # the open ones, joined by commas
    _text("cover_alt"),
    _text("note"),  # why it is withheld, for the page
    _int("created_at"),
    _int("changed_at"),
    CheckConstraint("price_minor >= 0 AND minimum_minor >= 0", name="money"),
)

editions = Table(
    "editions",
    metadata,
    _id(),
    _to("work_id", "works"),
    _int("number"),
    _text("fingerprint"),
    _text("rights"),  # own, licensed, public-domain
    _text("rights_text"),  # the version of the declaration's text
    _int("rights_at"),
    _int("published_at"),
    Unique("work_id", "number"),
)

blobs = Table(
    "blobs",
    metadata,
    Column("sha256", Text, primary_key=True),
    _int("crc32"),
    _int("size"),
    _text("keep"),  # copy, link
    _maybe_int("inode"),
    _maybe_int("mtime_ns"),
    _maybe_int("ctime_ns"),
    _int("created_at"),
)

files = Table(
    "files",
    metadata,
    _id(),
    _to("edition_id", "editions"),
    Column("ref", Text, nullable=False, unique=True),  # the file id of addresses
    _int("position"),
    _text("role"),  # work, sample, cover (as given), art (made from the cover)
    _text("name"),
    _text("label"),
    _text("media_type"),
    Column("sha256", Text, ForeignKey("blobs.sha256"), nullable=False),
    _int("size"),
    _maybe_int("seconds_micros"),
    _maybe_int("width"),
    _maybe_int("height"),
    Index(None, "edition_id", "position"),
)

# ── sales ────────────────────────────────────────────────────────────────────────────────────────

orders = Table(
    "orders",
    metadata,
    _id(),
    Column("token", Text, nullable=False, unique=True),
    Column("nonce", Text, nullable=False, unique=True),
    _text("door"),
    _text("came_from"),
    _text("state"),
    _text("currency"),
    _int("amount_minor"),
    _maybe_text("email"),
    _int("created_at"),
    _maybe_int("granted_at"),
    _maybe_int("expires_at"),
    _maybe_int("withdrawn_at"),
    Index(None, "created_at"),
    Index(None, "email"),
)

order_lines = Table(
    "order_lines",
    metadata,
    _id(),
    _to("order_id", "orders"),
    _to("work_id", "works"),
    _int("amount_minor"),
    Unique("order_id", "work_id"),
    Index(None, "work_id"),
)

payments = Table(
    "payments",
    metadata,
    _id(),
    _to("order_id", "orders"),
    Column("nonce", Text, nullable=False, unique=True),
    Column("reference", Text, nullable=False, unique=True),
    _text("till"),
    _text("mode"),
    _text("state"),
    _text("currency"),
    _int("amount_minor"),
    _maybe_int("fee_minor"),
    _maybe_text("session_id"),
    _maybe_text("external_id"),
    _maybe_text("url"),
    _int("created_at"),
    _int("expires_at"),
    _maybe_int("settled_at"),
    _int("checks", 0),
    _maybe_int("check_at"),  # when the sweep looks next; NULL: not any more
    Unique("till", "session_id"),
    Index(None, "order_id"),
    Index(None, "check_at"),
    Index(None, "till", "external_id"),
    CheckConstraint("amount_minor > 0", name="amount"),
)

refunds = Table(
    "refunds",
    metadata,
    _id(),
    _to("payment_id", "payments"),
    _text("external_id"),
    _text("currency"),
    _int("amount_minor"),
    _int("created_at"),
    _maybe_int("undone_at"),  # the bank sent it back: the money never went
    Unique("payment_id", "external_id"),
    CheckConstraint("amount_minor > 0", name="amount"),
)

payment_events = Table(
    "payment_events",
    metadata,
    _id(),
    _text("till"),
    _text("event_id"),
    _text("type"),
    _maybe_text("reference"),
    _text("outcome"),  # handled, ignored, mismatch
    _text("body_sha256"),
    _int("received_at"),
    Unique("till", "event_id"),
)

ledger_entries = Table(
    "ledger_entries",
    metadata,
    _id(),
    Column("key", Text, nullable=False, unique=True),  # payment:<id>, fee:<id>, refund:<id>, undone:<id>
    _to("order_id", "orders"),
    _text("kind"),
    _int("at"),
    Index(None, "order_id"),
)

ledger_postings = Table(
    "ledger_postings",
    metadata,
    _id(),
    _to("entry_id", "ledger_entries"),
    _text("account"),
    _text("currency"),
    _int("amount_minor"),  # debit positive, credit negative; an entry sums to zero per currency
    Index(None, "entry_id"),
    Index(None, "account"),
)

# ── shelf ────────────────────────────────────────────────────────────────────────────────────────

grants = Table(
    "grants",
    metadata,
    _id(),
    _to("order_id", "orders"),
    _to("work_id", "works"),
    Column("key", Text, nullable=False, unique=True),
    _int("created_at"),
    Unique("order_id", "work_id"),
)

# ── letters and mail ─────────────────────────────────────────────────────────────────────────────

letters = Table(
    "letters",
    metadata,
    _id(),
    Column("ref", Text, nullable=False, unique=True),
    Column("nonce", Text, nullable=False, unique=True),
    _to("order_id", "orders"),
    _text("author"),  # reader, creator
    _text("body"),
    _int("wants_mail", 0),
    _int("created_at"),
    _maybe_int("read_at"),
    Index(None, "order_id"),
    Index(None, "created_at"),
)

outbox = Table(
    "outbox",
    metadata,
    _id(),
    Column("key", Text, nullable=False, unique=True),  # what may happen only once
    _text("kind"),
    _text("payload"),  # JSON
    _text("state"),  # waiting, done, given_up
    _int("attempts", 0),
    _int("created_at"),
    _int("due_at"),
    _maybe_int("done_at"),
    _text("error", ""),
    Index(None, "state", "due_at"),
)

mail_refusals = Table("mail_refusals", metadata, Column("digest", Text, primary_key=True), _int("created_at"))

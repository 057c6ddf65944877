"""Every table. Integers, text and nothing else; times are microseconds since 1970 (core.clock).

"Only once" is a unique constraint here, or a conditional UPDATE in the queries beside. A published
file is never written to; an order, payment, refund, letter or ledger entry is never deleted.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, MetaData, Table, Text, text
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

# who may sign in to the Studio
creators = Table(
    "creators",
    metadata,
    _id(),
    _text("name"),
    _text("kind", "creator"),  # creator: everything; contributor: what `may` says
    _text("may", ""),  # a contributor's rights (core.people), joined by commas
    _maybe_text("password"),
    _int("wrong_tries", 0),  # wrong passwords since the last good sign-in, and since when
    _maybe_int("wrong_since"),
    _int("created_at"),
    _maybe_int("ended_at"),  # since when they may not any more
)

passkeys = Table(
    "passkeys",
    metadata,
    _id(),
    _to("creator_id", "creators"),
    Column("credential_id", Text, nullable=False, unique=True),  # base64url, as all of WebAuthn
    _text("public_key"),  # COSE, base64url
    _int("sign_count"),
    _text("transports", ""),  # joined by commas
    _text("name"),  # as its owner calls it
    _int("created_at"),
    _maybe_int("used_at"),
    Index(None, "creator_id"),
)

passkey_challenges = Table(
    "passkey_challenges",
    metadata,
    Column("digest", Text, primary_key=True),  # SHA-256 of the challenge
    _text("purpose"),  # add, sign_in
    _maybe_int("creator_id"),  # whose key is added
    _int("expires_at"),
    _maybe_int("used_at"),
)

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
    _text("way", "link"),  # how they signed in: link, password, passkey
    _text("label", ""),  # the passkey's name
    _int("wrong_tries", 0),  # wrong passwords before it began, and since when
    _maybe_int("wrong_since"),
    _int("created_at"),
    _maybe_int("seen_at"),  # the last visit, to the hour
    _int("expires_at"),
    _maybe_int("ended_at"),
)

# who did what in the Studio or on the shop's machine; written in the transaction of what was done
audit_log = Table(
    "audit_log",
    metadata,
    _id(),
    _int("at"),
    _maybe_int("creator_id"),  # none: whoever works on the shop's machine
    _text("deed"),  # core.deeds
    _text("subject", ""),  # what it was done to: work:high-water, order:31
    _text("details", ""),  # JSON: what changed, never a secret
    Index(None, "at"),
)

# pictures of the shop itself, by what they are for: logo
assets = Table(
    "assets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("sha256", Text, ForeignKey("blobs.sha256"), nullable=False),
    _text("media_type"),
    _int("size"),
    _int("width"),
    _int("height"),
    _int("created_at"),
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
    _int("position", 0),  # on the first page: smaller first, then newer first
    _int("revision", 0),  # raised with each change of its words, so that of two editors the second is told
    _text("formats", ""),  # which formats are made of it (core.works.recipes); empty: the shop's usual ones
    _text("taste", ""),  # how much of it can be tried on its page; empty: the shop's usual
    _text("colophon", ""),  # whether its files say where they come from: on, off; empty: the shop's usual
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
    _text("changes", ""),  # what is new in it, in the creator's words, for who has the work
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
    _text("place", "local"),  # the storage that has it: local, s3
    _maybe_int("checked_at"),  # when all of it was read last and had this SHA-256
    _text("fault", ""),  # missing, changed: what the last look at it found
    _text("tag", ""),  # what the storage said it was when it was kept there (S3: its ETag)
    _maybe_int("moved_at"),  # when it came to its place from another, where its bytes stay for a while
    Index(None, "checked_at"),
)

files = Table(
    "files",
    metadata,
    _id(),
    _to("edition_id", "editions"),
    Column("ref", Text, nullable=False, unique=True),  # the file id of addresses
    _int("position"),
    _text("role"),  # work, sample, cover (as given); art (from the cover), made (a format), taste (to try): by the shop
    _text("name"),
    _text("label"),
    _text("media_type"),
    Column("sha256", Text, ForeignKey("blobs.sha256"), nullable=False),
    _int("size"),
    _maybe_int("seconds_micros"),
    _maybe_int("width"),
    _maybe_int("height"),
    _text("given", ""),  # SHA-256 of the creator's file, where the shop wrote a colophon into its copy
    _maybe_int("made_from"),  # the file that it was made from, for made and taste
    _text("recipe", ""),  # how it was made (core.works.recipes)
    _text("details", ""),  # JSON: what a player wants to know, such as chapters or the shape of a sound
    Index(None, "edition_id", "position"),
)

# what the shop makes of an edition in the background: formats, tastes, torrents; one at a time
makings = Table(
    "makings",
    metadata,
    _id(),
    _to("edition_id", "editions"),
    _int("file_id", 0),  # the file it is made from; 0: from the edition as a whole
    _text("recipe"),
    _text("state"),  # core.works.makings: waiting, making, made, failed, skipped
    _int("done", 0),  # in thousandths
    _int("attempts", 0),
    _text("error", ""),  # why it failed or was skipped, in words
    _int("due_at"),
    _maybe_int("beat_at"),  # the last sign of life of whoever makes it
    _int("created_at"),
    _int("changed_at"),
    Unique("edition_id", "file_id", "recipe"),
    Index(None, "state", "due_at"),
)

# the BitTorrent v1 metainfo of an edition; what a client asks for it by
torrents = Table(
    "torrents",
    metadata,
    Column("edition_id", _Id, ForeignKey("editions.id"), primary_key=True, autoincrement=False),
    Column("info_sha256", Text, ForeignKey("blobs.sha256"), nullable=False),  # the bencoded info dictionary
    _text("infohash"),  # its SHA-1, 40 hex digits; editions with the same files share it
    _int("created_at"),
)

# other hosts that have the files of a work under their names, as the creator says
mirrors = Table(
    "mirrors",
    metadata,
    _id(),
    _to("work_id", "works"),
    _text("address"),  # to which a file's name is added
    _int("position", 0),
    _text("state", "unchecked"),  # unchecked, good, bad
    _text("error", ""),  # what was wrong with it, in words
    _int("created_at"),
    _maybe_int("checked_at"),
    Unique("work_id", "address"),
)

# a work, or a new edition of one, before it is published
drafts = Table(
    "drafts",
    metadata,
    _id(),
    Column("ref", Text, nullable=False, unique=True),
    _maybe_int("work_id"),  # the work whose new edition it is
    _text("state"),  # core.works.drafts
    _text("form"),  # JSON: the fields as they were typed
    _int("revision", 0),  # raised with each change, so that of two editors the second is told
    _maybe_int("publish_at"),  # the day that was chosen; none: when somebody says so
    _text("error", ""),  # why publishing it on its day failed, in words
    _maybe_int("creator_id"),
    _int("created_at"),
    _int("changed_at"),
    Index(None, "state", "publish_at"),
)

# a file on its way, or here, for a draft; its bytes are in the shop's folder until the draft is published
uploads = Table(
    "uploads",
    metadata,
    _id(),
    Column("ref", Text, nullable=False, unique=True),
    _to("draft_id", "drafts"),
    _text("name"),
    _text("role", ""),  # work, sample, cover; empty: by its name
    _text("label", ""),
    _int("position", 0),
    _int("size"),  # bytes, as announced
    _int("done", 0),  # bytes that are here
    _text("state"),  # coming, checking, here, refused
    _text("sha256", ""),  # of the whole, once it is here
    _text("media_type", ""),
    _text("error", ""),  # why it was refused, in words
    _text("findings", ""),  # JSON: what it tells of its maker that may not be meant to be published
    _text("stamp", ""),  # what tells the same file when it is chosen again: its sender's date, or a server's witness
    _maybe_text("origin"),  # a path of the server, where it was picked there instead of sent
    _int("created_at"),
    _int("changed_at"),
    Index(None, "draft_id", "position"),
)

# a series, an album, a shelf of works that belong together
collections = Table(
    "collections",
    metadata,
    _id(),
    Column("slug", Text, nullable=False, unique=True),
    _text("title"),
    _text("words", ""),
    _text("state"),  # published, retired
    _int("position", 0),
    _int("revision", 0),
    _int("created_at"),
    _int("changed_at"),
)

collection_works = Table(
    "collection_works",
    metadata,
    _id(),
    _to("collection_id", "collections"),
    _to("work_id", "works"),
    _int("position"),
    Unique("collection_id", "work_id"),
    Index(None, "work_id"),
)

# visits of a work's page, a day: how many, and by which word in the link; nothing about who
visits = Table(
    "visits",
    metadata,
    _id(),
    _to("work_id", "works"),
    _int("day"),  # days since 1970, UTC
    _text("came_from"),
    _int("count"),
    Unique("work_id", "day", "came_from"),
)

# visits that a copy's colophon brought, an edition and a day: how many, and nothing about whose copy
copy_visits = Table(
    "copy_visits",
    metadata,
    _id(),
    _to("edition_id", "editions"),
    _int("day"),  # days since 1970, UTC
    _int("count"),
    Unique("edition_id", "day"),
)

# ── sales ────────────────────────────────────────────────────────────────────────────────────────

orders = Table(
    "orders",
    metadata,
    _id(),
    Column("token", Text, nullable=False, unique=True),
    Column("nonce", Text, nullable=False, unique=True),
    _text("door"),  # the one that it counts for
    _text("first_door", ""),  # the one that it began with, where that is another
    _text("came_from"),
    _text("state"),
    _text("currency"),
    _int("amount_minor"),
    _maybe_text("email"),
    _maybe_text("country"),  # ISO 3166-1 alpha-2, only where the reader said it
    _text("note", ""),  # the creator's own, about this order
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
    _maybe_int("late_at"),  # when a paid one is looked at once more; NULL: not any more
    Unique("till", "session_id"),
    Index(None, "order_id"),
    Index(None, "check_at"),
    Index(None, "till", "external_id"),
    Index(
        None, "settled_at", sqlite_where=text("settled_at IS NOT NULL"), postgresql_where=text("settled_at IS NOT NULL")
    ),
    Index(None, "late_at", sqlite_where=text("late_at IS NOT NULL"), postgresql_where=text("late_at IS NOT NULL")),
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
    _maybe_int("undone_at"),  # the bank sent it back: the money never went; of a dispute: it was won
    _text("kind", ""),  # dispute: the reader's bank took it back
    Unique("payment_id", "external_id"),
    CheckConstraint("amount_minor > 0", name="amount"),
)

# what a till took for a payment besides its fee, such as for a dispute; below zero: what came back of that
extra_fees = Table(
    "extra_fees",
    metadata,
    _id(),
    _to("payment_id", "payments"),
    _text("external_id"),
    _text("currency"),
    _int("amount_minor"),
    _int("created_at"),
    Unique("payment_id", "external_id"),
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
    Column("key", Text, nullable=False, unique=True),  # payment:<id>, fee:<id>, extra:<id>, refund:<id>, undone:<id>
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

# downloads begun with a grant's key, a day: how many, and nothing about who
downloads = Table(
    "downloads",
    metadata,
    _id(),
    _to("grant_id", "grants"),
    _int("day"),  # days since 1970, UTC
    _int("count"),
    Unique("grant_id", "day"),
)

# downloads begun at the public addresses of a free work, a day: how many, and nothing about who
fetches = Table(
    "fetches",
    metadata,
    _id(),
    _to("work_id", "works"),
    _int("day"),  # days since 1970, UTC
    _int("count"),
    Unique("work_id", "day"),
)

# links to one's order pages, sent to the address that one gave with them
lost_links = Table(
    "lost_links",
    metadata,
    Column("digest", Text, primary_key=True),  # SHA-256 of the secret in the link
    _text("email"),
    _int("created_at"),
    _int("expires_at"),
    _maybe_int("used_at"),
    Index(None, "email"),
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

# what the creator did with a thread; an order without a row has an open one
threads = Table(
    "threads",
    metadata,
    Column("order_id", _Id, ForeignKey("orders.id"), primary_key=True, autoincrement=False),
    _maybe_int("archived_at"),
    _maybe_int("blocked_at"),  # since when its reader cannot write
)

saved_answers = Table(
    "saved_answers",
    metadata,
    _id(),
    Column("title", Text, nullable=False, unique=True),
    _text("body"),
    _int("created_at"),
    _int("changed_at"),
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

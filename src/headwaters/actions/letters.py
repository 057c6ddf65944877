"""Verbs of letters: write one, answer, see what is new."""

from __future__ import annotations

import hashlib
from datetime import datetime

from headwaters.actions import mail
from headwaters.core.clock import to_micros
from headwaters.core.letters import Author, clean_letter
from headwaters.store import letters as rows
from headwaters.store.db import Connection
from headwaters.store.letters import LetterRow
from headwaters.store.sales import order_by_id


def _nonce(nonce: str, order_id: int, author: Author, body: str) -> str:
    """What a double submit has in common. The same form sent again with another text is another letter."""
    return hashlib.sha256("\n".join((nonce, str(order_id), author, body)).encode()).hexdigest()


def write_letter(
    conn: Connection,
    *,
    order_id: int,
    author: Author,
    body: str,
    wants_mail: bool,
    nonce: str,
    ref: str,
    now: datetime,
) -> LetterRow:
    """A letter in the order's thread, and the mail it causes. Twice with the same nonce: the first one, unchanged.

    Raises TooLarge(LETTER_TOO_LONG), Refused(LETTER_EMPTY).
    """
    text = clean_letter(body)
    key = _nonce(nonce, order_id, author, text)
    written = rows.add_letter(
        conn,
        ref=ref,
        nonce=key,
        order_id=order_id,
        author=author.value,
        body=text,
        wants_mail=int(wants_mail),
        created_at=to_micros(now),
    )
    if written is None:
        return rows.letter_by_nonce(conn, key)
    if author is Author.READER:
        mail.queue_letter_notice(conn, written.id, now)
    elif goes_by_mail(conn, order_id):
        mail.queue_answer(conn, written.id, now)
    return written


def goes_by_mail(conn: Connection, order_id: int) -> bool:
    """Whether an answer is queued as mail: the reader's last letter asked for it, and there is an address."""
    letter = rows.newest_from_reader(conn, order_id)
    return letter is not None and letter.wants_mail and rows.order_email(conn, order_id) is not None


def answer(conn: Connection, order_id: int, body: str, nonce: str, ref: str, now: datetime) -> LetterRow:
    """The creator's letter to the reader of an order; the thread counts as read.

    Raises as `write_letter`, and NotFound(ORDER_UNKNOWN).
    """
    order_by_id(conn, order_id)
    letter = write_letter(
        conn,
        order_id=order_id,
        author=Author.CREATOR,
        body=body,
        wants_mail=False,
        nonce=nonce,
        ref=ref,
        now=now,
    )
    rows.mark_read(conn, order_id, letter.id, now)
    return letter


def open_thread(conn: Connection, order_id: int, now: datetime) -> list[LetterRow]:
    """The thread as the creator opens it: what was unread is read from now on, and still shown as new this once."""
    letters = rows.thread(conn, order_id)
    if letters:
        rows.mark_read(conn, order_id, letters[-1].id, now)
    return letters


def refuse_mail(conn: Connection, digest: str, now: datetime) -> bool:
    """No mail from this shop to this mailbox ever again. True: now; False: it was so before."""
    return rows.add_refusal(conn, digest, now)

"""Verbs of letters: write one, answer, see what is new. actions/threads.py has those of a whole thread."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Literal

from headwaters.actions import mail
from headwaters.core.clock import to_micros
from headwaters.core.errors import N_, Code, Conflict
from headwaters.core.letters import Author, Way, clean_letter
from headwaters.store import letters as rows
from headwaters.store import threads as thread_rows
from headwaters.store.db import Connection
from headwaters.store.letters import LetterRow


def _nonce(nonce: str, order_id: int, author: Author, body: str) -> str:
    """What a double submit has in common. The same form sent again with another text is another letter."""
    return hashlib.sha256("\n".join((nonce, str(order_id), author, body)).encode()).hexdigest()


def _closed(author: Author) -> Conflict:
    if author is Author.CREATOR:
        return Conflict(
            Code.LETTERS_CLOSED,
            N_("You closed the letters with this reader, so nothing was sent."),
            hint=N_("Open them again first."),
            field="letter",
        )
    return Conflict(
        Code.LETTERS_CLOSED,
        N_("No more letters are taken here, so this one was not sent."),
        hint=N_("You can copy what you wrote. Everything else on this page stays yours."),
        field="letter",
    )


def check_seen(conn: Connection, order_id: int, seen: int | None) -> None:
    """Whether whoever saw the thread up to the letter `seen` (None: does not say) missed nothing.

    Raises Conflict(LETTERS_NEWER).
    """
    if seen is not None and rows.newest_id(conn, order_id) > seen:
        raise Conflict(
            Code.LETTERS_NEWER,
            N_("There is a new letter here since you opened this page, so nothing was done yet."),
            hint=N_("It stands above. Send what you wrote again if it still fits."),
            field="letter",
        )


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
    seen: int | None = None,
) -> LetterRow:
    """A letter in the order's thread, and the mail it causes. Twice with the same nonce: the first one, unchanged.

    A reader's brings an archived thread back. `wants_mail` of the creator's: it goes out by mail as well.
    Raises NotFound(ORDER_UNKNOWN), TooLarge(LETTER_TOO_LONG), Refused(LETTER_EMPTY), Conflict(LETTERS_CLOSED |
    LETTERS_NEWER).
    """
    text = clean_letter(body)
    key = _nonce(nonce, order_id, author, text)
    thread_rows.lock_thread(conn, order_id)
    if (before := rows.known_letter(conn, key)) is not None:
        return before
    if thread_rows.thread_state(conn, order_id).blocked_at is not None:
        raise _closed(author)
    check_seen(conn, order_id, seen)
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
        thread_rows.set_brought_back(conn, order_id)
        mail.queue_letter_notice(conn, written.id, now)
    elif wants_mail:
        mail.queue_answer(conn, written.id, now)
    return written


def goes_by_mail(conn: Connection, order_id: int) -> bool:
    """Whether an answer may go by mail: the reader's last letter asked for it, and there is an address."""
    letter = rows.newest_from_reader(conn, order_id)
    return letter is not None and letter.wants_mail and rows.order_email(conn, order_id) is not None


def answer(
    conn: Connection,
    order_id: int,
    body: str,
    nonce: str,
    ref: str,
    now: datetime,
    way: Way = Way.ASKED,
    seen: int | None = None,
) -> LetterRow:
    """The creator's letter to the reader of an order; the thread counts as read.

    `seen`: the id of the newest letter that was read before; None does not say. Raises as `write_letter`.
    """
    letter = write_letter(
        conn,
        order_id=order_id,
        author=Author.CREATOR,
        body=body,
        wants_mail=way is Way.ASKED and goes_by_mail(conn, order_id),
        nonce=nonce,
        ref=ref,
        now=now,
        seen=seen,
    )
    rows.mark_read(conn, order_id, letter.id, now)
    return letter


def answer_once(
    conn: Connection,
    order_id: int,
    body: str,
    nonce: str,
    ref: str,
    now: datetime,
    way: Way = Way.ASKED,
    seen: int | None = None,
) -> LetterRow | Literal[False]:
    """The same; False for a form that came before. For the audit log, which tells of it once."""
    letter = answer(conn, order_id, body, nonce, ref, now, way, seen)
    return letter if letter.ref == ref else False


def open_thread(conn: Connection, order_id: int, now: datetime) -> list[LetterRow]:
    """The thread as the creator opens it: what was unread is read from now on, and still shown as new this once."""
    letters = rows.thread(conn, order_id)
    if letters:
        rows.mark_read(conn, order_id, letters[-1].id, now)
    return letters


def refuse_mail(conn: Connection, digest: str, now: datetime) -> bool:
    """No mail from this shop to this mailbox ever again. True: now; False: it was so before."""
    return rows.add_refusal(conn, digest, now)

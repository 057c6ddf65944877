"""Commands on talking: thread (one conversation), saved (answers), notices (what the creator is told)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from headwaters.actions import saved as saved_verbs
from headwaters.actions import threads as verbs
from headwaters.actions.deeds import noted
from headwaters.actions.notices import NOTICE_KEYS, change_notices
from headwaters.cli._tools import Command, in_house, say
from headwaters.cli._words import _
from headwaters.cli.letters import letter_json, letter_text
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Code, NotFound, WrongUse
from headwaters.core.letters import LONGEST_LETTER, one_line
from headwaters.core.notices import OLD_WISHES, Wish
from headwaters.errands.house import House, refresh
from headwaters.errands.mail import try_notice
from headwaters.store import letters as rows
from headwaters.store import sales as sales_rows
from headwaters.store import saved as saved_rows
from headwaters.store.db import Connection
from headwaters.store.threads import ThreadState, thread_state


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe thread, saved and notices."""
    thread = Command(commands, "thread", _("Read all letters with one reader, or put them away."), run_thread).shop()
    thread.parser.add_argument("letter", metavar="LETTER", help=_("one of its letters, or the number of the order"))
    done = thread.parser.add_mutually_exclusive_group()
    for option, about in (
        ("--archive", _("put it away until they write again")),
        ("--bring-back", _("out of the archive")),
        ("--block", _("take no more letters from that page; it says so")),
        ("--unblock", _("take letters again")),
        ("--mark-unread", _("as if you had not opened it")),
    ):
        done.add_argument(option, dest="done", action="store_const", const=option, help=about)
    saved = Command(commands, "saved", _("Saved answers: list, keep, change or delete them."), run_saved).shop().parser
    saved.add_argument("title", nargs="?", metavar="TITLE", help=_("one of them, or a new one"))
    does = saved.add_mutually_exclusive_group()
    does.add_argument("--text", metavar="TEXT", help=_("what it says; “-” reads it from standard input"))
    does.add_argument("--rename", metavar="NEW", help=_("another title"))
    does.add_argument("--delete", action="store_true", help=_("delete it"))
    notices = Command(commands, "notices", _("What the shop tells you by mail, and how often."), run_notices).shop()
    wishes = [*Wish, *OLD_WISHES]
    notices.parser.add_argument("--email", metavar="ADDRESS", help=_("where they go; empty: nowhere"))
    notices.parser.add_argument("--orders", choices=wishes, metavar="HOW", help=_("each, daily or never"))
    notices.parser.add_argument("--letters", choices=wishes, metavar="HOW", help=_("each, daily or never"))
    notices.parser.add_argument("--hour", metavar="HOUR", help=_("of the daily one, 0 to 23, in UTC"))
    notices.parser.add_argument("--try", dest="trying", action="store_true", help=_("send one now"))


# ── one thread ───────────────────────────────────────────────────────────────────────────────────

Verb = Callable[[Connection, int], bool]


def run_thread(args: argparse.Namespace) -> int:
    """Show it, or do something with it."""
    order_id, changed, state, letters, title = in_house(args, lambda house: _thread(house, args.letter, args.done))
    data = {
        "order": order_id,
        "title": title,
        "archived": state.archived_at is not None,
        "blocked": state.blocked_at is not None,
        "changed": changed,
        "letters": [letter_json(letter, title) for letter in letters],
    }
    if args.done is not None:
        say(args, data, _("Done.") if changed else _("It was so already."))
        return 0
    say(args, data, "\n\n".join(letter_text(letter, title) for letter in letters) or _("There are no letters yet."))
    return 0


async def _thread(
    house: House, named: str, done: str | None
) -> tuple[int, bool, ThreadState, list[rows.LetterRow], str]:
    now = house.clock()
    order_id = await house.db.read(lambda conn: _order_of(conn, named))
    changed = False
    if done is not None:
        what, verb = _verbs(now)[done]
        changed = await house.db.write(
            noted(lambda conn: verb(conn, order_id), Deed(None, what, f"order:{order_id}"), now)
        )

    def look(conn: Connection) -> tuple[int, bool, ThreadState, list[rows.LetterRow], str]:
        title = ", ".join(sales_rows.titles(conn, order_id))
        return order_id, changed, thread_state(conn, order_id), rows.thread(conn, order_id), title

    return await house.db.read(look)


def _verbs(now: Any) -> dict[str, tuple[What, Verb]]:
    return {
        "--archive": (What.LETTERS_ARCHIVED, partial(verbs.archive, now=now)),
        "--bring-back": (What.LETTERS_BROUGHT_BACK, verbs.bring_back),
        "--block": (What.LETTERS_BLOCKED, partial(verbs.block, now=now)),
        "--unblock": (What.LETTERS_UNBLOCKED, verbs.unblock),
        "--mark-unread": (What.LETTERS_UNREAD, verbs.mark_unread),
    }


def _order_of(conn: Connection, named: str) -> int:
    """By a letter's name, or by the order's number. Raises NotFound(LETTER_UNKNOWN | ORDER_UNKNOWN)."""
    number = named.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 13:  # letters' names have thirteen characters
        return sales_rows.order_by_id(conn, int(number)).id
    return rows.letter_by_ref(conn, named).order_id


# ── saved answers ────────────────────────────────────────────────────────────────────────────────


def run_saved(args: argparse.Namespace) -> int:
    """List all, show one, keep or change one, or delete it."""
    if args.title is None:
        if args.text is not None or args.rename is not None or args.delete:
            raise WrongUse(Code.WRONG_USE, N_("Say which saved answer, by its title."))
        found = in_house(args, lambda house: house.db.read(saved_rows.all_saved))
        text = "\n\n".join(map(_saved_text, found)) or _("There are no saved answers yet.")
        say(args, {"saved": list(map(_saved_json, found))}, text)
        return 0
    text = sys.stdin.read(LONGEST_LETTER + 1) if args.text == "-" else args.text
    saved, changed = in_house(args, lambda house: _saved(house, one_line(args.title), text, args.rename, args.delete))
    words = _saved_text(saved)
    if args.delete:
        words = _("Deleted.")
    elif changed is not None:
        words = _("Kept.") if changed else _("It was so already.")
    say(args, {"saved": [_saved_json(saved)], "changed": bool(changed)}, words)
    return 0


async def _saved(
    house: House, title: str, text: str | None, rename: str | None, delete: bool
) -> tuple[saved_rows.SavedRow, bool | None]:
    """The saved answer afterwards (one that is deleted: before), and whether it changed; None: it was only read."""
    now = house.clock()

    def run(conn: Connection) -> tuple[saved_rows.SavedRow, bool | None]:
        try:
            saved = saved_rows.saved_by_title(conn, title)
        except NotFound:
            if text is None:
                raise
            saved = saved_verbs.add_saved(conn, title, text, now)
            return saved, _note(conn, What.SAVED_ADDED, saved.id, True)
        if delete:
            return saved, _note(conn, What.SAVED_DELETED, saved.id, saved_verbs.delete_saved(conn, saved.id))
        if text is None and rename is None:
            return saved, None
        new, body = rename or saved.title, saved.body if text is None else text
        changed = saved_verbs.change_saved(conn, saved.id, saved.changed_at, new, body, now)
        _note(conn, What.SAVED_CHANGED, saved.id, changed)
        return saved_rows.saved_by_id(conn, saved.id), changed

    def _note(conn: Connection, what: What, saved_id: int, changed: bool) -> bool:
        return noted(lambda _conn: changed, Deed(None, what, f"saved:{saved_id}"), now)(conn)

    return await house.db.write(run)


def _saved_text(saved: saved_rows.SavedRow) -> str:
    return saved.title + "".join(f"\n    {line}" for line in saved.body.split("\n"))


def _saved_json(saved: saved_rows.SavedRow) -> dict[str, Any]:
    return {"title": saved.title, "body": saved.body}


# ── notices ──────────────────────────────────────────────────────────────────────────────────────


def run_notices(args: argparse.Namespace) -> int:
    """Say how it is; change it; try it."""
    given = dict(zip(NOTICE_KEYS, (args.email, args.orders, args.letters, args.hour), strict=True))
    changes = {key: value for key, value in given.items() if value is not None}
    now = in_house(args, lambda house: _notices(house, changes, args.trying))
    lines = [f"{key} = {value}" for key, value in now.items()]
    if args.trying:
        lines = [_("The mail server took it. Look into the inbox of %(address)s.") % {"address": now["notify_email"]}]
    say(args, {**now, "tried": args.trying}, "\n".join(lines))
    return 0


async def _notices(house: House, changes: dict[str, str], trying: bool) -> dict[str, str]:
    if changes:
        deed = Deed(None, What.SETTINGS_CHANGED, "setting:notices")
        await house.db.write(noted(lambda conn: change_notices(conn, changes), deed, house.clock()))
        await refresh(house)
    settings = house.now.settings
    if trying:
        await try_notice(house, settings.notify_email)
    return {key: str(getattr(settings, key)) for key in NOTICE_KEYS}

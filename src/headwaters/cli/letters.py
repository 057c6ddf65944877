"""Commands on letters: letters, answer."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from headwaters.actions import letters as verbs
from headwaters.actions.deeds import noted
from headwaters.cli._tools import Command, in_house, say, utc
from headwaters.cli._words import _
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Code, Refused, WrongUse
from headwaters.core.letters import LONGEST_LETTER, Author, Tray, Way, fill_saved, one_line
from headwaters.errands.house import House
from headwaters.errands.mail import reaches, sign_of
from headwaters.store import letters as rows
from headwaters.store import sales as sales_rows
from headwaters.store import saved as saved_rows
from headwaters.store.db import Connection

MOST = 10_000


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe letters and answer."""
    letters = Command(commands, "letters", _("Read letters, the newest first."), run_letters).shop().parser
    letters.add_argument("--unread", action="store_true", help=_("only those that you have not opened, oldest first"))
    letters.add_argument(
        "--tray", choices=list(Tray), default=Tray.ALL.value, help=_("only of these threads: open, archived, …")
    )
    letters.add_argument("--find", metavar="TEXT", default="", help=_("only of threads that hold it"))
    letters.add_argument("--most", type=int, default=20, metavar="N", help=_("show N at most (20)"))
    answer = Command(commands, "answer", _("Answer a letter."), run_answer).shop().parser
    answer.add_argument("letter", metavar="LETTER", help=_("its name in “headwaters letters”"))
    answer.add_argument(
        "text", nargs="?", metavar="TEXT", help=_("what you write; without it, your editor opens, or a pipe is read")
    )
    answer.add_argument("--saved", metavar="TITLE", help=_("send a saved answer, filled in"))
    answer.add_argument("--page-only", action="store_true", help=_("not by mail, though they asked for it"))


# ── letters ──────────────────────────────────────────────────────────────────────────────────────


def run_letters(args: argparse.Namespace) -> int:
    """Print letters. Reading them here does not mark them: the Studio or an answer does."""
    most = max(1, min(args.most, MOST))

    def look(conn: Connection) -> list[tuple[rows.LetterRow, str]]:
        found = (
            rows.unread_letters(conn, most)
            if args.unread
            else rows.newest_letters(conn, most, Tray(args.tray), one_line(args.find))
        )
        return [(letter, ", ".join(sales_rows.titles(conn, letter.order_id))) for letter in found]

    found = in_house(args, lambda house: house.db.read(look))
    chosen = args.find or args.tray != Tray.ALL
    nothing = _("No letter fits.") if chosen else _("There are no letters yet.")
    nothing = _("You have read everything.") if args.unread else nothing
    text = "\n\n".join(letter_text(letter, title) for letter, title in found) or nothing
    say(args, {"letters": [letter_json(letter, title) for letter, title in found]}, text)
    return 0


def letter_text(letter: rows.LetterRow, title: str) -> str:
    """A letter for a person."""
    mine = letter.author is Author.CREATOR
    head = _("%(ref)s  You, about %(title)s, %(when)s") if mine else _("%(ref)s  A reader of %(title)s, %(when)s")
    new = "" if mine or letter.read_at else " " + _("(new)")
    values = {"ref": letter.ref, "title": title, "when": f"{letter.created_at:%Y-%m-%d %H:%M} UTC"}
    body = "\n".join(f"    {line}" for line in letter.body.split("\n"))
    return f"{head % values}{new}\n{body}"


def letter_json(letter: rows.LetterRow, title: str) -> dict[str, Any]:
    """A letter for a program."""
    return {
        "letter": letter.ref,
        "order": letter.order_id,
        "title": title,
        "author": letter.author.value,
        "body": letter.body,
        "wants_mail": letter.wants_mail,
        "created_at": utc(letter.created_at),
        "read_at": utc(letter.read_at) if letter.read_at else None,
    }


# ── answer ───────────────────────────────────────────────────────────────────────────────────────


def run_answer(args: argparse.Namespace) -> int:
    """Answer a letter, with the text of the command, of a pipe, or of an editor."""
    letter = in_house(args, lambda house: house.db.read(lambda conn: rows.letter_by_ref(conn, args.letter)))
    if args.saved is not None and args.text is not None:
        raise WrongUse(Code.WRONG_USE, N_("Give a text or a saved answer, not both."))
    way = Way.PAGE if args.page_only else Way.ASKED
    body = _body(args.text, letter) if args.saved is None else ""
    done, by_mail = in_house(args, lambda house: _send(house, letter.order_id, body, way, args.saved))
    text = _("Your answer is on the reader’s page, and goes out by mail.") if by_mail else ""
    text = text or _("Your answer is on the reader’s page.")
    say(args, {"letter": done.ref, "order": done.order_id, "by_mail": by_mail}, text)
    return 0


async def _send(house: House, order_id: int, body: str, way: Way, saved: str | None) -> tuple[rows.LetterRow, bool]:
    """The letter, and whether it goes out by mail as well: a serving process carries that out."""
    nonce, ref, now = house.token(), house.token()[:13], house.clock()
    name = sign_of(house.now.settings)

    def run(conn: Connection) -> tuple[rows.LetterRow, bool]:
        text = body
        if saved is not None:
            title = next(iter(sales_rows.titles(conn, order_id)), "")
            text = fill_saved(saved_rows.saved_by_title(conn, one_line(saved)).body, title, name)
        letter = verbs.answer(conn, order_id, text, nonce, ref, now, way)
        return letter, letter.wants_mail and reaches(house, conn, rows.order_email(conn, order_id))

    return await house.db.write(noted(run, Deed(None, What.LETTER_ANSWERED, f"order:{order_id}"), now))


def _body(text: str | None, letter: rows.LetterRow) -> str:
    if text is not None:
        return text
    if not sys.stdin.isatty():
        return sys.stdin.buffer.read(LONGEST_LETTER + 1).decode("utf-8", "replace")
    return _from_editor(letter)


def _from_editor(letter: rows.LetterRow) -> str:
    """What the creator writes in $VISUAL or $EDITOR, below the letter; its lines are left out again."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise WrongUse(
            Code.WRONG_USE,
            N_("There is no text to send."),
            hint=N_("Give it as an argument, in a pipe, or set EDITOR."),
        )
    mark = _("# Write your answer above this line. The letter:")
    quoted = "\n".join(f"# {line}" for line in letter.body.split("\n"))
    with tempfile.TemporaryDirectory(prefix="headwaters-") as folder:
        path = Path(folder) / "answer.txt"
        path.write_text(f"\n\n{mark}\n{quoted}\n", encoding="utf-8")
        try:
            code = subprocess.run([*shlex.split(editor), str(path)], check=False).returncode
        except OSError as wrong:
            raise WrongUse(Code.WRONG_USE, N_("The editor %(editor)s did not start."), editor=editor) from wrong
        if code != 0:
            raise Refused(Code.LETTER_EMPTY, N_("The editor ended with an error, so nothing was sent."))
        return path.read_text(encoding="utf-8", errors="replace").partition(mark)[0]

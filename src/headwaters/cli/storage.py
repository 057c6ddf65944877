"""The command on where files are kept: what is where; move it, look whether it is whole, clear what nobody needs."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Any

from headwaters.cli._tools import Command, in_house, say
from headwaters.cli._words import _, error_text
from headwaters.core.clock import to_micros
from headwaters.core.errors import N_, Code, HeadwatersError, WrongUse
from headwaters.core.shop_marks import Mark
from headwaters.errands import claims, integrity, storage
from headwaters.errands.house import House
from headwaters.store import blobs as rows
from headwaters.store.blobs import FaultRow
from headwaters.store.db import Connection
from headwaters.store.shop import read_mark
from headwaters.store.works import uses_of, work_at

MONTH = timedelta(days=30)
EVERY = 0.5  # seconds between two lines of progress


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe storage."""
    about = _("Say where the shop’s files are; move them, check them, clear what nobody needs.")
    parser = Command(commands, "storage", about, run_storage).shop().parser
    parser.add_argument(
        "do", nargs="?", choices=("move", "check", "sweep", "claim"), help=_("without it: what is where")
    )
    parser.add_argument("what", nargs="?", metavar="WHAT", help=_("move: local or s3; check: a work, by its slug"))
    parser.add_argument("--all", action="store_true", help=_("check: every file, also those that were read lately"))
    parser.add_argument("--dry-run", action="store_true", help=_("sweep: say what would go, and leave it"))


def run_storage(args: argparse.Namespace) -> int:
    """Do what was asked; exit code 1 when a file is missing or changed, or could not be moved."""
    if args.what and args.do not in {"move", "check"}:
        raise WrongUse(Code.WRONG_USE, N_("%(what)s: there is no such thing here."), what=args.what)
    if args.do == "move" and args.what not in {"local", "s3"}:
        raise WrongUse(Code.WRONG_USE, N_("Say where to: headwaters storage move s3, or move local."))
    return _VERBS[args.do](args)


# ── what is where ────────────────────────────────────────────────────────────────────────────────


def _status(args: argparse.Namespace) -> int:
    def look(house: House) -> Any:
        since = to_micros(house.clock() - MONTH)

        async def run() -> Any:
            places = await house.db.read(partial(rows.places, since=since))
            not_ours = await house.db.read(lambda conn: read_mark(conn, Mark.NOT_OURS))
            return house.storage.first, places, await house.db.read(rows.faults), not_ours

        return run()

    first, places, faults, not_ours = in_house(args, look)
    lines = [
        _("%(place)s: %(count)d files, %(size)s; read again in the last 30 days: %(checked)d%(new)s")
        % {
            "place": row.place,
            "count": row.count,
            "size": _size(row.size),
            "checked": row.checked,
            "new": _(" (new ones go here)") if row.place == first else "",
        }
        for row in places
    ]
    if not_ours:
        lines.append(_not_ours(not_ours))
    data = {
        "new": first,
        "places": [asdict(row) for row in places],
        "faults": [_fault_json(row) for row in faults],
        "not_ours": not_ours or None,
    }
    nothing = _("No file is kept yet. New ones go to: %s") % first
    say(args, data, "\n".join([*(lines or [nothing]), *_fault_lines(faults)]))
    return 1 if faults else 0


# ── move ─────────────────────────────────────────────────────────────────────────────────────────


def _move(args: argparse.Namespace) -> int:
    tell = _Teller(args.json)

    def report(progress: storage.MoveProgress) -> None:
        tell(progress.count, progress.of, progress.done, progress.total)

    async def move(house: House) -> tuple[storage.Moved, list[tuple[list[str], HeadwatersError]]]:
        moved = await storage.move(house, args.what, report)
        named = [(await house.db.read(partial(_names, sha256=sha256)), error) for sha256, error in moved.failed]
        return moved, named

    moved, failed = in_house(args, move)
    tell.end()
    text = _("%(count)d files, %(size)s, are in %(place)s now. Their old bytes go in a day.") % {
        "count": moved.count,
        "size": _size(moved.size),
        "place": moved.place,
    }
    if not moved.count:
        text = _("Nothing had to be moved to %s.") % moved.place
    wrong = [_("Not moved: %(names)s. %(why)s") % {"names": ", ".join(n), "why": error_text(e)} for n, e in failed]
    data = {
        "place": moved.place,
        "moved": moved.count,
        "bytes": moved.size,
        "failed": [{"files": names, "code": error.code.value} for names, error in failed],
    }
    say(args, data, "\n".join([text, *wrong]))
    return 1 if failed else 0


def _names(conn: Connection, sha256: str) -> list[str]:
    return [f"“{use.name}” ({use.slug}, {use.edition})" for use in uses_of(conn, sha256)] or [sha256]


# ── check ────────────────────────────────────────────────────────────────────────────────────────


def _check(args: argparse.Namespace) -> int:
    tell = _Teller(args.json)

    def report(progress: integrity.LookProgress) -> None:
        tell(progress.count, progress.of, progress.done, progress.total)

    async def check(house: House) -> tuple[integrity.Looked, tuple[FaultRow, ...]]:
        if args.what:
            await house.db.read(partial(work_at, slug=args.what))
        now = house.clock()
        before = now if args.all or args.what else now - MONTH
        looked = await integrity.look(house, integrity.Wanted(before, args.what or "", report=report))
        return looked, await house.db.read(partial(rows.faults, work=args.what or ""))

    looked, faults = in_house(args, check)
    tell.end()
    text = _("%(count)d files read, %(size)s. Missing or changed: %(faults)d. Whole again: %(healed)d.") % {
        "count": looked.count,
        "size": _size(looked.size),
        "faults": len(looked.faults),
        "healed": looked.healed,
    }
    if not (args.all or args.what):
        text += " " + _("What was kept or read in the last 30 days was left out; --all reads it as well.")
    data = {"read": looked.count, "bytes": looked.size, "healed": looked.healed}
    say(args, data | {"faults": [_fault_json(row) for row in faults]}, "\n".join([text, *_fault_lines(faults)]))
    return 1 if faults else 0


_FAULTS = {"missing": N_("missing"), "changed": N_("changed")}


def _fault_lines(faults: Sequence[FaultRow]) -> list[str]:
    if not faults:
        return []
    lines = [
        _("%(fault)s: %(what)s, in %(place)s")
        % {
            "fault": _(_FAULTS[row.fault]),
            "what": f"“{row.name}” ({row.slug}, {row.edition})" if row.slug else row.sha256,
            "place": row.place,
        }
        for row in faults
    ]
    advice = [_("Readers do not get these.")]
    if any(row.making is None for row in faults):
        advice.append(_("Publish the same files again, or put them back from your backup and check."))
    if any(row.making is not None for row in faults):
        advice.append(_("What the shop made itself it makes again, as soon as what it was made from is whole."))
    return [*lines, " ".join(advice)]


def _fault_json(row: FaultRow) -> dict[str, Any]:
    return {
        "sha256": row.sha256,
        "fault": row.fault,
        "place": row.place,
        "work": row.slug or None,
        "edition": row.edition or None,
        "name": row.name or None,
        "making": row.making and row.making.value,
    }


# ── sweep ────────────────────────────────────────────────────────────────────────────────────────


def _sweep(args: argparse.Namespace) -> int:
    cleared = in_house(args, storage.would_clear if args.dry_run else storage.clear_all)
    values = {
        "left": cleared.left_behind,
        "unknown": cleared.unknown,
        "size": _size(cleared.size),
        "unfinished": cleared.unfinished,
    }
    text = _(
        "%(size)s: %(left)d files that moves left behind, %(unknown)d that the shop knows nothing of. "
        "Unfinished uploads: %(unfinished)d."
    )
    lines = [text % values, *map(_not_ours, cleared.not_ours)]
    say(args, asdict(cleared) | {"removed": not args.dry_run}, "\n".join(lines))
    return 0


# ── claim ────────────────────────────────────────────────────────────────────────────────────────


def _claim(args: argparse.Namespace) -> int:
    places = in_house(args, claims.claim)
    text = _("This shop alone removes files from now on in: %s") % ", ".join(places)
    say(args, {"claimed": places}, text if places else _("There is no store that others could use."))
    return 0


def _not_ours(place: str) -> str:
    return (
        _(
            "Nothing is removed from %s: it has the name of another shop, or of this one before it was copied or "
            "restored. If no other shop uses it any more: headwaters storage claim."
        )
        % place
    )


# ── small things ─────────────────────────────────────────────────────────────────────────────────


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 100_000_000 else f"{size / 1e6:.1f} MB"


class _Teller:
    """A line on standard error that says how far it is; nothing where nobody looks."""

    def __init__(self, quiet: bool) -> None:
        self._on = not quiet and sys.stderr.isatty()
        self._next = 0.0

    def __call__(self, count: int, of: int, done: int, total: int) -> None:
        """Called from a thread."""
        if self._on and (now := time.monotonic()) >= self._next:
            self._next = now + EVERY
            share = f"{done / total:.0%}" if total else ""
            line = _("%(count)d of %(of)d files, %(share)s") % {"count": count, "of": of, "share": share}
            print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._on:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


_VERBS: dict[str | None, Callable[[argparse.Namespace], int]] = {
    None: _status,
    "move": _move,
    "check": _check,
    "sweep": _sweep,
    "claim": _claim,
}

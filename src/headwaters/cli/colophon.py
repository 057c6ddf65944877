"""Commands on what files say of where they come from, and on what they tell besides: colophon, findings."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from headwaters.cli._tools import Command, in_house, say
from headwaters.cli._words import _, error_text
from headwaters.core.errors import N_, Code, WrongUse
from headwaters.core.works.manifest import Given
from headwaters.core.works.names import shown
from headwaters.core.works.stamps import KIND_WORDS, LINE_WORDS, NO_PLACE, Choice, Field, Finding
from headwaters.errands.colophons import Looked, choose, look_over
from headwaters.errands.gather import Failure
from headwaters.errands.house import House
from headwaters.errands.stamping import Note
from headwaters.store.copy_visits import CopyLine, copies_of
from headwaters.store.db import Connection
from headwaters.store.works import WorkRow, work_at

_AS_THE_SHOP = "shop"


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe colophon and findings."""
    about = _("What files say of where they come from, before and after; or a work's choice, and whom copies brought.")
    parser = Command(commands, "colophon", about, run_colophon).shop().parser
    parser.add_argument("what", metavar="PATH-OR-SLUG", help=_("a file or folder; or the end of a work's address"))
    parser.add_argument(
        "--choose",
        choices=[*Choice, _AS_THE_SHOP],
        help=_("whether a work's editions to come say it (shop: the setting)"),
    )
    about = _("What files tell that you perhaps did not mean to publish. Changes nothing.")
    parser = Command(commands, "findings", about, run_findings).shop().parser
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help=_("a file, several, or a folder"))


# ── for publish ──────────────────────────────────────────────────────────────────────────────────


def add_choices(parser: argparse.ArgumentParser) -> None:
    """The options of publish about it."""
    colophon = parser.add_mutually_exclusive_group()
    colophon.add_argument(
        "--colophon", action="store_true", default=None, help=_("the files say where they come from and where to pay")
    )
    colophon.add_argument(
        "--no-colophon", dest="colophon", action="store_false", help=_("the files stay as they are, to the last byte")
    )
    parser.add_argument(
        "--remove-private", action="store_true", help=_("leave out of the copies what “headwaters findings” finds")
    )


def choices(args: argparse.Namespace) -> dict[str, Given]:
    """What they say, by the keys of work.toml."""
    said = {}
    if args.colophon is not None:
        said["colophon"] = Given(args.colophon, "--colophon" if args.colophon else "--no-colophon")
    if args.remove_private:
        said["remove_private"] = Given(True, "--remove-private")
    return said


def tell_findings(notes: Sequence[Note], *, quiet: bool) -> None:
    """Before anything is published: what its files tell, on standard error."""
    found = [note for note in notes if note.findings]
    if quiet or not found:
        return
    print(_("These files tell something that you perhaps do not mean to publish:"), file=sys.stderr)
    for note in found:
        print(_found(note), file=sys.stderr)
    if not any(note.wish.clean for note in found):
        print(_("To leave it out of the shop's copies: --remove-private"), file=sys.stderr)


def after_words(note: Note) -> list[str]:
    """What is said of a published file."""
    values = {"name": shown(note.name), "count": len(note.removed), "left": len(note.left), "why": _(note.why)}
    lines = []
    if note.removed:
        lines.append(_("%(name)s: %(count)d details were left out of the shop's copy") % values)
    if note.left:
        lines.append(_("%(name)s: %(left)d details could not be left out, and are in it") % values)
    if note.why and note.why != NO_PLACE:
        lines.append(_("%(name)s: published without a colophon. %(why)s") % values)
    return lines


# ── findings ─────────────────────────────────────────────────────────────────────────────────────


def run_findings(args: argparse.Namespace) -> int:
    """What files tell."""
    results = in_house(args, partial(look_over, paths=args.paths, options={}))
    notes = [note for result in results if isinstance(result, Looked) for note in result.notes]
    failures = _failures(results)
    text = "\n".join(_found(note) for note in notes if note.findings) or _("Nothing was found.")
    data = {"files": [{"name": note.name, "findings": _findings_json(note.findings)} for note in notes]}
    say(args, data, text if notes else "")
    return _end(args, failures)


def _found(note: Note) -> str:
    return "\n".join([f"  {shown(note.name)}", *(f"    {_finding(one)}" for one in note.findings)])


def _finding(one: Finding) -> str:
    text = f"{_(KIND_WORDS[one.kind])} ({one.where}): {one.value}"
    return text if one.removable else f"{text} – {_('only you can take it out')}"


def _findings_json(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    return [
        {"kind": one.kind.value, "where": one.where, "value": one.value, "removable": one.removable} for one in findings
    ]


# ── colophon ─────────────────────────────────────────────────────────────────────────────────────


def run_colophon(args: argparse.Namespace) -> int:
    """What files say; or a work's choice."""
    path = Path(args.what)
    if path.exists():
        if args.choose:
            raise WrongUse(Code.WRONG_USE, N_("--choose is for a work: name the end of its address."))
        return _of_files(args, path)
    return _of_work(args)


def _of_files(args: argparse.Namespace, path: Path) -> int:
    results = in_house(args, partial(look_over, paths=[path], options={}))
    looked = [result for result in results if isinstance(result, Looked)]
    notes = [note for result in looked for note in result.notes]
    data = {"files": [note_json(note) for note in notes]}
    say(args, data, "\n\n".join(map(_said, notes)))
    return _end(args, _failures(results))


def _said(note: Note) -> str:
    lines = [shown(note.name)]
    for one in note.examined.fields:
        lines.append(f"  {_(LINE_WORDS[one.line])} ({one.where})")
        if one.changes:
            lines += [_("    before: %(text)s") % {"text": one.before or _("nothing")}]
            lines += [_("    after:  %(text)s") % {"text": one.after}]
        else:
            lines += [_("    stays:  %(text)s") % {"text": one.before or _("nothing")}]
    if note.examined.why:
        lines.append("  " + _(note.examined.why))
    elif not note.examined.fields:
        lines.append("  " + (_(NO_PLACE) if note.wish.facts else _("It gets no colophon.")))
    return "\n".join(lines)


def note_json(note: Note) -> dict[str, Any]:
    """A file's note as programs get it."""
    return {
        "name": note.name,
        "colophon": [_field_json(one) for one in note.fields or note.examined.fields],
        "findings": _findings_json(note.findings),
        "removed": _findings_json(note.removed),
        "left_alone": _(note.why or note.examined.why) or None,
    }


def _field_json(one: Field) -> dict[str, str]:
    return {"line": one.line.value, "where": one.where, "before": one.before, "after": one.after}


def _of_work(args: argparse.Namespace) -> int:
    slug = args.what

    async def errand(house: House) -> tuple[WorkRow, str, list[CopyLine]]:
        if args.choose:
            await choose(house, slug, "" if args.choose == _AS_THE_SHOP else args.choose, None)

        def read(conn: Connection) -> tuple[WorkRow, list[CopyLine]]:
            return work_at(conn, slug), copies_of(conn, slug)

        work, lines = await house.db.read(read)
        return work, house.now.settings.colophon, lines

    work, shop, lines = in_house(args, errand)
    effective = work.colophon or shop
    data = {
        "slug": slug,
        "choice": work.colophon or _AS_THE_SHOP,
        "colophon": effective,
        "copies": [{"edition": one.edition, "visits": one.count} for one in lines],
    }
    say(args, data, "\n".join(_work_lines(work, effective, lines)))
    return 0


def _work_lines(work: WorkRow, effective: str, lines: Sequence[CopyLine]) -> list[str]:
    said = {
        Choice.ON: _("The files of its editions to come say where they come from."),
        Choice.OFF: _("The files of its editions to come stay as they are."),
    }[Choice(effective)]
    usual = "" if work.colophon else _(" (As the shop's setting “colophon” says.)")
    counted = [
        _("Copies of edition %(n)d brought %(count)d visits.") % {"n": one.edition, "count": one.count} for one in lines
    ]
    return [work.details.title, f"  {said}{usual}", *(f"  {line}" for line in counted)]


# ── both ─────────────────────────────────────────────────────────────────────────────────────────


def _failures(results: Sequence[Looked | Failure]) -> list[Failure]:
    failures = [result for result in results if isinstance(result, Failure)]
    if len(results) == 1 and failures:
        raise failures[0].error
    return failures


def _end(args: argparse.Namespace, failures: Sequence[Failure]) -> int:
    for one in failures:
        print(f"{shown(str(one.place))}: {error_text(one.error)}", file=sys.stderr)
    return 1 if failures else 0

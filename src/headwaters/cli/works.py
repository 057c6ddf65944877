"""Commands on works: publish, works (list them, put them in order), retire, restore, withhold."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from headwaters.actions.deeds import noted
from headwaters.actions.works import Change, order_works, restore_work, retire_work, withhold_work
from headwaters.cli._tools import Command, as_typed, error_data, in_house, say, utc
from headwaters.cli._words import _, error_text, hint_text
from headwaters.cli.colophon import add_choices, after_words, choices, note_json, tell_findings
from headwaters.core.clock import from_micros
from headwaters.core.deeds import Deed, What
from headwaters.core.sales.money import plain
from headwaters.core.works.editions import EditionFile, Rights, Role, WorkState
from headwaters.core.works.manifest import Given
from headwaters.core.works.names import shown
from headwaters.errands.gather import Failure
from headwaters.errands.house import House
from headwaters.errands.publish import Keep, Manner, Outcome, Progress, publish, work_address
from headwaters.store.works import WorkLine, list_works
from headwaters.texts import translations
from headwaters.web.format import formats

_OPTIONS = {
    "title": _("what the work is called"),
    "slug": _("the end of its address (made from the title)"),
    "by": _("who made it (you, as the shop has it)"),
    "kind": _("film, music, book, game, picture or other (by its files)"),
    "language": _("of the work, such as en or pt-BR (the shop's)"),
    "year": _("when it was made"),
    "price": _("what you suggest to pay, such as 5 or 5.00"),
    "minimum": _("the least that the pay door takes"),
    "licence": _("an SPDX name such as CC-BY-SA-4.0 (all-rights-reserved)"),
    "doors": _("the open ones, such as pay,cant_pay,have_copy (all three)"),
    "formats": _("what else is made of it, such as mp3,opus or none (the shop's usual)"),
    "taste": _("how much can be tried, such as “from 1:00 45 seconds, 1 chapter”, or off (the shop’s usual)"),
}


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe publish, works, retire, restore and withhold."""
    _add_publish(commands)
    parser = Command(commands, "works", _("List all works, or put them in order."), run_works).shop().parser
    parser.add_argument("--order", metavar="SLUGS", help=_("these first on the first page, such as my-film,my-songs"))
    for name, about, run in (
        ("retire", _("Take a work's page away; who has the work keeps everything."), run_retire),
        ("restore", _("Bring a retired or withheld work back."), run_restore),
        ("withhold", _("Stop a work's files too, because the law asks for it; its page says why."), run_withhold),
    ):
        parser = Command(commands, name, about, run).shop().parser
        parser.add_argument("slug", metavar="SLUG", help=_("the end of the work's address"))
    parser.add_argument("note", metavar="WHY", help=_("what the page says"))


def _add_publish(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    about = _("Publish works: files (one work), or folders (a work each). The same again changes nothing.")
    parser = Command(commands, "publish", about, run_publish).shop().parser
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help=_("a file, several, or a folder"))
    for name, meaning in _OPTIONS.items():
        parser.add_argument(f"--{name}", help=meaning)
    rights = parser.add_mutually_exclusive_group()
    rights.add_argument("--i-made-this", action="store_true", help=_("I made it, or hold every right it takes"))
    rights.add_argument("--rights", choices=[right.value for right in Rights], help=_("by what right you publish it"))
    parser.add_argument("--edition-of", metavar="SLUG", help=_("it is a new edition of this work"))
    parser.add_argument("--changes", default="", metavar="TEXT", help=_("what is new in this edition, for who has it"))
    add_choices(parser)
    parser.add_argument("--link", action="store_true", help=_("keep hard links to your files instead of copies"))


# ── publish ──────────────────────────────────────────────────────────────────────────────────────


def run_publish(args: argparse.Namespace) -> int:
    """Publish what the paths hold."""
    meter = Meter()

    async def errand(house: House) -> tuple[Outcome | Failure, ...]:
        keep = Keep.LINK if args.link else Keep.COPY
        options = _options(args)
        found = partial(tell_findings, quiet=args.json)
        manner = Manner(args.edition_of, keep, args.changes, report=meter.show, found=found)
        return await publish(house, args.paths, options, manner)

    try:
        results = in_house(args, errand)
    finally:
        meter.clear()
    failures = [result for result in results if isinstance(result, Failure)]
    if len(results) == 1 and failures:
        raise failures[0].error
    outcomes = [result for result in results if isinstance(result, Outcome)]
    data = {
        "works": [_outcome_json(result) for result in outcomes],
        "refused": [_failure_json(one) for one in failures],
    }
    say(args, data, "\n\n".join(map(_said, outcomes)))
    if not args.json:
        for failure in failures:
            print(_failure(failure), file=sys.stderr)
    return 1 if failures else 0


def _options(args: argparse.Namespace) -> Mapping[str, Given]:
    """What the command line says of the work, by the keys of work.toml."""
    said = {name: Given(getattr(args, name), f"--{name}") for name in _OPTIONS if getattr(args, name) is not None}
    if args.i_made_this:
        said["rights"] = Given(Rights.OWN.value, "--i-made-this")
    if args.rights:
        said["rights"] = Given(args.rights, "--rights")
    return said | choices(args)


_CHANGES = {
    Change.NEW_WORK: _("%(title)s is published: %(address)s"),
    Change.NEW_EDITION: _("%(title)s has a new edition, number %(edition)d: %(address)s"),
    Change.NEW_WORDS: _("%(title)s has a new page, with the same files: %(address)s"),
    Change.NOTHING: _("%(title)s is as it was; nothing changed: %(address)s"),
}


def _said(outcome: Outcome) -> str:
    published = outcome.published
    values = {"title": published.title, "address": outcome.address, "edition": published.edition}
    mended = translations("en").ngettext(
        "%(n)d file was damaged and is whole again", "%(n)d files were damaged and are whole again", published.mended
    ) % {"n": published.mended}
    lines = [_CHANGES[published.change] % values]
    if published.mended and published.change is Change.NOTHING:
        lines = [_("%(title)s has the same files; %(mended)s: %(address)s") % {**values, "mended": mended}]
    elif published.mended:
        lines.append(f"  {mended}")
    if published.change in {Change.NEW_WORK, Change.NEW_EDITION}:
        lines += [f"  {_file(file)}" for file in outcome.files]
        lines += [f"  {line}" for note in outcome.notes for line in after_words(note)]
    lines += [
        _("  left out: %(name)s (%(why)s)") % {"name": shown(one.name), "why": _(one.why)} for one in outcome.left_out
    ]
    if published.state is WorkState.RETIRED:
        values = {"slug": published.slug}
        lines.append(_("  It is retired, so only its holders see it. headwaters restore %(slug)s") % values)
    return "\n".join(lines)


def _file(file: EditionFile) -> str:
    said = formats("en")
    parts = [file.label, file.name, said.size(file.size)]
    if file.seconds_micros is not None:
        parts.append(said.length(round(file.seconds_micros / 1_000_000)))
    if file.role is Role.SAMPLE:
        parts.append(_("free for everybody"))
    return "  ".join(dict.fromkeys(parts))


def _failure(failure: Failure) -> str:
    text = f"{shown(str(failure.place))}: {error_text(failure.error)}"
    return "\n".join(part for part in (text, hint_text(failure.error)) if part)


def _outcome_json(outcome: Outcome) -> dict[str, Any]:
    published = outcome.published
    return {
        "slug": published.slug,
        "title": published.title,
        "address": outcome.address,
        "state": published.state.value,
        "edition": published.edition,
        "change": published.change.value,
        "mended": published.mended,
        "files": [_file_json(file) for file in outcome.files],
        "notes": [note_json(note) for note in outcome.notes],
        "left_out": [{"name": shown(one.name), "why": one.why} for one in outcome.left_out],
    }


def _file_json(file: EditionFile) -> dict[str, Any]:
    return {
        "role": file.role.value,
        "name": file.name,
        "label": file.label,
        "media_type": file.media_type,
        "size": file.size,
        "sha256": file.sha256,
    }


def _failure_json(failure: Failure) -> dict[str, Any]:
    return {"place": shown(str(failure.place)), **error_data(failure.error)}


class Meter:
    """Progress on standard error: a line that is drawn over itself on a terminal, else a line now and then.

    What is done in a moment is not worth a word.
    """

    def __init__(self, patience: float | None = None) -> None:
        """`patience`: seconds before it says anything; by itself a moment on a terminal, and longer elsewhere."""
        self._lively = sys.stderr.isatty()
        self._pause = 0.1 if self._lively else 10.0  # seconds between two words
        usual = 0.7 if self._lively else 10.0
        self._next = time.monotonic() + (usual if patience is None else patience)
        self._shown = False

    def show(self, progress: Progress) -> None:
        """Say how far it is, if it is time to."""
        now = time.monotonic()
        if now < self._next or not progress.total:
            return
        self._next = now + self._pause
        said = formats("en")
        values = {
            "share": 100 * progress.done // progress.total,
            "done": said.size(progress.done),
            "total": said.size(progress.total),
            "name": progress.name,
        }
        text = as_typed(_("%(share)d %%  %(done)s of %(total)s  %(name)s") % values)
        print(
            f"\r\033[K{text}" if self._lively else text, end="" if self._lively else "\n", file=sys.stderr, flush=True
        )
        self._shown = True

    def clear(self) -> None:
        """Take the line away."""
        if self._lively and self._shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


# ── works ────────────────────────────────────────────────────────────────────────────────────────


def run_works(args: argparse.Namespace) -> int:
    """List all works, as the first page has them; with --order, after they were put in order."""

    async def errand(house: House) -> list[tuple[WorkLine, str]]:
        if args.order is not None:
            slugs = [slug.strip() for slug in args.order.split(",") if slug.strip()]
            deed = Deed(None, What.WORKS_ORDERED, details={"first": ",".join(slugs)})
            await house.db.write(noted(lambda conn: order_works(conn, slugs), deed, house.clock()))
        return [(work, work_address(house, work.slug)) for work in await house.db.read(list_works)]

    works = in_house(args, errand)
    text = "\n".join(_work(work, address) for work, address in works)
    empty = _("There is no work yet. Publish one: headwaters publish FILE-OR-FOLDER --i-made-this")
    say(args, {"works": [_work_json(work, address) for work, address in works]}, text or empty)
    return 0


def _work(work: WorkLine, address: str) -> str:
    said = formats("en")
    files = translations("en").ngettext("%(count)d file", "%(count)d files", work.files) % {"count": work.files}
    parts = [
        f"{from_micros(work.published_at):%Y-%m-%d}",
        work.title,
        said.of(work.price),
        f"{files}, {said.size(work.size)}",
        _("edition %(number)d") % {"number": work.edition},
        {"retired": _("retired"), "withheld": _("withheld")}.get(work.state, ""),
        address,
    ]
    return "  ".join(part for part in parts if part)


def _work_json(work: WorkLine, address: str) -> dict[str, Any]:
    return {
        "slug": work.slug,
        "title": work.title,
        "kind": work.kind,
        "state": work.state,
        "currency": work.price.currency,
        "price": plain(work.price),
        "minimum": plain(work.minimum),
        "edition": work.edition,
        "published_at": utc(from_micros(work.published_at)),
        "files": work.files,
        "size": work.size,
        "address": address,
    }


# ── states ───────────────────────────────────────────────────────────────────────────────────────


def run_retire(args: argparse.Namespace) -> int:
    """Take a work's page away."""
    done = _("%(slug)s is retired: its page is gone, and who has it keeps everything.")
    return _move(args, partial(retire_work, slug=args.slug), WorkState.RETIRED, What.WORK_RETIRED, done)


def run_restore(args: argparse.Namespace) -> int:
    """Bring a work back."""
    done = _("%(slug)s is back.")
    return _move(args, partial(restore_work, slug=args.slug), WorkState.PUBLISHED, What.WORK_RESTORED, done)


def run_withhold(args: argparse.Namespace) -> int:
    """Stop a work's bytes."""
    done = _("%(slug)s is withheld: nobody gets its files, and its page says why.")
    verb = partial(withhold_work, slug=args.slug, note=args.note)
    return _move(args, verb, WorkState.WITHHELD, What.WORK_WITHHELD, done)


def _move(args: argparse.Namespace, verb: partial[bool], state: WorkState, what: What, done: str) -> int:
    async def errand(house: House) -> bool:
        now, deed = house.clock(), Deed(None, what, f"work:{args.slug}")
        return await house.db.write(noted(lambda conn: verb(conn, now=now), deed, now))

    changed = in_house(args, errand)
    text = done if changed else _("%(slug)s was so already; nothing changed.")
    say(args, {"slug": args.slug, "state": state.value, "changed": changed}, text % {"slug": args.slug})
    return 0

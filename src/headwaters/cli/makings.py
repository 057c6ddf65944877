"""The command on what the shop makes of works: list it, make what is due, try again, stop."""

from __future__ import annotations

import argparse
from typing import Any

from headwaters.actions.deeds import noted
from headwaters.actions.makings import stop_makings, try_again
from headwaters.cli._tools import Command, in_house, say
from headwaters.cli._words import _
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Code, WrongUse
from headwaters.core.works.makings import Lane, MakingState
from headwaters.core.works.recipes import title_of
from headwaters.errands.house import House
from headwaters.errands.workshop import Workshop
from headwaters.store.db import Connection
from headwaters.store.makings import MakingLine, lines
from headwaters.store.works import work_at
from headwaters.texts import translations
from headwaters.web.format import formats

_STATES = {
    MakingState.WAITING: _("waits"),
    MakingState.MAKING: _("being made"),
    MakingState.MADE: _("made"),
    MakingState.FAILED: _("failed"),
    MakingState.SKIPPED: _("skipped"),
}


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe makings."""
    about = _("List what the shop makes of works: formats, tastes and the like; make it, try again, or stop.")
    parser = Command(commands, "makings", about, run_makings).shop().parser
    parser.add_argument("slug", nargs="?", metavar="SLUG", help=_("of one work (all)"))
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--run", action="store_true", dest="make", help=_("make all that is due here and now"))
    what.add_argument("--again", metavar="RECIPE", help=_("try again what failed or was skipped, such as mp3"))
    what.add_argument("--stop", metavar="RECIPE", help=_("stop what waits or is being made"))


def run_makings(args: argparse.Namespace) -> int:
    """List, after what was asked for."""
    if (args.again or args.stop) and args.slug is None:
        raise WrongUse(
            Code.WRONG_USE, N_("Say of which work."), hint=N_("For example: headwaters makings my-songs --again mp3")
        )
    found = in_house(args, lambda house: _errand(house, args))
    said = formats("en")
    text = "\n".join(_line(one, said.size(one.size)) for one in found) or _("Nothing is made of these works.")
    say(args, {"makings": [_json(one) for one in found]}, text)
    return 0


async def _errand(house: House, args: argparse.Namespace) -> list[MakingLine]:
    if args.slug is not None:
        await house.db.read(lambda conn: work_at(conn, args.slug))  # says that it is not there
    if args.again or args.stop:
        await _change(house, args.slug, args.again, args.stop)
    if args.make:
        workshop = Workshop(house)
        await workshop.queue_missing()
        for lane in Lane:
            await workshop.make_due(lane)
    return await house.db.read(lambda conn: lines(conn, args.slug))


async def _change(house: House, slug: str, again: str | None, stop: str | None) -> None:
    now, why = house.clock(), translations(house.now.settings.language).gettext(N_("You stopped it."))

    def run(conn: Connection) -> bool:
        return bool(try_again(conn, slug, again, now) if again else stop_makings(conn, slug, stop or "", why, now))

    what = What.MADE_AGAIN if again else What.MAKING_STOPPED
    await house.db.write(noted(run, Deed(None, what, f"work:{slug}", {"format": (again or stop or "")[:40]}), now))


def _line(one: MakingLine, size: str) -> str:
    state = _STATES[one.state]
    if one.state is MakingState.MAKING:
        state = f"{state}, {one.done // 10} %"
    elif one.state is MakingState.MADE and one.size:
        state = f"{state}, {size}"
    words = f"{one.slug}  {_called(one.recipe)}  {one.name}".rstrip() + f": {state}"
    return f"{words}. {one.error}" if one.error else words


def _called(recipe: str) -> str:
    """As people say it; and as --again and --stop take it, where that is another word."""
    title = _(title_of(recipe))
    return recipe if title.casefold() == recipe else f"{title} ({recipe})"


def _json(one: MakingLine) -> dict[str, Any]:
    return {
        "work": one.slug,
        "recipe": one.recipe,
        "title": title_of(one.recipe),
        "file": one.name or None,
        "state": one.state.value,
        "done": one.done / 1000,
        "size": one.size or None,
        "why": one.error or None,
    }

"""Commands of the shop itself: init, settings, doctor."""

from __future__ import annotations

import argparse
import asyncio
import shlex
import sys
from pathlib import Path

from headwaters.cli._tools import Command, in_house, say, shop_dir
from headwaters.cli._words import _, filled
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Code, WrongUse
from headwaters.core.shop import DOCS, KEYS, SECRET_KEYS, masked
from headwaters.core.themes import Theme
from headwaters.errands.doctor import Finding, Health, examine
from headwaters.errands.house import House
from headwaters.errands.init import NewShop, make_shop
from headwaters.errands.look import check_theme_name
from headwaters.errands.settings import change_settings, locked_secrets, open_secret
from headwaters.store.shop import read_settings
from headwaters.wiring import furnish


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe init, settings and doctor."""
    init = Command(commands, "init", _("Make a new, empty shop in a folder."), run_init).parser
    init.add_argument("folder", type=Path, metavar="DIR", help=_("the folder to make"))
    init.add_argument("--name", default="", help=_("the shop's name"))
    init.add_argument("--currency", default="", help=_("three-letter code of your currency (EUR)"))
    init.add_argument("--url", default="", help=_("the address that readers will use, such as https://shop.example"))
    settings = Command(commands, "settings", _("Show or change what the shop is."), run_settings).shop().parser
    settings.add_argument("key", nargs="?", help=_("the setting; without it, all are shown"))
    settings.add_argument(
        "value", nargs="?", help=_("the new value; “-” reads it from standard input (for keys and long texts)")
    )
    Command(commands, "doctor", _("Check that everything works, and say what to do if not."), run_doctor).shop()


def run_init(args: argparse.Namespace) -> int:
    """Make a shop and say what comes next."""
    config = asyncio.run(make_shop(NewShop(args.folder, args.name, args.currency, args.url)))
    text = _(
        "Your shop is in %(shop)s.\n\n"
        "  headwaters publish FILE-OR-FOLDER --shop %(word)s --i-made-this    put a work on sale\n"
        "  headwaters serve --shop %(word)s                                   open the shop at %(url)s\n"
        "  headwaters signin --shop %(word)s                                  a link into your Studio"
    ) % {"shop": config.shop, "word": shlex.quote(str(config.shop)), "url": config.url}
    say(args, {"shop": str(config.shop), "url": config.url}, text)
    return 0


def run_settings(args: argparse.Namespace) -> int:
    """List the settings, show one, or change one."""
    if args.key is not None and args.key not in KEYS:
        raise WrongUse(
            Code.SETTING_INVALID,
            N_("There is no setting %(key)s."),
            hint=N_("“headwaters settings” lists them."),
            key=args.key,
        )
    if args.value is not None:
        return _change(args)
    rows = in_house(args, _read)
    chosen = [args.key] if args.key else list(KEYS)
    lines = [f"{key} = {rows[key]}" + ("" if args.key else f"\n    {DOCS[key]}") for key in chosen]
    say(args, {key: rows[key] for key in chosen}, "\n".join(lines))
    return 0


async def _read(house: House) -> dict[str, str]:
    """Settings as they may be shown: of a secret, only its last four characters."""
    rows = await house.db.read(read_settings)
    shown = {key: rows.get(key, str(getattr(house.now.settings, key))) for key in KEYS}
    locked = locked_secrets(house)
    sealed = _("(sealed with another key than the one in shop.key; “headwaters doctor” tells what to do)")
    return shown | {key: sealed if key in locked else masked(open_secret(house, key)) for key in SECRET_KEYS}


def _change(args: argparse.Namespace) -> int:
    value = sys.stdin.read() if args.value == "-" else args.value

    async def change(house: House) -> dict[str, str]:
        check_theme_name(house, {args.key: value.strip()})
        what = What.TILL_KEYS_CHANGED if args.key in SECRET_KEYS else What.SETTINGS_CHANGED
        return await change_settings(house, {args.key: value}, Deed(None, what, f"setting:{args.key}"))

    changed = {
        key: masked(value.strip()) if key in SECRET_KEYS else kept for key, kept in in_house(args, change).items()
    }
    text = _("%s is set. A shop that is open takes it in within a second.") if changed else _("%s was so already.")
    say(args, {"changed": changed}, text % args.key)
    return 0


def try_on(theme: Theme) -> tuple[str, ...]:
    """What is wrong with a theme, in lines."""
    from headwaters.web.theme_check import check_theme  # all pages are behind it, and most commands make none

    return tuple(f"{one.where}: {one.message}" for one in check_theme(theme))


_MARKS = {Health.GOOD: "✓", Health.LOOK: "!", Health.BAD: "✗"}


def _line(finding: Finding) -> str:
    text = f"{_MARKS[finding.health]} {finding.about}: {filled(finding.message, finding.values)}"
    return f"{text}\n    {filled(finding.advice, finding.values)}" if finding.advice else text


def run_doctor(args: argparse.Namespace) -> int:
    """Examine the shop; exit code 1 when something is bad."""
    findings = asyncio.run(examine(shop_dir(args), furnish, try_on))
    data = [
        {
            "about": finding.about,
            "health": finding.health.value,
            "message": filled(finding.message, finding.values),
            "advice": filled(finding.advice, finding.values) if finding.advice else "",
        }
        for finding in findings
    ]
    say(args, {"findings": data}, "\n".join(map(_line, findings)))
    return 1 if any(finding.health is Health.BAD for finding in findings) else 0

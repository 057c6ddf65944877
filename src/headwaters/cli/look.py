"""Commands of the look and the address: logo, themes, address."""

from __future__ import annotations

import argparse
from pathlib import Path

from headwaters.cli._tools import Command, in_house, say, shop_dir
from headwaters.cli._words import _, error_text
from headwaters.core.errors import N_, Code, Refused, WrongUse
from headwaters.errands import address, look
from headwaters.errands.house import House
from headwaters.errands.themes import Found, all_themes, load_theme, read_theme
from headwaters.store.shop import read_settings


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe logo, themes and address."""
    logo = Command(commands, "logo", _("Put up a logo, or take it away."), run_logo).shop().parser
    logo.add_argument("file", nargs="?", type=Path, metavar="FILE", help=_("a PNG, JPEG, WebP or AVIF"))
    logo.add_argument("--remove", action="store_true", help=_("take it away: the name stands there again"))
    themes = Command(commands, "themes", _("List the designs, or try one on."), run_themes).shop().parser
    themes.add_argument(
        "verb", nargs="?", choices=["check"], help=_("check: make every page in it, and say what is wrong")
    )
    themes.add_argument(
        "theme", nargs="?", metavar="THEME", help=_("its name or folder; the one that is worn without it")
    )
    moved = Command(commands, "address", _("Show or change the address that readers use."), run_address).shop().parser
    moved.add_argument("url", nargs="?", metavar="URL", help=_("the new one, such as https://shop.example"))
    moved.add_argument(
        "--check", action="store_true", help=_("ask whether it leads to this shop, which has to be open")
    )


# ── logo ─────────────────────────────────────────────────────────────────────────────────────────


def run_logo(args: argparse.Namespace) -> int:
    """Put a picture up, or take it away."""
    if args.remove == (args.file is not None):
        raise WrongUse(Code.WRONG_USE, N_("Name a picture, or say --remove."))
    if args.remove:
        changed = in_house(args, lambda house: look.drop_logo(house, None))
        text = _("The logo is gone; the name stands there again.") if changed else _("There was no logo.")
        say(args, {"changed": changed}, text)
        return 0
    upload = look.Upload(args.file.name, _read(args.file))
    changed = in_house(args, lambda house: look.set_logo(house, upload, None))
    say(args, {"changed": changed}, _("The logo is up.") if changed else _("It was up already."))
    return 0


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(look.LARGEST_LOGO + 1)
    except OSError as wrong:
        why = wrong.strerror or type(wrong).__name__
        raise Refused(Code.FILE_UNREADABLE, N_("%(path)s cannot be read: %(why)s."), path=str(path), why=why) from None


# ── themes ───────────────────────────────────────────────────────────────────────────────────────


def run_themes(args: argparse.Namespace) -> int:
    """List them, or try one on: exit code 1 where something is wrong with it."""
    return _check(args) if args.verb else _list(args)


async def _worn(house: House) -> str:
    rows = await house.db.read(read_settings)
    return rows.get("theme", house.now.settings.theme)


def _list(args: argparse.Namespace) -> int:
    worn, found = in_house(args, _worn), all_themes(shop_dir(args))
    lines = [f"{'*' if one.name == worn else ' '} {one.name:<16} {_about(one)}" for one in found]
    lines.append(_("Wear one with “headwaters settings theme NAME”."))
    data = [
        {
            "name": one.name,
            "about": one.theme.card.about if one.theme else "",
            "worn": one.name == worn,
            "own": one.theme is not None and not one.theme.trusted,
            "error": error_text(one.fault) if one.fault else "",
        }
        for one in found
    ]
    say(args, {"themes": data}, "\n".join(lines))
    return 0


def _about(found: Found) -> str:
    return found.theme.card.about if found.theme else error_text(found.fault) if found.fault else ""


def _check(args: argparse.Namespace) -> int:
    from headwaters.web.theme_check import check_theme  # all pages are behind it, and the other commands make none

    folder = Path(args.theme) if args.theme else None
    if folder is not None and (folder.is_dir() or folder.name != args.theme):
        theme = read_theme(folder.resolve())  # a folder that is worked on needs no shop
    else:
        theme = load_theme(shop_dir(args), args.theme or in_house(args, _worn))
    found = check_theme(theme)
    lines = [f"✗ {one.where}\n    {one.message}" for one in found]
    lines += [_("%s can be worn: every page can be made.") % theme.name] if not found else []
    data = [{"where": one.where, "message": one.message} for one in found]
    say(args, {"theme": theme.name, "complaints": data}, "\n".join(lines))
    return 1 if found else 0


# ── address ──────────────────────────────────────────────────────────────────────────────────────


def run_address(args: argparse.Namespace) -> int:
    """Show the address, check one, or write it into headwaters.toml."""
    if args.check:
        return _ask(args)
    if args.url is None:
        url, to = in_house(args, _addresses)
        lines = [_("Readers use %s") % url] + ([_("It is to become %s") % to] if to else [])
        say(args, {"url": url, "next": to}, "\n".join(lines))
        return 0
    moved = in_house(args, lambda house: address.move(house, args.url))
    text = _("%(path)s says so from now on: readers use %(url)s.\nStart the shop again, and it counts.")
    if not moved.changed:
        text = _("%(path)s said so already: readers use %(url)s.")
    if moved.overruled:
        text += "\n" + _("But HEADWATERS_URL is set where this runs, and wins over the file.")
    values = {"path": moved.path, "url": moved.url}
    say(args, {"url": moved.url, "changed": moved.changed, "overruled": moved.overruled}, text % values)
    return 0


async def _addresses(house: House) -> tuple[str, str]:
    to = house.now.settings.next_address
    return house.config.url, "" if to == house.config.url else to


def _ask(args: argparse.Namespace) -> int:
    async def ask(house: House) -> tuple[address.Tried, ...]:
        if args.url:
            url = await address.note_next(house, args.url, None)
        else:
            url = house.now.settings.next_address or house.config.url
        return await address.check(house, url)

    tried = in_house(args, ask)
    lines = [f"✗ {error_text(one.error)}" if one.error else f"✓ {one.url}" for one in tried]
    data = [
        {"url": one.url, "here": one.error is None, "error": error_text(one.error) if one.error else ""}
        for one in tried
    ]
    say(args, {"checks": data}, "\n".join(lines))
    return 0 if tried[0].error is None else 1

"""The doctor: looks at everything a shop needs, changes nothing, and says in words what is wrong and what to do."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path

from headwaters import texts
from headwaters.config import KEY_NAME, Config, load_config
from headwaters.core.errors import N_, HeadwatersError
from headwaters.core.look import LOGO
from headwaters.core.sales.states import Mode
from headwaters.core.shop import says_how_to_pay
from headwaters.core.themes import Theme
from headwaters.core.works.faults import fault_of
from headwaters.core.works.makings import MakingState
from headwaters.core.works.recipes import title_of
from headwaters.errands import claims
from headwaters.errands.blobs import blob_of
from headwaters.errands.house import House
from headwaters.errands.settings import locked_secrets
from headwaters.store import blobs as blob_rows
from headwaters.store import outbox as outbox_rows
from headwaters.store import works as work_rows
from headwaters.store.assets import read_asset
from headwaters.store.blobs import PlaceRow, places
from headwaters.store.db import Connection, Database
from headwaters.store.makings import MakingLine
from headwaters.store.makings import lines as makings

LOW_SPACE = 1 << 30  # bytes
NAMED = 3  # files that are named where more are wrong
KEY_BYTES = 32

Furnish = Callable[[Config], AbstractAsyncContextManager[House]]


TryOn = Callable[[Theme], tuple[str, ...]]


def _nothing_wrong(_theme: Theme) -> tuple[str, ...]:
    return ()


class Health(StrEnum):
    """Good; worth a look; bad: something does not work."""

    GOOD = "good"
    LOOK = "look"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. Messages are msgids with %(name)s placeholders."""

    about: str
    health: Health
    message: str
    advice: str = ""
    values: dict[str, object] = field(default_factory=dict)


def _from_error(about: str, error: HeadwatersError) -> Finding:
    message = texts.error_text(error).replace("%", "%%")
    return Finding(about, Health.BAD, message, texts.hint_text(error).replace("%", "%%"))


async def examine(shop: Path, furnish: Furnish, try_on: TryOn = _nothing_wrong) -> list[Finding]:
    """All findings, in the order in which they matter. What an earlier one keeps from being looked at is left out.

    `try_on` makes every page in a theme and says what is wrong (errands make no pages)."""
    try:
        config = load_config(shop)
    except HeadwatersError as error:
        return [_from_error("configuration", error)]
    findings = [
        Finding("configuration", Health.GOOD, N_("read from %(shop)s"), values={"shop": str(shop)}),
        _look_at_address(config),
        _look_at_key(shop / KEY_NAME),
        *_look_at_disk(config),
        await _look_at_database(config),
    ]
    if not any(found.health is Health.BAD and found.about in {"key", "database"} for found in findings):
        async with furnish(config) as house:
            findings += [finding async for finding in _look_inside(house)]
            findings.append(await asyncio.to_thread(_look_at_theme, house, try_on))
    return findings


def _look_at_address(config: Config) -> Finding:
    values: dict[str, object] = {"url": config.url}
    if config.secure or config.host in {"127.0.0.1", "::1", "localhost"}:
        return Finding("address", Health.GOOD, N_("readers use %(url)s"), values=values)
    return Finding(
        "address",
        Health.LOOK,
        N_("readers use %(url)s, which is not encrypted, and the shop listens beyond this machine"),
        N_("Put Caddy in front (docs/operate) and set url to the https:// address."),
        values,
    )


def _moving(house: House) -> Finding:
    values: dict[str, object] = {"url": house.config.url, "next": house.now.settings.next_address}
    advice = N_("When it leads here (Studio, Address), run: headwaters address %(next)s")
    return Finding("address", Health.LOOK, N_("it is to become %(next)s, and is %(url)s still"), advice, values)


def _look_at_key(path: Path) -> Finding:
    mode = stat.S_IMODE(path.stat().st_mode)
    values: dict[str, object] = {"path": str(path)}
    if path.stat().st_size != KEY_BYTES:
        return Finding("key", Health.BAD, N_("%(path)s is damaged"), N_("Restore it from your backup."), values)
    if mode & 0o077:
        return Finding(
            "key", Health.LOOK, N_("others on this machine can read %(path)s"), N_("Run: chmod 600 %(path)s"), values
        )
    return Finding("key", Health.GOOD, N_("only you can read it"))


def _look_at_disk(config: Config) -> list[Finding]:
    found = []
    for folder in _disks(config):
        free = shutil.disk_usage(folder).free
        values: dict[str, object] = {"folder": str(folder), "free": f"{free / 1e9:.1f} GB"}
        if not os.access(folder, os.W_OK):
            advice = N_("Run the shop as the user who owns it.")
            found.append(Finding("disk", Health.BAD, N_("%(folder)s cannot be written to"), advice, values))
        elif free < LOW_SPACE:
            advice = N_("Make room: without it no order can be taken.")
            found.append(Finding("disk", Health.LOOK, N_("only %(free)s free in %(folder)s"), advice, values))
        else:
            found.append(Finding("disk", Health.GOOD, N_("%(free)s free in %(folder)s"), values=values))
    return found


def _disks(config: Config) -> list[Path]:
    """The folders that are written to; of two on one disk the first, unless the second is closed to us."""
    folders = [folder for folder in (config.shop, config.files_dir) if folder.exists()]
    first = folders[0].stat().st_dev
    return folders[:1] + [one for one in folders[1:] if one.stat().st_dev != first or not os.access(one, os.W_OK)]


async def _look_at_database(config: Config) -> Finding:
    database = Database(config.database_url)
    try:
        await database.check()  # first: to open a file that is not there makes one
        await database.open()
    except HeadwatersError as error:
        return _from_error("database", error)
    finally:
        await database.close()
    kind = "PostgreSQL" if config.database else "SQLite"
    return Finding("database", Health.GOOD, N_("%(kind)s, whole and up to date"), values={"kind": kind})


async def _look_inside(house: House) -> AsyncIterator[Finding]:
    if house.now.settings.next_address not in {"", house.config.url}:
        yield _moving(house)
    stores = [await _look_at_store(house, place) for place in house.storage.names if place != "local"]
    stores += [
        _nowhere(row) for row in await house.db.read(partial(places, since=0)) if row.place not in house.storage.names
    ]
    for finding in stores:
        yield finding
    if all(finding.health is Health.GOOD for finding in stores):
        yield await _look_at_files(house)
    if (locked := locked_secrets(house)) != []:
        yield _locked(locked)
    yield _look_at_tills(house)
    yield await _look_at_mail(house)
    yield await _look_at_outbox(house)
    yield await _look_at_formats(house)


async def _look_at_store(house: House, place: str) -> Finding:
    """Whether bytes can be kept there, read and removed."""
    try:
        await house.storage.at(place).look()
        found = await claims.whose(house, place)
    except HeadwatersError as error:
        return _from_error("store", error)
    if found is claims.Whose.ANOTHERS:
        return _anothers(place)
    values: dict[str, object] = {"place": place, "where": house.storage.first}
    return Finding(
        "store", Health.GOOD, N_("%(place)s keeps, reads and removes; new files go to: %(where)s"), values=values
    )


def _anothers(place: str) -> Finding:
    message = N_("%(place)s has the name of another shop, or of this one before it was copied or restored")
    advice = N_(
        "Files are kept and sent, and nothing is removed there. If no other shop uses it any more: headwaters storage "
        "claim. Else give one of them another prefix."
    )
    return Finding("store", Health.LOOK, message, advice, {"place": place})


def _nowhere(row: PlaceRow) -> Finding:
    message = N_("%(count)d files are in %(place)s, of which the configuration says nothing")
    advice = N_("Put its part back into headwaters.toml; readers get none of these until then.")
    return Finding("store", Health.BAD, message, advice, {"count": row.count, "place": row.place})


async def _look_at_files(house: House) -> Finding:
    """Every blob is there with its size (a link: with its witness); the bytes themselves are `verify`'s."""
    kept = [blob_of(row) for row in await house.db.read(work_rows.all_blobs)]

    def look() -> tuple[list[str], list[HeadwatersError]]:
        far = {place for place in house.storage.names if place != "local"}
        held = {(place, one.sha256): one.size for place in far for one in house.storage.at(place).holdings()}
        wrong, out_of_reach = list[str](), list[HeadwatersError]()
        for blob in kept:
            try:
                house.storage.open(blob).close()
            except HeadwatersError as error:
                if fault_of(error.code) is None:
                    out_of_reach.append(error)
                else:
                    wrong.append(blob.sha256)
            else:  # what is far away was not looked at
                if blob.place in far and held.get((blob.place, blob.sha256)) != blob.size:
                    wrong.append(blob.sha256)
        return wrong, out_of_reach

    wrong, out_of_reach = await asyncio.to_thread(look)
    if out_of_reach:
        return _out_of_reach(len(out_of_reach), len(kept), out_of_reach[0])
    if not wrong:
        return Finding("files", Health.GOOD, N_("%(count)d kept, none missing or changed"), values={"count": len(kept)})
    if len(wrong) == len(kept):
        advice = N_("Is the disk that they are on mounted? If it is, restore the files folder, or publish them again.")
    else:
        advice = _put_right(len(wrong), len(await house.db.read(lambda conn: blob_rows.of_the_shop(conn, wrong))))
    return Finding(
        "files",
        Health.BAD,
        N_("%(wrong)d of %(count)d missing or changed: %(which)s"),
        advice,
        {"wrong": len(wrong), "count": len(kept), "which": await house.db.read(lambda conn: _named(conn, wrong))},
    )


def _out_of_reach(count: int, of: int, first: HeadwatersError) -> Finding:
    message = N_("%(count)d of %(of)d cannot be looked at. The first: %(why)s")
    advice = N_("This says nothing about their bytes. Run the shop as the user who owns the files folder.")
    return Finding("files", Health.BAD, message, advice, {"count": count, "of": of, "why": texts.error_text(first)})


def _put_right(wrong: int, made: int) -> str:
    """What to do about so many files, of which the shop made some itself."""
    if not made:
        return N_("Publish the works they belong to again from your originals, or restore the files folder.")
    if made == wrong:
        return N_("The shop made them itself, and makes them again once it knows: “headwaters storage check --all”.")
    return N_(
        "What the shop made itself it makes again, once it knows: “headwaters storage check --all”. Publish the works "
        "of the rest again from your originals, or restore the files folder."
    )


def _named(conn: Connection, wrong: Sequence[str]) -> str:
    """The first few of these blobs by the names that people know: files of works, the logo."""
    named = [name for sha256 in wrong[:NAMED] for name in _names_of(conn, sha256)][:NAMED]
    return ", ".join(named if len(wrong) <= NAMED else [*named, "…"])


def _names_of(conn: Connection, sha256: str) -> list[str]:
    logo = read_asset(conn, LOGO)
    if logo is not None and logo.blob.sha256 == sha256:
        return [texts.translations("en").gettext(N_("the logo"))]
    return [f"“{use.name}” ({use.slug}, {use.edition})" for use in work_rows.uses_of(conn, sha256)] or [sha256]


def _locked(keys: list[str]) -> Finding:
    message = N_("%(keys)s cannot be read: sealed with another key than the one in shop.key")
    advice = N_(
        "Put the shop.key of your backup back and start again, or set it anew: “headwaters settings %(first)s -”."
    )
    return Finding("secrets", Health.BAD, message, advice, {"keys": ", ".join(keys), "first": keys[0]})


def _look_at_tills(house: House) -> Finding:
    names = ", ".join(house.now.tills)
    if not names:
        return Finding(
            "tills",
            Health.LOOK,
            N_("none is on, so nobody can pay"),
            N_("“headwaters settings by_hand on”, or stripe_secret_key and stripe_webhook_secret (docs/sell)."),
        )
    tested = ", ".join(till.name for till in house.now.tills.values() if till.mode is Mode.TEST)
    if tested:
        advice = N_("When you have tried everything, set the live keys (docs/sell).")
        message = N_("%(names)s; %(tested)s has a key for tests, so works go for cards that nobody pays with")
        return Finding("tills", Health.LOOK, message, advice, {"names": names, "tested": tested})
    if "by_hand" in house.now.tills and not says_how_to_pay(house.now.settings):
        advice = N_("“headwaters settings by_hand_iban 'DE02 …'” or by_hand_instructions tells them.")
        message = N_("%(names)s; nobody is told how to pay you by hand")
        return Finding("tills", Health.LOOK, message, advice, {"names": names})
    if "practice" in house.now.tills and len(house.now.tills) > 1:
        advice = N_("When you have tried everything: “headwaters settings practice off”.")
        return Finding(
            "tills", Health.LOOK, N_("%(names)s; the practice till takes no money"), advice, {"names": names}
        )
    return Finding("tills", Health.GOOD, N_("%(names)s"), values={"names": names})


async def _look_at_mail(house: House) -> Finding:
    if house.mailer is None:
        advice = N_("It works without. For copies of links by mail, give [smtp] in headwaters.toml (docs/operate).")
        return Finding("mail", Health.LOOK, N_("not configured: nothing is sent"), advice)
    try:
        await house.mailer.check()
    except HeadwatersError as error:
        return _from_error("mail", error)
    return Finding("mail", Health.GOOD, N_("the mail server answers"))


def _look_at_theme(house: House, try_on: TryOn) -> Finding:
    """A theme that is worn, and every page in it. A broken one takes no page away: River steps in."""
    worn = house.now.dress
    values: dict[str, object] = {"name": worn.theme.name}
    if worn.fault is not None:
        return _from_error("theme", worn.fault)
    if wrong := try_on(worn.theme):
        values |= {"count": len(wrong), "first": wrong[0]}
        advice = N_("“headwaters themes check” tells all. Until it is mended, such pages are made without it.")
        return Finding("theme", Health.LOOK, N_("%(name)s fails in %(count)d places, first %(first)s"), advice, values)
    return Finding("theme", Health.GOOD, N_("%(name)s; every page can be made"), values=values)


async def _look_at_outbox(house: House) -> Finding:
    waiting, given_up = await house.db.read(outbox_rows.count_open)
    values: dict[str, object] = {"waiting": waiting, "given_up": given_up}
    if given_up:
        values["why"] = await house.db.read(outbox_rows.last_given_up)
        message = N_("mails that could not be delivered: %(given_up)d; the last: %(why)s")
        advice = N_("Readers’ pages work all the same. A link can be mailed again from its order in the Studio.")
        return Finding("outbox", Health.LOOK, message, advice, values)
    return Finding("outbox", Health.GOOD, N_("%(waiting)d waiting"), values=values)


def _first_unmade(line: MakingLine) -> str:
    title = texts.translations("en").gettext(title_of(line.recipe))
    return ", ".join(part for part in (line.slug, line.name, title) if part) + f": {line.error}"


async def _look_at_formats(house: House) -> Finding:
    """Nothing that is wrong here keeps a work from being published or taken."""
    program = house.encoder.about() if house.encoder else ""
    if not program:
        advice = N_("Install ffmpeg (for Debian: apt install ffmpeg), or the extra: pip install 'headwaters[formats]'.")
        return Finding("formats", Health.LOOK, N_("no ffmpeg: music and films get no other formats"), advice)
    failed = [one for one in await house.db.read(makings) if one.state is MakingState.FAILED]
    if failed:
        first = _first_unmade(failed[0])
        values: dict[str, object] = {"count": len(failed), "first": first}
        advice = N_("“headwaters makings” lists them; their works have all other files.")
        return Finding("formats", Health.LOOK, N_("%(count)d could not be made; the first: %(first)s"), advice, values)
    return Finding("formats", Health.GOOD, N_("%(program)s"), values={"program": program})

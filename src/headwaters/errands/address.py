"""The shop's own address: whether a name leads here, and writing it into headwaters.toml."""

from __future__ import annotations

import json
import os
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from headwaters.actions.deeds import noted
from headwaters.actions.shop import change_settings_as
from headwaters.config import FILE_NAME, PREFIX
from headwaters.core.address import PROOF_PATH, check_address, place_of, proof, with_url
from headwaters.core.deeds import Deed, What
from headwaters.core.errors import N_, Code, HeadwatersError, Refused, Unavailable
from headwaters.core.shop import check_setting
from headwaters.errands.house import House, refresh
from headwaters.store.db import Connection

MOST_PROOF = 1000  # bytes of an answer; a proof has about a hundred


@dataclass(frozen=True, slots=True)
class Tried:
    """An address that was asked for, and why it does not lead here; `error` None: it does."""

    url: str
    error: HeadwatersError | None


# ── does it lead here? ───────────────────────────────────────────────────────────────────────────


def answer_of(house: House, nonce: str) -> dict[str, str]:
    """What the shop says to whoever asks whether it is here."""
    return {"headwaters": "1", "proof": proof(house.shop_key, nonce)}


async def check(house: House, url: str) -> tuple[Tried, ...]:
    """Ask this very shop by an address, over HTTPS and over HTTP; by the scheme alone where a port is named.

    Only the shop's own address and the one it moves to (the setting `next_address`) are asked for.
    Raises Refused(ADDRESS_FORBIDDEN).
    """
    if url not in {house.config.url, house.now.settings.next_address} or house.fetcher is None:
        raise Refused(
            Code.ADDRESS_FORBIDDEN,
            N_("Only the shop’s own address can be checked, and the one that it is to move to."),
            hint=N_("Note the address first."),
        )
    return tuple([await _try(house, one) for one in _both(url)])


def _both(url: str) -> tuple[str, ...]:
    place = place_of(url)
    if place.port not in {80, 443} or not place.is_name:
        return (url,)
    return f"https://{place.host}", f"http://{place.host}"


async def _try(house: House, url: str) -> Tried:
    assert house.fetcher is not None
    nonce = house.token()
    try:
        fetched = await house.fetcher.fetch(f"{url}{PROOF_PATH}?nonce={nonce}", MOST_PROOF)
    except HeadwatersError as error:
        return Tried(url, error)
    if 300 <= fetched.status < 400 and url.startswith("http://"):
        return Tried(url, None)  # Caddy leads plain HTTP on to HTTPS, which was looked at by itself
    with suppress(ValueError, AttributeError):
        if json.loads(fetched.body).get("proof") == proof(house.shop_key, nonce):
            return Tried(url, None)
    return Tried(url, _elsewhere(url, fetched.status))


def _elsewhere(url: str, status: int) -> Unavailable:
    return Unavailable(
        Code.ADDRESS_ELSEWHERE,
        N_("Something answers at %(url)s, but it is not this shop (HTTP %(status)d)."),
        hint=N_("Look whether the record has this machine’s address, and whether Caddy leads on to this shop’s port."),
        url=url,
        status=status,
    )


# ── moving ───────────────────────────────────────────────────────────────────────────────────────


async def note_next(house: House, text: str, who: int | None) -> str:
    """Remember the address that the shop is to move to; empty: none any more. As it is kept.

    Raises Refused(ADDRESS_INVALID) naming the field `address`.
    """
    try:
        url = check_setting("next_address", text)
    except Refused as wrong:
        raise _invalid(str(wrong)) from None
    now = house.clock()
    await house.db.write(lambda conn: change_settings_as(conn, {"next_address": url}, who, now))
    await refresh(house)
    return url


def _invalid(why: str) -> Refused:
    return Refused(Code.ADDRESS_INVALID, why.replace("%", "%%"), field="address")


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of headwaters.toml. `changed` False: it said so already. `overruled`: HEADWATERS_URL wins over it."""

    url: str
    path: Path
    changed: bool
    overruled: bool


async def move(house: House, text: str, environ: Mapping[str, str] = os.environ) -> Moved:
    """Write the address into headwaters.toml, every other line and comment as it was. It counts from the next start.

    Safe to interrupt and run again. Raises Refused(ADDRESS_INVALID | CONFIG_BROKEN).
    """
    try:
        url = check_address(text)
    except ValueError as wrong:
        raise _invalid(str(wrong.args[0])) from None
    path = house.config.shop / FILE_NAME
    changed = _write(path, url)
    now = house.clock()

    def settle(conn: Connection) -> bool:
        change_settings_as(conn, {"next_address": ""}, None, now)
        return changed

    await house.db.write(noted(settle, Deed(None, What.ADDRESS_CHANGED, f"address:{url}"), now))
    return Moved(url, path, changed, f"{PREFIX}URL" in environ)


def _write(path: Path, url: str) -> bool:
    """Whether there was anything to write."""
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        after = with_url(before, url)
        if after == before:
            return False
        _replace(path, after)
    except (ValueError, tomllib.TOMLDecodeError) as wrong:
        line = f'url = "{url}"'
        hint = N_("Write this line into it yourself: %(line)s")
        message = N_("%(path)s cannot be changed for certain (%(why)s).")
        raise Refused(Code.CONFIG_BROKEN, message, hint=hint, path=str(path), why=str(wrong), line=line) from None
    except OSError as wrong:
        why = wrong.strerror or type(wrong).__name__
        raise Refused(Code.CONFIG_BROKEN, N_("%(path)s cannot be written: %(why)s."), path=str(path), why=why) from None
    return True


def _replace(path: Path, text: str) -> None:
    """Whole or not at all, and for the same eyes as before: mail passwords may stand in it."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    fresh = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)

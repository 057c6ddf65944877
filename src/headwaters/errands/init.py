"""Make a shop: a folder with a configuration, a database and a key."""

from __future__ import annotations

import os
import secrets
import shlex
from dataclasses import dataclass
from pathlib import Path

from headwaters.actions.shop import change_settings
from headwaters.config import FILE_NAME, KEY_NAME, Config, check_url, load_config, read_config
from headwaters.core.errors import N_, Code, Refused
from headwaters.core.shop import check_setting
from headwaters.store.db import Database

KEY_BYTES = 32
_OURS = ("headwaters.", KEY_NAME)  # what an init that was interrupted leaves

_CONFIG = """\
# How this shop runs. Every name is told in docs/operate/configuration.md; HEADWATERS_<NAME> in the
# environment wins over it. What the shop is (its name, its tills…) lives in the database: “headwaters settings”.
{url}
# host = "127.0.0.1"
# port = 8000

# [smtp]
# host = "mail.example.org"
# sender = "shop@example.org"
# user = ""
# password = ""
"""


@dataclass(frozen=True, slots=True)
class NewShop:
    """What `headwaters init` was told; empty text: the default."""

    folder: Path
    name: str
    currency: str
    url: str


async def make_shop(new: NewShop) -> Config:
    """Make it. Safe to interrupt and run again: the key comes last, and without it there is no shop yet.

    Raises Refused: SHOP_EXISTS; CONFIG_BROKEN, SETTING_INVALID (before anything is made); FILE_UNREADABLE.
    """
    if (new.folder / KEY_NAME).exists():
        raise Refused(
            Code.SHOP_EXISTS,
            N_("There is a shop in %(shop)s already."),
            hint=N_("Serve it with “headwaters serve --shop %(word)s”."),
            shop=str(new.folder),
            word=shlex.quote(str(new.folder)),
        )
    changes = {key: check_setting(key, value) for key, value in _settings(new).items()}
    url = f'url = "{check_url(new.url)}"' if new.url else '# url = "https://shop.example"'
    try:
        _write_folder(new.folder, _CONFIG.format(url=url))
        database = Database(read_config(new.folder).database_url)
        await database.migrate()
        await database.open()
        try:
            await database.write(lambda conn: change_settings(conn, changes))
        finally:
            await database.close()
        _write_key(new.folder / KEY_NAME)
    except OSError as wrong:
        raise Refused(
            Code.FILE_UNREADABLE,
            N_("Cannot make a shop in %(shop)s: %(why)s."),
            shop=str(new.folder),
            why=os.strerror(wrong.errno) if wrong.errno else str(wrong),
        ) from wrong
    return load_config(new.folder)


def _settings(new: NewShop) -> dict[str, str]:
    return {key: value for key, value in (("name", new.name), ("currency", new.currency)) if value}


def _write_folder(folder: Path, config: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if all(path.name.startswith(_OURS) for path in folder.iterdir()):  # others may need the way to what else is there
        folder.chmod(0o700)  # order pages, addresses and till keys are inside; each is its owner's alone besides
    path = folder / FILE_NAME
    if not path.exists():
        path.write_text(config, encoding="utf-8")
        path.chmod(0o600)


def _write_key(path: Path) -> None:
    """32 random bytes that only the owner reads; on the disk before the name appears."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)

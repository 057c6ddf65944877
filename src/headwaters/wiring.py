"""Config → adapters, once for a process. The only module that imports adapters; tests replace it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from headwaters.adapters.books.apart import BooksApart
from headwaters.adapters.fetch import HttpFetcher
from headwaters.adapters.mail.smtp import SmtpMailer
from headwaters.adapters.media.apart import MediaApart
from headwaters.adapters.media.encoder import FfmpegEncoder
from headwaters.adapters.media.pieces import FfmpegCutter
from headwaters.adapters.passkeys import WebAuthnPasskeys
from headwaters.adapters.stamp.apart import StamperApart
from headwaters.adapters.storage.local import LocalStorage
from headwaters.adapters.storage.places import StoragePlaces
from headwaters.adapters.tills import make_till_check, make_tills
from headwaters.adapters.vault import SivVault
from headwaters.config import KEY_NAME, Config
from headwaters.core.errors import N_, Code, Refused
from headwaters.core.passkeys import passkey_site
from headwaters.errands.house import House, look_around
from headwaters.errands.settings import seal_secrets
from headwaters.store.blobs import is_whole_at
from headwaters.store.db import Database

KEY_BYTES = 32
FOR_US_ALONE, FOR_A_PROXY = 0o700, 0o750  # modes of the folders of files; a proxy is in the shop's group
_LETTERS = b"abcdefghijklmnopqrstuvwxyz234567" * 8  # a byte is one of them, each as likely as the other


def make_token() -> str:
    """130 random bits as 26 characters of a–z and 2–7."""
    return secrets.token_bytes(26).translate(_LETTERS).decode()


def read_clock() -> datetime:
    """Now, aware, in UTC."""
    return datetime.now(UTC)


def read_key(path: Path) -> bytes:
    """The shop's key. Raises Refused(CONFIG_BROKEN) for a damaged one: what an empty key signs, anybody can sign."""
    try:
        key = path.read_bytes()
    except OSError as wrong:
        why = wrong.strerror or str(wrong)
        raise Refused(Code.CONFIG_BROKEN, N_("%(path)s cannot be read: %(why)s"), path=str(path), why=why) from wrong
    if len(key) != KEY_BYTES:
        hint = N_("Restore it from your backup.")
        raise Refused(Code.CONFIG_BROKEN, N_("The shop's key, %(path)s, is damaged."), hint=hint, path=str(path))
    return key


def make_storage(config: Config, database: Database) -> StoragePlaces:
    """The shop's storages. Nothing is asked of a store before it is needed."""
    local = LocalStorage(config.files_dir, FOR_A_PROXY if config.accel else FOR_US_ALONE)
    if config.s3 is None:
        return StoragePlaces({"local": local}, "local")
    from headwaters.adapters.storage.s3 import PLACE, make_s3  # its client is large, and most shops need none

    async def trusted(sha256: str) -> bool:
        return await database.read(lambda conn: is_whole_at(conn, sha256, PLACE))

    s3 = make_s3(config.s3, config.copies_dir, trusted)
    return StoragePlaces({"local": local, PLACE: s3}, config.storage)


@asynccontextmanager
async def furnish(config: Config) -> AsyncIterator[House]:
    """An open house: database at its newest schema, ports filled, settings read; closed at the end.

    Raises Refused(CONFIG_BROKEN | DATABASE_NEWER), Unavailable.
    """
    shop_key = read_key(config.shop / KEY_NAME)
    site = passkey_site(config.url)
    database = Database(config.database_url)
    await database.migrate()
    await database.open()
    storage = make_storage(config, database)
    try:
        vault = SivVault(shop_key)
        await seal_secrets(database, vault)
        tills = partial(make_tills, shop_key=shop_key, clock=read_clock, vault=vault)
        house = House(
            config=config,
            db=database,
            storage=storage,
            media=MediaApart(),
            books=BooksApart(),
            mailer=SmtpMailer(config.smtp) if config.smtp else None,
            clock=read_clock,
            token=make_token,
            make_tills=tills,
            make_till_check=partial(make_till_check, shop_key=shop_key),
            vault=vault,
            now=await look_around(database, config, tills),
            shop_key=shop_key,
            passkeys=WebAuthnPasskeys(site) if site else None,
            stamper=StamperApart(),
            fetcher=HttpFetcher(own=(config.url,)),
            encoder=FfmpegEncoder(),
            cutter=FfmpegCutter(),
        )
        yield house
    finally:
        await asyncio.to_thread(storage.close)
        await database.close()

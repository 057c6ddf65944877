"""Looking at mirrors: whether another host has a work's files, before any reader is sent there.

Of each file the host's own words are compared (size, and SHA-256 where it tells one), then the first bytes. The whole
is not fetched: whoever downloads checks it, as Metalink and torrents carry every sum.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from headwaters.actions.mirrors import note_look
from headwaters.core.clock import to_micros
from headwaters.core.errors import N_, Code, HeadwatersError
from headwaters.core.shelf.metalink import under
from headwaters.core.works.mirrors import AGAIN, MirrorState, Wanted, fault_of, looked_at
from headwaters.errands.blobs import blob_of
from headwaters.errands.house import House, refresh
from headwaters.ports import Fetcher
from headwaters.store import mirrors as rows
from headwaters.store import shelf
from headwaters.store.mirrors import MirrorRow
from headwaters.store.shelf import FileRow
from headwaters.texts import translations

FIRST_BYTES = 64 << 10

_UNREACHED: Mapping[Code, str] = {
    Code.ADDRESS_FORBIDDEN: N_("It leads into a network of somebody’s own, not to the open internet."),
    Code.ADDRESS_NOWHERE: N_("Nobody knows the name of this host."),
    Code.ADDRESS_SILENT: N_("Nobody answers there."),
    Code.ADDRESS_UNSAFE: N_("It answers over HTTPS, but its certificate is not good."),
}
_OTHER_BYTES = N_("“%(name)s” is another file there.")
_EMPTY = N_("There are no files in this work yet.")


async def check_due(house: House) -> int:
    """Look at the mirrors whose turn it is, one after the other; how many those were."""
    if house.fetcher is None:
        return 0
    before = to_micros(house.clock() - AGAIN)
    found = await house.db.read(partial(rows.due, before=before))
    for mirror in found:
        await check_mirror(house, house.fetcher, mirror)
    if found:
        await refresh(house)
    return len(found)


async def check_work(house: House, work_id: int) -> None:
    """Look at all mirrors of a work now."""
    assert house.fetcher is not None
    for mirror in await house.db.read(partial(rows.mirrors_of, work_id=work_id)):
        await check_mirror(house, house.fetcher, mirror)


async def check_mirror(house: House, fetcher: Fetcher, mirror: MirrorRow) -> bool:
    """Look at one, and keep what was found. False: somebody else looked meanwhile."""
    error = await _look(house, fetcher, mirror)
    state = MirrorState.BAD if error else MirrorState.GOOD
    now = house.clock()
    return await house.db.write(lambda conn: note_look(conn, mirror, state, error, now))


async def _look(house: House, fetcher: Fetcher, mirror: MirrorRow) -> str:
    """What is wrong with it, in the shop's language, or nothing."""
    gettext = translations(house.now.settings.language).gettext
    edition = await house.db.read(partial(shelf.newest_edition, work_id=mirror.work_id))
    files = {file.name: file for file in await house.db.read(partial(shelf.edition_files, edition_id=edition.id))}
    wanted = tuple(Wanted(file.name, file.size, file.sha256) for file in files.values())
    if not wanted:
        return gettext(_EMPTY)
    for each in looked_at(wanted):
        try:
            fault = await _fault(house, fetcher, under(mirror.address, each.name), each, files[each.name])
        except HeadwatersError as unreached:
            if unreached.code not in _UNREACHED:
                raise
            return gettext(_UNREACHED[unreached.code])
        if fault:
            return gettext(fault) % {"name": each.name}
    return ""


async def _fault(house: House, fetcher: Fetcher, url: str, wanted: Wanted, file: FileRow) -> str:
    head = await fetcher.look(url)
    headers = head.headers
    if fault := fault_of(wanted, head.status, headers.get("content-length", ""), headers.get("repr-digest", "")):
        return fault
    most = min(FIRST_BYTES, wanted.size)
    fetched = await fetcher.fetch(url, most + 1)  # one more: a file that is longer than ours is another
    with house.storage.open(blob_of(file)) as source:
        ours = await source.read(0, most + 1)
    return "" if fetched.status == 200 and fetched.body == ours else _OTHER_BYTES

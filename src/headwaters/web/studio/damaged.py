"""What of the shop's files is damaged, as the Studio's pages say it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from headwaters.core.errors import N_
from headwaters.core.works.makings import ENDED, MakingState
from headwaters.store.blobs import FaultRow
from headwaters.web.contexts.studio import DamagedItem
from headwaters.web.format import Format

_FAULTS = {"missing": N_("is missing"), "changed": N_("has changed")}
_MOST = 10  # files of a work that are named


def check_command(shop: Path) -> str:
    """What looks at them again, on the shop's machine, wherever one stands there."""
    return f"headwaters storage check --all --shop {shlex.quote(str(shop.absolute()))}"


def damaged_items(said: Format, faults: Sequence[FaultRow]) -> tuple[DamagedItem, ...]:
    """By work; what no work uses (a logo) comes without one."""
    ordered = sorted(faults, key=lambda row: row.slug)
    return tuple(_item(said, slug, list(group)) for slug, group in groupby(ordered, key=lambda row: row.slug))


def _item(said: Format, slug: str, faults: list[FaultRow]) -> DamagedItem:
    return DamagedItem(
        title=faults[0].title or said.gettext("A picture of the shop itself"),
        href=f"/studio/works/{quote(slug)}" if slug else "",
        files=tuple(_file(said, row) for row in faults[:_MOST]),
        more=max(0, len(faults) - _MOST),
        given=any(row.making is None for row in faults),
    )


def _file(said: Format, row: FaultRow) -> str:
    values = {"name": row.name or row.sha256[:12], "fault": said.gettext(_FAULTS[row.fault]), "edition": row.edition}
    if not row.edition:
        return said.gettext("%(name)s %(fault)s") % values
    words = said.gettext("“%(name)s” of edition %(edition)s %(fault)s") % values
    return words if row.making is None else f"{words}. {said.gettext(_again(row.making))}"


def _again(making: MakingState) -> str:
    """What becomes of a file that the shop made itself."""
    if making in ENDED:
        return N_("The shop could not make it again; what is made of the work says why.")
    return N_("The shop makes it again, as soon as what it was made from is whole.")

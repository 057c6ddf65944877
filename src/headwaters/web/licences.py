"""What one may do with a work, in a sentence that needs no lawyer. The licence's own text counts."""

from __future__ import annotations

import re

from headwaters.core.errors import N_
from headwaters.core.works.licences import ALL_RIGHTS_RESERVED, LICENCES
from headwaters.web.contexts.common import Licence
from headwaters.web.format import Format

_WORDS = {
    "CC-BY": N_("Share it, change it and build on it, also for money, as long as you say who made it"),
    "CC-BY-SA": N_(
        "Share it, change it and build on it, also for money, as long as you say who made it and pass yours on alike"
    ),
    "CC-BY-ND": N_("Share it as it is, also for money, as long as you say who made it"),
    "CC-BY-NC": N_("Share it, change it and build on it, not for money, as long as you say who made it"),
    "CC-BY-NC-SA": N_(
        "Share it, change it and build on it, not for money, as long as you say who made it and pass yours on alike"
    ),
    "CC-BY-NC-ND": N_("Share it as it is, not for money, as long as you say who made it"),
    "CC0": N_("It belongs to everyone; do with it what you like"),
    "CC-PDM": N_("It belongs to everyone; do with it what you like"),
    "Unlicense": N_("It belongs to everyone; do with it what you like"),
}
_CREATIVE_COMMONS = re.compile(r"CC-(BY[A-Z-]*)-([0-9.]+)")
_OPEN = N_("Share it, change it and build on it, as its licence says")
_RESERVED = N_("Yours to keep and to play on everything you have. Ask before you publish it elsewhere")


def said_licence(licence_id: str, said: Format) -> Licence:
    """The licence of a work in words, its name, and where its text is."""
    known = LICENCES.get(licence_id)
    if known is None:
        return Licence(licence_id, "", "")
    if licence_id == ALL_RIGHTS_RESERVED:
        return Licence(said.gettext(N_("All rights reserved")), said.gettext(_RESERVED), "")
    stem = licence_id.rpartition("-")[0] or licence_id
    return Licence(_short_name(known.name, licence_id), said.gettext(_WORDS.get(stem, _OPEN)), known.url)


def _short_name(name: str, licence_id: str) -> str:
    """CC BY-NC-SA 4.0, as Creative Commons itself writes it; others have short names."""
    found = _CREATIVE_COMMONS.fullmatch(licence_id)
    return f"CC {found[1]} {found[2]}" if found else name

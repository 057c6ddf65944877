"""Licences of works: SPDX identifiers (spdx.org/licenses) of those that people give works, and one word for none.

`open` follows the Open Definition 2.1: anyone may copy, sell and change. Such a work can be published here without a
declaration of rights, because its licence is one; NonCommercial and NoDerivatives licences do not go that far.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches

from headwaters.core.errors import N_, Code, Refused

ALL_RIGHTS_RESERVED = "all-rights-reserved"


@dataclass(frozen=True, slots=True)
class Licence:
    """`id`: as SPDX writes it. `url`: its text, empty for all rights reserved."""

    id: str
    name: str
    url: str
    open: bool


def _creative_commons(kind: str, name: str, version: str) -> Licence:
    return Licence(
        id=f"CC-{kind}-{version}",
        name=f"Creative Commons {name} {version}",
        url=f"https://creativecommons.org/licenses/{kind.lower()}/{version}/",
        open=kind in {"BY", "BY-SA"},
    )


_CC_KINDS = {
    "BY": "Attribution",
    "BY-SA": "Attribution-ShareAlike",
    "BY-ND": "Attribution-NoDerivatives",
    "BY-NC": "Attribution-NonCommercial",
    "BY-NC-SA": "Attribution-NonCommercial-ShareAlike",
    "BY-NC-ND": "Attribution-NonCommercial-NoDerivatives",
}
_CC_VERSIONS = ("4.0", "3.0", "2.5", "2.0")  # 1.0 has another order of words (BY-ND-NC)

_OTHERS = (
    Licence("CC0-1.0", "Creative Commons Zero 1.0", "https://creativecommons.org/publicdomain/zero/1.0/", open=True),
    Licence("CC-PDM-1.0", "Public Domain Mark 1.0", "https://creativecommons.org/publicdomain/mark/1.0/", open=True),
    Licence("LAL-1.3", "Free Art License 1.3", "https://artlibre.org/licence/lal/en/", open=True),
    Licence(
        "GFDL-1.3-or-later", "GNU Free Documentation License 1.3", "https://www.gnu.org/licenses/fdl-1.3", open=True
    ),
    Licence("OFL-1.1", "SIL Open Font License 1.1", "https://openfontlicense.org", open=True),
    Licence("OGL-UK-3.0", "Open Government Licence 3.0", "https://spdx.org/licenses/OGL-UK-3.0", open=True),
    Licence("GPL-2.0-only", "GNU General Public License 2", "https://www.gnu.org/licenses/gpl-2.0", open=True),
    Licence(
        "GPL-2.0-or-later", "GNU General Public License 2 or later", "https://www.gnu.org/licenses/gpl-2.0", open=True
    ),
    Licence("GPL-3.0-only", "GNU General Public License 3", "https://www.gnu.org/licenses/gpl-3.0", open=True),
    Licence(
        "GPL-3.0-or-later", "GNU General Public License 3 or later", "https://www.gnu.org/licenses/gpl-3.0", open=True
    ),
    Licence("AGPL-3.0-only", "GNU Affero General Public License 3", "https://www.gnu.org/licenses/agpl-3.0", open=True),
    Licence(
        "AGPL-3.0-or-later",
        "GNU Affero General Public License 3 or later",
        "https://www.gnu.org/licenses/agpl-3.0",
        open=True,
    ),
    Licence("MIT", "MIT License", "https://spdx.org/licenses/MIT", open=True),
    Licence("BSD-2-Clause", "BSD 2-Clause License", "https://spdx.org/licenses/BSD-2-Clause", open=True),
    Licence("BSD-3-Clause", "BSD 3-Clause License", "https://spdx.org/licenses/BSD-3-Clause", open=True),
    Licence("Apache-2.0", "Apache License 2.0", "https://www.apache.org/licenses/LICENSE-2.0", open=True),
    Licence("MPL-2.0", "Mozilla Public License 2.0", "https://www.mozilla.org/MPL/2.0/", open=True),
    Licence("Zlib", "zlib License", "https://spdx.org/licenses/Zlib", open=True),
    Licence("Unlicense", "The Unlicense", "https://unlicense.org", open=True),
    Licence(ALL_RIGHTS_RESERVED, "All rights reserved", "", open=False),
)

LICENCES: dict[str, Licence] = {
    licence.id: licence
    for licence in (
        *(_creative_commons(kind, name, version) for version in _CC_VERSIONS for kind, name in _CC_KINDS.items()),
        *_OTHERS,
    )
}
_PUBLIC_DOMAIN = frozenset(["CC0-1.0", "CC-PDM-1.0", "Unlicense"])
_SPELLINGS = {licence_id.casefold(): licence_id for licence_id in LICENCES}
_SEPARATORS = re.compile(r"[\s_-]+")


def find_licence(text: str) -> Licence:
    """The licence that `text` names: `CC-BY-SA-4.0`, and as people write it, `CC BY-SA 4.0`.

    Raises Refused(LICENCE_UNKNOWN) with the nearest ones.
    """
    key = _SEPARATORS.sub("-", text.strip()).casefold()
    if key in _SPELLINGS:
        return LICENCES[_SPELLINGS[key]]
    raise Refused(
        Code.LICENCE_UNKNOWN,
        N_("“%(licence)s” is no licence that this shop knows."),
        hint=N_("Did you mean %(nearest)s?"),
        field="licence",
        licence=text,
        nearest=", ".join(_nearest(key)),
    )


def _nearest(key: str) -> list[str]:
    begins = [licence_id for spelling, licence_id in _SPELLINGS.items() if key and spelling.startswith(key)]
    close = [_SPELLINGS[spelling] for spelling in get_close_matches(key, _SPELLINGS, n=3, cutoff=0.7)]
    return (begins or close or ["CC-BY-4.0", "CC-BY-NC-SA-4.0", ALL_RIGHTS_RESERVED])[:3]


def is_public_domain(licence: Licence) -> bool:
    """Whether nobody keeps a right in a work under it."""
    return licence.id in _PUBLIC_DOMAIN

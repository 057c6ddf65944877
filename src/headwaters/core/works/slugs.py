"""Addresses of works: `/w/<slug>`. ASCII only, so that they survive mail, chat, print and dictation.

From a title: Latin letters lose their marks (é → e), the few that do not come apart are spelled out (ß → ss), and
whatever is no letter or digit becomes a hyphen. Other scripts are not transliterated: every table of that kind is wrong
for some language (東京 is Tōkyō in one and Dōngjīng in another). A title of which nothing readable is left is called
`work-` and eight digits of its SHA-256; the creator names a better one with `slug`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

from headwaters.core.errors import N_, Code, Refused

LONGEST_SLUG = 80
# Words that an address may need one day, for lists and feeds beside the works.
RESERVED = frozenset(
    ["about", "admin", "all", "api", "archive", "edit", "feed", "index", "new", "search", "static", "studio", "take"]
)

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LETTER = re.compile(r"[a-z]")
_OTHER = re.compile(r"[^a-z0-9]+")
_APOSTROPHES = re.compile("['’‘ʼ]")
_SPELLED = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ħ": "h", "ı": "i", "ŋ": "ng"}
    | {"&": " and ", "@": " at "}
)


def slug_from(title: str) -> str:
    """The slug that `title` gives by itself; the same title always gives the same."""
    folded = unicodedata.normalize("NFKD", title.casefold()).translate(_SPELLED)
    plain = _APOSTROPHES.sub("", "".join(letter for letter in folded if not unicodedata.combining(letter)))
    slug = _shortened(_OTHER.sub("-", plain).strip("-"))
    if not _LETTER.search(slug) and _lost_letters(plain):
        slug = ""
    if not slug:
        digest = hashlib.sha256(unicodedata.normalize("NFC", title).encode()).hexdigest()
        return f"work-{digest[:8]}"
    return f"{slug}-work" if slug in RESERVED else slug


def _lost_letters(text: str) -> bool:
    return any(letter.isalpha() and not letter.isascii() for letter in text)


def _shortened(slug: str) -> str:
    if len(slug) <= LONGEST_SLUG:
        return slug
    cut = slug[: LONGEST_SLUG + 1].rpartition("-")[0]
    return cut or slug[:LONGEST_SLUG]


def check_slug(text: str) -> str:
    """`text` if it can be a slug. Raises Refused(SLUG_INVALID) with a slug that could be."""
    if _SLUG.fullmatch(text) and len(text) <= LONGEST_SLUG and text not in RESERVED:
        return text
    raise Refused(
        Code.SLUG_INVALID,
        N_("“%(slug)s” cannot be the address of a work."),
        hint=N_("Use up to %(most)s letters a–z, digits and single hyphens, such as “%(nearest)s”."),
        field="slug",
        slug=text,
        most=LONGEST_SLUG,
        nearest=slug_from(text),
    )

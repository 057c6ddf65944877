"""Visits of a work's page: how many, and by which word of the link; bounded, whatever people write into links."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping

MOST_WORDS = 50  # told apart for a work and a day
OTHER_WORDS = "*"  # stands for all the rest; no link can say it
FROM_COPY = "copy"  # the word of links in copies
_WORD = re.compile(r"[a-z0-9-]{1,32}")
_EDITION = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)


def read_word(text: str) -> str:
    """The word of a link, or nothing: what could name a person is no word."""
    return text if _WORD.fullmatch(text) else ""


def read_edition(text: str) -> int | None:
    """The edition that a copy's link names; None for what is no number of one."""
    return int(text) if _EDITION.fullmatch(text) else None


def bounded(counts: Mapping[str, int], known: Collection[str]) -> Counter[str]:
    """`counts` by word where `known` words were counted that day before: new ones as far as there is room, the most
    frequent first, the rest as other words. Nothing said always has its place."""
    room = MOST_WORDS - sum(word not in ("", OTHER_WORDS) for word in known)
    kept: Counter[str] = Counter()
    for word, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        fresh = word not in known and word not in ("", OTHER_WORDS)
        if fresh and room <= 0:
            kept[OTHER_WORDS] += count
            continue
        room -= fresh
        kept[word] += count
    return kept

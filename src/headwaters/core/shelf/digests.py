"""What proves that a download is whole: `Repr-Digest` (RFC 9530), and the older `Digest` (RFC 3230), by which aria2
verifies.

A shop knows one digest of a file, its SHA-256, and says it with every download whether it was asked for or not: who
wants another learns at least this one (RFC 9530, section 4, leaves the choice to the server). Who says that it is not
wanted (a weight of nought) is spared it.
"""

from __future__ import annotations

import base64
import re

# A member of a Want-Repr-Digest: its key, and its value where that is a whole number (RFC 8941, sections 3.2 and 3.3.1)
_WANTED = re.compile(r"[ \t]*([a-z*][a-z0-9_.*-]*)(?:=(-?\d{1,15}))?[ \t]*(?:;[^,]*)?", re.ASCII)
_NOUGHT = re.compile(r"[ \t]*q=0(?:\.0{0,3})?[ \t]*", re.ASCII | re.IGNORECASE)


def digest_headers(sha256: str, want_repr_digest: str, want_digest: str) -> tuple[tuple[str, str], ...]:
    """The headers for a file with this SHA-256 (hex). The others: what the request says in those headers, or ''."""
    digest = base64.b64encode(bytes.fromhex(sha256)).decode()
    headers = []
    if not _unwanted(want_repr_digest):
        headers.append(("Repr-Digest", f"sha-256=:{digest}:"))
    if not _unwanted_by_old_rules(want_digest):
        headers.append(("Digest", f"SHA-256={digest}"))
    return tuple(headers)


def _unwanted(wanted: str) -> bool:
    """Of members with one key the last counts; a list that is broken says nothing (RFC 8941, section 4.2)."""
    last: dict[str, str | None] = {}
    for member in wanted.split(",") if wanted.strip() else ():
        found = _WANTED.fullmatch(member)
        if found is None:
            return False
        last[found[1]] = found[2]
    value = last.get("sha-256")
    return value is not None and int(value) == 0


def _unwanted_by_old_rules(wanted: str) -> bool:
    """RFC 3230, section 4.3.1: names in any case, and a weight `q`."""
    for member in wanted.split(","):
        name, *parameters = member.split(";")
        if name.strip().lower() == "sha-256":
            return any(_NOUGHT.fullmatch(parameter) for parameter in parameters)
    return False

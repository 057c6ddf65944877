"""Which bytes answer a request for a file: RFC 9110 sections 13 (conditions) and 14 (ranges), and nothing else.

`plan` takes what was asked and what there is, and says what to send. It reads no byte of the file itself,
so the same plan serves a file on a disk, one in an object store, and an archive that exists only as a layout.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256

MOST_RANGES = 32  # more in one request is nobody's player or download tool: it gets the whole file

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_DATES = tuple(
    re.compile(form, re.ASCII)
    for form in (
        rf"[A-Z][a-z]{{2}}, (?P<day>\d\d) (?P<month>[A-Z][a-z]{{2}}) (?P<year>\d{{4}}) {_TIME} GMT",
        rf"[A-Z][a-z]+day, (?P<day>\d\d)-(?P<month>[A-Z][a-z]{{2}})-(?P<year>\d\d) {_TIME} GMT",
        rf"[A-Z][a-z]{{2}} (?P<month>[A-Z][a-z]{{2}}) (?P<day>[ \d]\d) {_TIME} (?P<year>\d{{4}})",
    )
)
_SPEC = re.compile(r"(?P<first>\d+)-(?P<last>\d*)|-(?P<suffix>\d+)", re.ASCII)
_ETAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_LONGEST_NUMBER = 19  # digits; whatever is longer lies beyond every file


@dataclass(frozen=True, slots=True)
class Representation:
    """What there is to send. `etag` is strong, as the header has it, quotes included.

    `last_modified` is given only where the bytes changed at most once in that second, so that it is
    a strong validator too (section 8.8.2.2); else None.
    """

    size: int
    etag: str
    last_modified: datetime | None
    media_type: str


@dataclass(frozen=True, slots=True)
class Slice:
    """`length` bytes of the representation from `offset`."""

    offset: int
    length: int


Segment = bytes | Slice


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer: its status, its headers in order, and the body as pieces to send one after the other."""

    status: int
    headers: tuple[tuple[str, str], ...]
    segments: tuple[Segment, ...] = ()

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return sum(len(segment) if isinstance(segment, bytes) else segment.length for segment in self.segments)


def etag_of(sha256_hex: str) -> str:
    """The strong entity tag of bytes with this SHA-256: its first half, which is plenty."""
    return f'"{sha256_hex[:32]}"'


def plan(method: str, headers: Mapping[str, str], it: Representation) -> Plan:
    """What answers `method` (GET or HEAD) with these request headers.

    `headers` is looked up by names as RFC 9110 spells them; a header sent on several lines is joined by commas.
    """
    if status := _condition(headers, it):
        length = () if status == 304 else (("Content-Length", "0"),)
        return Plan(status, (*_validators(it), *length))
    if method == "HEAD" or not _range_counts(headers, it):
        return _whole(method, it)
    specs = _parse_ranges(headers.get("Range", ""))
    if specs is None or len(specs) > MOST_RANGES:
        return _whole(method, it)
    wanted = _coalesced([found for spec in specs if (found := _resolved(spec, it.size)) is not None])
    if wanted == [Slice(0, 0)]:
        return _whole(method, it)  # the last n bytes of nothing: Content-Range has no way to say it
    return _part(it, wanted) if wanted else _unsatisfiable(it)


PROBE = 1024  # bytes: players ask for a file's first few before they ask for it


def begins(answer: Plan) -> bool:
    """Whether a body starts a download: from the first byte on, and more than a probe or all there is. What goes on
    where another request ended, and the later parts of who takes a file in several, begin nothing."""
    first = next((piece for piece in answer.segments if isinstance(piece, Slice)), None)
    if first is None or first.offset:
        return False
    return first.length > PROBE or answer.status == 200


# ── answers ──────────────────────────────────────────────────────────────────────────────────────


def _validators(it: Representation) -> tuple[tuple[str, str], ...]:
    dated = () if it.last_modified is None else (("Last-Modified", http_date(it.last_modified)),)
    return ("Accept-Ranges", "bytes"), ("ETag", it.etag), *dated


def _whole(method: str, it: Representation) -> Plan:
    headers = (*_validators(it), ("Content-Type", it.media_type), ("Content-Length", str(it.size)))
    body = () if method == "HEAD" or it.size == 0 else (Slice(0, it.size),)
    return Plan(200, headers, body)


def _unsatisfiable(it: Representation) -> Plan:
    return Plan(416, (*_validators(it), ("Content-Range", f"bytes */{it.size}"), ("Content-Length", "0")))


def _content_range(wanted: Slice, size: int) -> str:
    return f"bytes {wanted.offset}-{wanted.offset + wanted.length - 1}/{size}"


def _part(it: Representation, wanted: list[Slice]) -> Plan:
    if len(wanted) > 1:
        return _parts(it, wanted)
    headers = (
        *_validators(it),
        ("Content-Type", it.media_type),
        ("Content-Range", _content_range(wanted[0], it.size)),
        ("Content-Length", str(wanted[0].length)),
    )
    return Plan(206, headers, tuple(wanted))


def _parts(it: Representation, wanted: list[Slice]) -> Plan:
    """multipart/byteranges (section 14.6), in the order asked for, its length known beforehand."""
    boundary = _boundary(it, wanted)
    segments = (*_multipart(it, wanted, boundary), f"\r\n--{boundary}--\r\n".encode())
    answer = Plan(206, (), segments)
    headers = (
        *_validators(it),
        ("Content-Type", f"multipart/byteranges; boundary={boundary}"),
        ("Content-Length", str(answer.length)),
    )
    return Plan(206, headers, segments)


def _multipart(it: Representation, wanted: list[Slice], boundary: str) -> Iterator[Segment]:
    lead = ""
    for part in wanted:
        about = f"Content-Type: {it.media_type}\r\nContent-Range: {_content_range(part, it.size)}\r\n"
        yield f"{lead}--{boundary}\r\n{about}\r\n".encode()
        yield part
        lead = "\r\n"


def _boundary(it: Representation, wanted: list[Slice]) -> str:
    """128 bits that hang on the content's own hash: whoever made the content could not put them into it."""
    asked = ",".join(f"{part.offset}+{part.length}" for part in wanted)
    return sha256(f"{it.etag} {it.size} {asked}".encode()).hexdigest()[:32]


# ── conditions (section 13) ──────────────────────────────────────────────────────────────────────


def _condition(headers: Mapping[str, str], it: Representation) -> int:
    """304, 412, or 0 when the request goes on; the order is that of section 13.2.2."""
    if not _is_as_expected(headers, it):
        return 412
    return 304 if _is_known(headers, it) else 0


def _is_as_expected(headers: Mapping[str, str], it: Representation) -> bool:
    if (tags := headers.get("If-Match")) is not None:
        return _matches(tags, it, weak="")
    date = parse_http_date(headers.get("If-Unmodified-Since", ""))
    return date is None or it.last_modified is None or _seconds(it.last_modified) <= date


def _is_known(headers: Mapping[str, str], it: Representation) -> bool:
    if (tags := headers.get("If-None-Match")) is not None:
        return _matches(tags, it, weak="W/")
    date = parse_http_date(headers.get("If-Modified-Since", ""))
    return date is not None and it.last_modified is not None and _seconds(it.last_modified) <= date


def _matches(listed: str, it: Representation, weak: str) -> bool:
    """Whether the list names `it`; tags with the prefix `weak` count as well (section 8.8.3.2)."""
    if listed.strip() == "*":
        return True
    return any(tag == it.etag and prefix in ("", weak) for prefix, tag in _ETAG.findall(listed))


def _range_counts(headers: Mapping[str, str], it: Representation) -> bool:
    """Whether the Range header is there and its If-Range, if any, holds (strong comparison only)."""
    if "Range" not in headers:
        return False
    condition = headers.get("If-Range")
    if condition is None:
        return True
    condition = condition.strip()
    if '"' in condition[:3]:
        return condition == it.etag
    date = parse_http_date(condition)
    return date is not None and it.last_modified is not None and date == _seconds(it.last_modified)


# ── ranges (section 14) ──────────────────────────────────────────────────────────────────────────

_Spec = tuple[int | None, int | None]  # (first, last), (first, None): to the end, (None, n): the last n bytes


def _parse_ranges(text: str) -> list[_Spec] | None:
    """The ranges of a Range header; None for another unit or bad syntax, which are to be ignored."""
    unit, _, listed = text.partition("=")
    if unit.strip().lower() != "bytes":
        return None
    specs = [_parse_spec(part.strip(" \t")) for part in listed.split(",") if part.strip(" \t")]
    valid = [spec for spec in specs if spec is not None]
    return valid if valid and len(valid) == len(specs) else None


def _parse_spec(text: str) -> _Spec | None:
    found = _SPEC.fullmatch(text)
    if found is None:
        return None
    if found["suffix"]:
        return None, _number(found["suffix"])
    first = _number(found["first"])
    if not found["last"]:
        return first, None
    last = _number(found["last"])
    return (first, last) if first <= last else None


def _number(digits: str) -> int:
    digits = digits.lstrip("0")
    return int(digits or "0") if len(digits) <= _LONGEST_NUMBER else int("9" * _LONGEST_NUMBER)


def _resolved(spec: _Spec, size: int) -> Slice | None:
    """Where the range lies in `size` bytes; None when it lies outside."""
    first, last = spec
    if first is None:
        length = min(last or 0, size)
        return Slice(size - length, length) if last else None
    if first >= size:
        return None
    end = size if last is None else min(last + 1, size)
    return Slice(first, end - first)


def _coalesced(wanted: list[Slice]) -> list[Slice]:
    """Overlapping and adjacent ranges made one, in the order of their first mention (section 15.3.7.2)."""
    merged: list[tuple[int, int, int]] = []  # (first mention, start, end)
    for mention, part in sorted(enumerate(wanted), key=lambda item: item[1].offset):
        end = part.offset + part.length
        if merged and part.offset <= merged[-1][2]:
            earlier = merged[-1]
            merged[-1] = (min(earlier[0], mention), earlier[1], max(earlier[2], end))
        else:
            merged.append((mention, part.offset, end))
    return [Slice(start, end - start) for _, start, end in sorted(merged)]


# ── dates (section 5.6.7) ────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=1024)
def http_date(moment: datetime) -> str:
    """`moment` as an IMF-fixdate, its fraction of a second cut off; no locale has a say."""
    at = moment.astimezone(UTC)
    return f"{_DAYS[at.weekday()]}, {at:%d} {_MONTHS[at.month - 1]} {at.year:04} {at:%H:%M:%S} GMT"


def parse_http_date(text: str) -> datetime | None:
    """The moment of an HTTP date in any of its three forms; None for anything else, which is to be ignored."""
    for form in _DATES:
        if found := form.fullmatch(text.strip()):
            return _moment(found)
    return None


def _moment(found: re.Match[str]) -> datetime | None:
    year = int(found["year"])
    if len(found["year"]) == 2:  # rfc850-date: nothing on the web is older than 1970
        year += 1900 if year >= 70 else 2000
    day, hour, minute, second = (int(found[part]) for part in ("day", "hour", "minute", "second"))
    try:
        return datetime(year, _MONTHS.index(found["month"]) + 1, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def _seconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)

"""Whether music ends where its format says that it does; see `whole.py`.

Sources: RFC 9639 (FLAC), RFC 3533 (Ogg), ISO 11172-3 and 13818-3 (MP3), id3.org (ID3v2), and LAME's
note on the Xing header.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Read = Callable[[int, int], bytes]

_TAIL = 65_536
_OGG_PAGE = 27 + 255 + 255 * 255  # bytes; the longest
_MOST_BLOCKS = 1_000  # of words and covers before the music
_LONGEST_FRAME = 1 << 18  # of FLAC; what says more is not looked for
_FLAC_SYNC = re.compile(rb"\xff[\xf8\xf9]")


def flac(size: int, read: Read, start: int = 0) -> bool:
    """The first block counts the samples, and the last frame says which are in it."""
    about = read(start + 4, 38)
    if len(about) < 38 or about[:4] not in {b"\0\0\0\x22", b"\x80\0\0\x22"}:
        return True
    at = _after_blocks(size, read, start + 4)
    total = int.from_bytes(about[17:22]) & ((1 << 36) - 1)
    if at is None or not total:
        return at is None or at <= size
    if at >= size:
        return False
    block, longest = int.from_bytes(about[6:8]), int.from_bytes(about[11:14]) or _LONGEST_FRAME
    begin = max(at, size - min(longest, _LONGEST_FRAME) - _TAIL)
    tail = read(begin, size - begin)
    ends = [_flac_end(tail[sync.start() :][:16], block) for sync in _FLAC_SYNC.finditer(tail)]
    last = max((end for end in ends if end is not None), default=total)
    return last + block >= total


def _after_blocks(size: int, read: Read, at: int) -> int | None:
    """Where the blocks end that are before the music; None for what is none."""
    for _ in range(_MOST_BLOCKS):
        head = read(at, 4)
        if len(head) < 4:
            return size + 1
        if head[0] == 0xFF:
            return None
        at += 4 + int.from_bytes(head[1:])
        if head[0] & 0x80 or at > size:
            return at
    return None


def _flac_end(head: bytes, block: int) -> int | None:
    """The sample after the frame with this header; None for what is no header: its checksum is asked too."""
    head = head.ljust(16, b"\0")
    if head[2] >> 4 == 0 or head[2] & 15 == 15 or head[3] & 1:
        return None
    more = 8 - (head[4] ^ 0xFF).bit_length()  # bytes of the number: none after the first, or so many in all
    if more in {1, 8}:
        return None
    number, at = head[4] & (0xFF >> (more + 1)), 5
    for byte in head[5 : 4 + more]:
        number, at = number << 6 | byte & 0x3F, at + 1
    code, rate = head[2] >> 4, head[2] & 15
    long = {6: 1, 7: 2}.get(code, 0)
    samples = _flac_block(code, head[at : at + long])
    at += long + {12: 1, 13: 2, 14: 2}.get(rate, 0)
    if _crc8(head[:at]) != head[at]:
        return None
    return samples + (number if head[1] & 1 else number * block)


def _flac_block(code: int, more: bytes) -> int:
    if code in {6, 7}:
        return int.from_bytes(more) + 1
    return 192 if code == 1 else 576 << code - 2 if code < 6 else 256 << code - 8


def _crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ (0x07 if crc & 0x80 else 0)) & 0xFF
    return crc


def ogg(size: int, read: Read) -> bool:
    """The last page is as long as its own table says. That it is marked as the last one is not asked for: recordings
    of a station are whole without."""
    tail = read(max(0, size - _OGG_PAGE), _OGG_PAGE)
    at = tail.rfind(b"OggS\0")
    page = tail[at:]
    if at < 0:
        return True
    return len(page) > 26 and 27 + page[26] + sum(page[27 : 27 + page[26]]) <= len(page)


# ── MP3 ──────────────────────────────────────────────────────────────────────────────────────────

_RATES = (44_100, 48_000, 32_000)
_KILOBITS = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MP3_TAIL = 16_384
_IN_A_ROW = 3  # frames that are surely some


def tagged(size: int, read: Read) -> bool:
    """Words before the music (ID3v2), which say how long they are; then MP3, or FLAC."""
    head = read(0, 10)
    if len(head) < 10 or max(head[6:10]) > 127:
        return True
    length = 0
    for byte in head[6:10]:
        length = length << 7 | byte
    start = 10 + length + (10 if head[5] & 0x10 else 0)
    if start > size:
        return False
    return flac(size, read, start) if read(start, 4) == b"fLaC" else mp3(size, read, start)


def mp3(size: int, read: Read, start: int = 0) -> bool:
    """Its first frame counts the bytes of all; and the last one has no end. Either alone may be so in whole music: in a
    part that was taken out of a longer one, or in a recording."""
    head = read(start, 8_192)
    first = next((at for at in range(len(head)) if _frame(head[at : at + 4])), None)
    if first is None:
        return True
    about = head[first : first + 120]
    place = max(about.find(b"Xing"), about.find(b"Info"))
    if place < 0 or len(about) < place + 16:
        return True
    flags = int.from_bytes(about[place + 4 : place + 8])
    said = int.from_bytes(about[place + 8 + 4 * (flags & 1) :][:4]) if flags & 2 else 0
    return start + first + said <= size or not _ends_within(read(max(start, size - _MP3_TAIL), _MP3_TAIL))


def _frame(head: bytes) -> int:
    """The bytes of the frame of layer III with this header; 0 for what is none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2 or head[1] & 0x18 == 0x08:
        return 0
    kind = head[1] >> 3 & 3  # 3: MPEG 1; 2: MPEG 2; 0: 2.5
    bits, rate = head[2] >> 4, head[2] >> 2 & 3
    if bits in {0, 15} or rate == 3:
        return 0
    hertz = _RATES[rate] >> {3: 0, 2: 1, 0: 2}[kind]
    return (144 if kind == 3 else 72) * _KILOBITS[1 if kind == 3 else 2][bits] * 1000 // hertz + (head[2] >> 1 & 1)


def _ends_within(tail: bytes) -> bool:
    """Whether the file ends within a frame that follows others."""
    for start in range(len(tail) - 4):
        at, frames = start, 0
        while (length := _frame(tail[at : at + 4])) and at + length <= len(tail):
            at, frames = at + length, frames + 1
        if frames >= _IN_A_ROW:
            return at < len(tail) and (bool(length) or len(tail) - at < 4)
    return False

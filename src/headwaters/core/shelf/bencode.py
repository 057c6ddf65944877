"""Bencode (BEP 3): what a .torrent file is written in. One value has one spelling, which is what makes an info
dictionary's SHA-1 the same for everyone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

MOST_DEEP = 32  # lists in lists; a metainfo file needs five


@dataclass(frozen=True, slots=True)
class Encoded:
    """A value that is bencoded already, and goes in as it is."""

    data: bytes


Value = bytes | int | str | Encoded | Sequence["Value"] | Mapping[str, "Value"]
Read = bytes | int | list["Read"] | dict[bytes, "Read"]


def encode(value: Value) -> bytes:
    """`value` in its one spelling; text is UTF-8, and keys are sorted as bytes."""
    return b"".join(_parts(value))


def _parts(value: Value) -> Iterator[bytes]:
    if isinstance(value, Encoded):
        yield value.data
    elif isinstance(value, str):
        yield from _parts(value.encode())
    elif isinstance(value, bytes):
        yield b"%d:%b" % (len(value), value)
    elif isinstance(value, int):
        yield b"i%de" % value
    elif isinstance(value, Mapping):
        yield b"d"
        for key, part in sorted((key.encode(), part) for key, part in value.items()):
            yield from _parts(key)
            yield from _parts(part)
        yield b"e"
    else:
        yield b"l"
        for part in value:
            yield from _parts(part)
        yield b"e"


def decode(data: bytes) -> Read:
    """The value that `data` spells. Raises ValueError for anything but its one spelling."""
    value, end = _read(data, 0, MOST_DEEP)
    if end != len(data):
        raise ValueError(f"there is something behind it, at {end}")
    return value


def _read(data: bytes, at: int, deep: int) -> tuple[Read, int]:
    if deep == 0:
        raise ValueError("too many lists in lists")
    match data[at : at + 1]:
        case b"i":
            return _number(data, at + 1, b"e")
        case b"l":
            return _list(data, at + 1, deep)
        case b"d":
            return _dict(data, at + 1, deep)
        case _:
            return _text(data, at)


def _number(data: bytes, at: int, mark: bytes) -> tuple[int, int]:
    end = data.find(mark, at, at + 24)
    digits = data[at:end] if end >= 0 else b""
    if not digits.removeprefix(b"-").isdigit() or b"%d" % int(digits) != digits:
        raise ValueError(f"no number at {at}")
    return int(digits), end + 1


def _text(data: bytes, at: int) -> tuple[bytes, int]:
    length, start = _number(data, at, b":")
    if length < 0 or start + length > len(data):
        raise ValueError(f"it is cut off at {at}")
    return data[start : start + length], start + length


def _list(data: bytes, at: int, deep: int) -> tuple[list[Read], int]:
    found: list[Read] = []
    while data[at : at + 1] != b"e":
        value, at = _read(data, at, deep - 1)
        found.append(value)
    return found, at + 1


def _dict(data: bytes, at: int, deep: int) -> tuple[dict[bytes, Read], int]:
    found: dict[bytes, Read] = {}
    last: bytes | None = None
    while data[at : at + 1] != b"e":
        key, at = _text(data, at)
        if last is not None and key <= last:
            raise ValueError(f"its keys are not in order at {at}")
        found[key], at = _read(data, at, deep - 1)
        last = key
    return found, at + 1

"""What a shop and its zygote say to each other, as MessagePack: a question, and one of several answers.

A call for a fork is a record of `CALL` bytes, `module:function`, sent along with descriptors: the question's end to
read, the answer's end to write, and those that are lent. The question is its length and itself; the answer is `BEGUN`,
its length and itself; the zygote closes it with how the child ended.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

import msgspec

from headwaters.adapters.apart.limits import Limits
from headwaters.core.errors import Code, Conflict, HeadwatersError, NotFound, Refused, TooLarge, Unavailable
from headwaters.core.works.makings import Skip

CALL = 128  # bytes
MOST_LENT = 8
BEGUN = b"+"
LENGTH = struct.Struct(">Q")
END = struct.Struct(">i")  # what waitpid said

_ERRORS: dict[str, type[HeadwatersError]] = {
    one.__name__: one for one in (Refused, NotFound, Conflict, TooLarge, Unavailable)
}


class Question(msgspec.Struct, array_like=True):
    """`numbers`: of the descriptors that are lent, as the shop has them."""

    arguments: msgspec.Raw
    limits: Limits
    numbers: tuple[int, ...]


class Told(msgspec.Struct, array_like=True):
    """An error of our own."""

    kind: str
    code: str
    message: str
    hint: str
    field: str
    values: dict[str, Any]


class Answer(msgspec.Struct, array_like=True):
    """What the function gave; or what it raised: an error of ours, of the disk, too little memory, or a bug."""

    value: msgspec.Raw = msgspec.Raw(b"\xc0")  # nothing
    told: Told | None = None
    disk: tuple[int | None, str] | None = None
    memory: bool = False
    bug: str = ""


def pack(value: object) -> bytes:
    """Paths as bytes, as names need not be UTF-8."""
    return msgspec.msgpack.encode(value, enc_hook=_packed)


def unpacker(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    """The other way round."""
    return msgspec.msgpack.Decoder(kind, dec_hook=_unpacked)


def _packed(value: object) -> object:
    if isinstance(value, Path):
        return os.fsencode(value)
    raise NotImplementedError(type(value).__name__)


def _unpacked(kind: type, value: object) -> object:
    if issubclass(kind, Path) and isinstance(value, bytes):
        return Path(os.fsdecode(value))
    raise NotImplementedError(kind.__name__)


def told(error: HeadwatersError) -> Told:
    """An error, to be carried."""
    kind = "Skip" if isinstance(error, Skip) else type(error).__name__
    return Told(kind, error.code.value, error.message, error.hint, error.field, error.values)


def error_of(told: Told) -> HeadwatersError:
    """An error that was carried."""
    if told.kind == "Skip":
        return Skip(told.message, hint=told.hint, **told.values)
    kind = _ERRORS.get(told.kind, Refused)
    return kind(Code(told.code), told.message, hint=told.hint, field=told.field, **told.values)


def plain(text: str) -> str:
    """A text that can be carried: names may hold what is no letter."""
    return text.encode("utf-8", "replace").decode()

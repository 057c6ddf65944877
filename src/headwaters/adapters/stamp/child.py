"""One file looked at, or stamped, in a process of its own: a question on standard input, its answer on standard output,
both as MessagePack (`apart.py` asks)."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from headwaters.adapters.stamp import FileStamper
from headwaters.ports import Examined, Stamped, StampWish


@dataclass(frozen=True, slots=True)
class Question:
    """`target`: None where it is only looked at."""

    path: str
    name: str
    target: str | None
    wish: StampWish


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the two; or `errno`, for what the disk says."""

    examined: Examined = field(default_factory=Examined)
    stamped: Stamped = field(default_factory=lambda: Stamped(False))
    errno: int | None = None
    strerror: str = ""


def answer(question: Question) -> Answer:
    """What the stamper says."""
    path, stamper = Path(question.path), FileStamper()
    try:
        if question.target is None:
            return Answer(examined=stamper.examine(path, question.name, question.wish.facts))
        return Answer(stamped=stamper.stamp(path, question.name, Path(question.target), question.wish))
    except OSError as error:
        return Answer(errno=error.errno, strerror=error.strerror or type(error).__name__)


def main() -> None:
    """Read, answer."""
    question = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Question)
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer(question)))


if __name__ == "__main__":
    main()

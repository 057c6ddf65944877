"""The Stamper port as a shop has it: what a library has to unpack before it can tell how large it is (PDF's streams of
objects, which may come to a thousand times what they are packed in) is opened in a child with limits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec

from headwaters.adapters.media.child import GIGABYTE, limited_sync
from headwaters.adapters.stamp import FileStamper
from headwaters.adapters.stamp.base import TOO_LARGE
from headwaters.adapters.stamp.child import Answer, Question
from headwaters.core.works.stamps import Facts
from headwaters.ports import Examined, Stamped, StampWish

_APART = frozenset(["pdf"])
PATIENCE = 600  # seconds for one file
MEMORY = 2 * GIGABYTE


class StamperApart:
    """Stateless; use it from any thread."""

    def __init__(self) -> None:
        self._here = FileStamper()

    def examine(self, path: Path, name: str, facts: Facts | None) -> Examined:
        """See ports.Stamper."""
        if not _is_apart(name):
            return self._here.examine(path, name, facts)
        answer = _ask(Question(str(path.absolute()), name, None, StampWish(facts)))
        return Examined(why=TOO_LARGE) if answer is None else answer.examined

    def stamp(self, path: Path, name: str, target: Path, wish: StampWish) -> Stamped:
        """See ports.Stamper."""
        if not _is_apart(name):
            return self._here.stamp(path, name, target, wish)
        answer = _ask(Question(str(path.absolute()), name, str(target.absolute()), wish))
        if answer is not None:
            return answer.stamped
        target.unlink(missing_ok=True)
        return Stamped(False, why=TOO_LARGE)


def _is_apart(name: str) -> bool:
    return name.rpartition(".")[2].casefold() in _APART


def _ask(question: Question) -> Answer | None:
    """The child's answer; None where it took too much of anything. Raises OSError as the child did."""
    command = limited_sync([sys.executable, "-I", "-m", "headwaters.adapters.stamp.child"], PATIENCE, MEMORY)
    try:
        done = subprocess.run(command, input=msgspec.msgpack.encode(question), capture_output=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        return None
    answer = msgspec.msgpack.decode(done.stdout, type=Answer)
    if answer.errno is not None:
        raise OSError(answer.errno, answer.strerror)
    return answer

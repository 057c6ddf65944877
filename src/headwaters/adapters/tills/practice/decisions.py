"""What was decided on the practice till's pay page: one small file a session, written once."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from headwaters.core.clock import from_micros, to_micros
from headwaters.core.sales.practice import Choice


@dataclass(frozen=True, slots=True)
class Decision:
    """A choice and when it was made."""

    choice: Choice
    at: datetime


class Decisions:
    """The files of `folder`, which is made with the first of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, session_id: str) -> Decision | None:
        """What was decided, if anything was."""
        try:
            raw = json.loads(self._path(session_id).read_bytes())
        except FileNotFoundError:
            return None
        return Decision(Choice(raw["choice"]), from_micros(raw["at"]))

    def keep(self, session_id: str, decision: Decision) -> Decision:
        """Keep `decision` if it is the first; returns the one that counts. Two at once: one of them wins."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=self._folder, prefix=".draft-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump({"choice": decision.choice, "at": to_micros(decision.at)}, file)
            Path(self._path(session_id)).hardlink_to(draft)  # whole, and only if there is none yet
        except FileExistsError:
            pass
        finally:
            Path(draft).unlink()
        return self.find(session_id) or decision

    def _path(self, session_id: str) -> Path:
        return self._folder / f"{hashlib.sha256(session_id.encode()).hexdigest()}.json"

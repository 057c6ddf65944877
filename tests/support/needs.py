"""Programs that tests need, by the names of tools.txt: a test that misses one is skipped, or fails when CI=true."""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])


class Tool(NamedTuple):
    """A row of tools.txt; `package` is "-" where Debian has nothing to do with it."""

    found_at: str
    package: str
    purpose: str


@cache
def tools() -> dict[str, Tool]:
    lines = Path(__file__).with_name("tools.txt").read_text(encoding="utf-8").splitlines()
    rows = (line.split(None, 3) for line in lines if line and not line.startswith("#"))
    return {name: Tool(found_at, package, purpose) for name, found_at, package, purpose in rows}


def find(name: str) -> Path | None:
    """Where the tool called `name` in tools.txt is, if it is there."""
    found_at = tools()[name].found_at
    if "/" not in found_at:
        command = shutil.which(found_at, path=_PATH)
        return Path(command) if command else None
    base, pattern = (Path("/"), found_at.lstrip("/")) if found_at.startswith("/") else (ROOT, found_at)
    return max(base.glob(pattern), default=None)


def need(name: str) -> Path:
    """Where the tool is; without it, the test that asks is skipped, or fails when CI=true."""
    if path := find(name):
        return path
    message = f"needs {name} ({tools()[name].purpose}); script/test installs it"
    if os.environ.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)

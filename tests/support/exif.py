"""exiftool, which reads and writes what is not ours."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any


def exif(path: Path) -> dict[str, Any]:
    """All that it reads, by group."""
    said = subprocess.run(["exiftool", "-j", "-G1", "-ee", "-a", "-s", path], capture_output=True, check=True).stdout
    (found,) = json.loads(said)
    return {key: value for key, value in found.items() if ":" in key}


def write(path: Path, *values: str) -> None:
    """Write these into the file."""
    subprocess.run(["exiftool", "-q", "-overwrite_original", *values, path], check=True)

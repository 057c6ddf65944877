"""The encoder: imageio-ffmpeg's binary where the extra `formats` is installed, and how to call it.

Every call asks for bit-exact output, so that the same works come out byte for byte the same.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

EXACT = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"]


def find() -> str | None:
    """The path of the ffmpeg binary, or None."""
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        return None


def command(exe: str, *arguments: str) -> list[str]:
    """A quiet ffmpeg command line that overwrites its output."""
    return [exe, "-hide_banner", "-nostdin", "-loglevel", "error", "-y", *arguments]


def run(exe: str, *arguments: str) -> None:
    """Run to the end; a failure raises with what ffmpeg said."""
    done = subprocess.run(command(exe, *arguments), capture_output=True, text=True)
    check(done.returncode, done.stderr)


def check(returncode: int, said: str) -> None:
    """Raise if ffmpeg failed."""
    if returncode:
        raise RuntimeError(f"ffmpeg failed ({returncode}): {said.strip()[-800:]}")


def tags(**values: str | int) -> list[str]:
    """Metadata arguments."""
    return [part for name, value in values.items() for part in ("-metadata", f"{name}={value}")]


def temporary(path: Path) -> Path:
    """Where to write a file before it gets its name; keeps the ending, which tells ffmpeg the format."""
    return path.with_name(f".{path.stem}.part{path.suffix}")

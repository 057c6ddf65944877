"""The Stamper port. Its libraries take a fifth of an idle shop's memory, so they are loaded when a file is stamped."""

from __future__ import annotations

from pathlib import Path

from headwaters.core.works.stamps import Facts
from headwaters.ports import Examined, Stamped, Stamper, StampWish

__all__ = ["FileStamper"]


class FileStamper:
    """Stateless; use it from any thread."""

    def examine(self, path: Path, name: str, facts: Facts | None) -> Examined:
        """See ports.Stamper."""
        return _stamper().examine(path, name, facts)

    def stamp(self, path: Path, name: str, target: Path, wish: StampWish) -> Stamped:
        """See ports.Stamper."""
        return _stamper().stamp(path, name, target, wish)


def _stamper() -> Stamper:
    from headwaters.adapters.stamp.stamper import FormatStamper

    return FormatStamper()

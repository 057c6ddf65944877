"""The templates that pages are made of: the program's own, or a theme's with the program's behind them.

A theme of the shop's own folder runs in Jinja's sandbox. What goes wrong in a theme is remembered, for the Studio to
say; the page itself is then made without it (web/render.py).
"""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
    Template,
    TemplateSyntaxError,
)

from headwaters.core.look import RIVER
from headwaters.core.themes import RIVER_THEME, Theme
from headwaters.web.texts import PageEnvironment, SafePageEnvironment

log = logging.getLogger(__name__)

MOST_FAULTS = 50  # that are remembered


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong in a theme. `file` is relative to the theme's folder; `line` 0: unknown."""

    template: str  # the page that was to be made
    file: str
    line: int
    message: str


_worn: dict[str, Theme] = {RIVER: RIVER_THEME}
_faults: dict[tuple[str, str, str], Fault] = {}  # (theme, stamp, template) → the newest


def wear(theme: Theme) -> None:
    """From now on, pages that wear this theme's name wear these files of it."""
    _worn[theme.name] = theme


def worn_template(name: str, language: str, template: str) -> Template:
    """A template of the theme that is worn under `name`."""
    return template_of(_worn.get(name, RIVER_THEME), language, template)


@lru_cache(maxsize=256)
def template_of(theme: Theme, language: str, template: str) -> Template:
    """A template of a theme, or the program's own where the theme has none."""
    return environment_of(theme, language).get_template(template)


def environment(language: str) -> PageEnvironment:
    """The program's own templates in one language."""
    return environment_of(RIVER_THEME, language)


@lru_cache(maxsize=16)
def environment_of(theme: Theme, language: str) -> PageEnvironment:
    """The templates in one language. What a context lacks is an error, not an empty place."""
    kind = PageEnvironment if theme.trusted else SafePageEnvironment
    return kind(
        language,
        loader=_loader(theme),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )


def _loader(theme: Theme) -> BaseLoader:
    """`river/work.html` is the program's own, also where the theme has a work.html."""
    own = PackageLoader("headwaters", "templates")
    if theme.folder is None:
        return own
    return ChoiceLoader([FileSystemLoader(theme.folder / "templates"), PrefixLoader({RIVER: own}), own])


# ── faults ───────────────────────────────────────────────────────────────────────────────────────


def fault_of(theme: Theme, template: str, error: Exception) -> Fault:
    """Where in a theme `error` comes from, and what it says."""
    if isinstance(error, RecursionError):
        said = f"it extends or includes itself; the built-in one is {RIVER}/{template}"
        return Fault(template, f"templates/{template}", 1, said)
    file, line = _where(theme, error)
    return Fault(template, file or template, line, f"{_kind(error)}: {error}")


def _kind(error: Exception) -> str:
    return (
        type(error).__name__.removesuffix("Error").replace("TemplateSyntax", "Syntax").replace("Undefined", "Unknown")
    )


def _where(theme: Theme, error: Exception) -> tuple[str, int]:
    """(file, line) in the theme; the innermost one, else where the program's own template was at."""
    if isinstance(error, TemplateSyntaxError):
        return _inside(theme, error.filename or error.name or ""), error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if theme.folder and Path(frame.filename).is_relative_to(theme.folder)]
    templates = [frame for frame in frames if frame.filename.endswith(".html")]
    for frame in reversed(inside or templates):
        return _inside(theme, frame.filename), frame.lineno or 0
    return "", 0


def _inside(theme: Theme, filename: str) -> str:
    path = Path(filename)
    if theme.folder and path.is_relative_to(theme.folder):
        return str(path.relative_to(theme.folder))
    return f"{RIVER}/{path.name}" if filename else ""


def note_fault(name: str, template: str, error: Exception) -> None:
    """Remember what went wrong with the theme that is worn under `name`; the log hears of it once."""
    theme = _worn.get(name, RIVER_THEME)
    key = (theme.name, theme.stamp, template)
    fault = fault_of(theme, template, error)
    if _faults.get(key) != fault:
        log.warning("theme %s: %s, line %d: %s", theme.name, fault.file, fault.line, fault.message)
    if len(_faults) >= MOST_FAULTS:
        _faults.pop(next(iter(_faults)))
    _faults[key] = fault


def faults_of(theme: Theme) -> tuple[Fault, ...]:
    """What went wrong with this theme as it is now, since the process started."""
    return tuple(fault for (name, stamp, _), fault in _faults.items() if (name, stamp) == (theme.name, theme.stamp))

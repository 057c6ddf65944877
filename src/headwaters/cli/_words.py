"""What commands say. A command that their words name is one to paste: it has the --shop that was given."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from contextvars import ContextVar

from headwaters import texts
from headwaters.core.errors import HeadwatersError

# a command of a shop, so none that makes one; not one that names its shop itself
_COMMAND = re.compile(r"\bheadwaters (?!init\b)[a-z]+\b(?![^\n“”]*--shop)(?!-)")
_PLACEHOLDER = re.compile(r"%[(sd]")
_given: ContextVar[str] = ContextVar("_given", default="")


def keep_shop(shop: object) -> None:
    """Remember the --shop of this run; None where there is none."""
    _given.set("" if shop is None else shlex.quote(str(shop)))


def _(text: str) -> str:
    """`text` in words, its placeholders as they are."""
    return _with_shop(texts.translations("en").gettext(text), filled=_PLACEHOLDER.search(text) is not None)


def filled(text: str, values: Mapping[str, object]) -> str:
    """`text` in words, with `values` in its placeholders."""
    return _with_shop(texts.translations("en").gettext(text), filled=True) % values


def error_text(error: HeadwatersError) -> str:
    """What `error` says."""
    return _said(error.message, error)


def hint_text(error: HeadwatersError) -> str:
    """What to do about `error`; empty where there is nothing to say."""
    return _said(error.hint, error) if error.hint else ""


def _said(text: str, error: HeadwatersError) -> str:
    if error.values:
        return filled(text, error.values)
    return _with_shop(texts.translations("en").gettext(text), filled=False)


def _with_shop(text: str, *, filled: bool) -> str:
    """`filled`: its placeholders will be, so that a % in the folder's name is written twice."""
    shop = _given.get()
    if not shop:
        return text
    option = f" --shop {shop.replace('%', '%%') if filled else shop}"
    return _COMMAND.sub(lambda found: found[0] + option, text)

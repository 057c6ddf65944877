"""Words for people: gettext catalogues by language, for pages, mail and the command line alike."""

from __future__ import annotations

import gettext as _gettext
from functools import cache
from pathlib import Path

from headwaters.core.errors import HeadwatersError

DOMAIN = "headwaters"
LOCALE_DIR = Path(__file__).parent / "locale"


@cache
def translations(language: str) -> _gettext.NullTranslations:
    """The catalogue of `language` (BCP 47; `de-AT` falls back to `de`), or the source's own English."""
    code = language.replace("-", "_")
    names = [code, code.split("_")[0]]
    return _gettext.translation(DOMAIN, LOCALE_DIR, languages=names, fallback=True)


def error_text(error: HeadwatersError, language: str = "en") -> str:
    """What `error` says, in `language`."""
    text = translations(language).gettext(error.message)
    return text % error.values if error.values else text


def hint_text(error: HeadwatersError, language: str = "en") -> str:
    """What to do about `error`, in `language`; empty where there is nothing to say."""
    if not error.hint:
        return ""
    text = translations(language).gettext(error.hint)
    return text % error.values if error.values else text

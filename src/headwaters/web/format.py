"""Money, sizes, lengths, dates and names of formats as a person reads them, in the language of the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache, cached_property, lru_cache
from unicodedata import combining, normalize

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, get_currency_symbol
from babel.units import format_unit

from headwaters.core.errors import N_
from headwaters.core.sales.money import Money, digits, plain
from headwaters.core.study.countries import COUNTRIES
from headwaters.core.works.media import WorkKind
from headwaters.texts import translations

_SIZES = (("digital-byte", 1), ("digital-kilobyte", 10**3), ("digital-megabyte", 10**6), ("digital-gigabyte", 10**9))
_CLOCK_BELOW = 600  # seconds: a song is 3 min 20 sec, a film 62 min
_HOURS_FROM = 100 * 60

_TOUCHING = re.compile(r"(?<=[^\W\d_])(?=\d)")  # CLDR parts a currency of letters from the digits; Babel does not

_KINDS = {
    WorkKind.FILM: N_("Film"),
    WorkKind.MUSIC: N_("Music"),
    WorkKind.BOOK: N_("Book"),
    WorkKind.GAME: N_("Game"),
    WorkKind.PICTURE: N_("Picture"),
}
_TILLS = {
    "stripe": N_("Card"),
    "by_hand": N_("Bank or cash"),
    "practice": N_("Practice"),
}


def _whole(words: str) -> str:
    """A number and its unit, which no line parts."""
    return words.replace(" ", "\u00a0")


def read_locale(language: str) -> Locale:
    """Babel's locale of a BCP 47 tag; English for one it does not know."""
    try:
        return Locale.parse(language.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return Locale("en")


class Format:
    """Says values in one language. Take it from `formats`: it remembers what it said before."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.locale = read_locale(language)
        self.gettext = translations(language).gettext
        self.ngettext = translations(language).ngettext
        self.money = lru_cache(4096)(self._money)
        self.money_short = lru_cache(4096)(self._money_short)
        self.amount = lru_cache(4096)(self._amount)
        self.size = lru_cache(4096)(self._size)
        self.length = lru_cache(4096)(self._length)
        self._day = lru_cache(4096)(self._format_day)
        self._pattern = lru_cache(8)(self._make_pattern)

    @cached_property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return str(self.locale.text_direction)

    def _money(self, minor: int, currency: str) -> str:
        """€5.00, ¥500."""
        places = digits(currency)
        return self._currency(Decimal(minor).scaleb(-places), currency, places)

    def _money_short(self, minor: int, currency: str) -> str:
        """€5 where there are no cents, else as `money`."""
        whole, cents = divmod(minor, 10 ** digits(currency))
        if cents:
            return self.money(minor, currency)
        return self._currency(Decimal(whole), currency, 0)

    def _currency(self, number: Decimal, currency: str, places: int) -> str:
        text = format_currency(number, currency, self._pattern(places), self.locale, currency_digits=False)
        return _TOUCHING.sub("\u00a0", str(text))

    def _make_pattern(self, places: int) -> str:
        """The locale's own way to write money, with exactly as many decimals as ISO 4217 says."""
        pattern = self.locale.currency_formats["standard"].pattern
        return _with_decimals(pattern, places)

    def _amount(self, minor: int, currency: str) -> str:
        """For the field of a form: 5.00, or 5,00 where people write it so; `parse_amount` reads it back exactly."""
        money = Money(minor, currency)
        if digits(currency) != 2:  # 5,000 could mean thousands
            return plain(money)
        return str(format_decimal(Decimal(plain(money)), "0.00", self.locale))

    def _size(self, count: int) -> str:
        """3.1 GB, in powers of ten as disks and browsers count."""
        unit, one = next((pair for pair in reversed(_SIZES) if count >= pair[1]), _SIZES[0])
        value = Decimal(count) / one
        if unit == "digital-byte":
            return _whole(format_unit(count, unit, "long", locale=self.locale))
        return _whole(format_unit(value, unit, "short", "#,##0.#" if value < 100 else "#,##0", self.locale))

    def _length(self, seconds: int) -> str:
        """45 sec, 3 min 20 sec, 62 min, 2 hr 5 min."""
        if seconds < _CLOCK_BELOW:
            minutes, rest = divmod(seconds, 60)
            return self._units(("duration-minute", minutes), ("duration-second", rest))
        if seconds < _HOURS_FROM:
            return self._units(("duration-minute", round(seconds / 60)))
        hours, minutes = divmod(round(seconds / 60), 60)
        return self._units(("duration-hour", hours), ("duration-minute", minutes))

    def _units(self, *parts: tuple[str, int]) -> str:
        shown = [part for part in parts if part[1]] or [parts[-1]]
        return " ".join(_whole(format_unit(value, unit, "short", locale=self.locale)) for unit, value in shown)

    def date(self, moment: datetime) -> str:
        """22 November 2026, in UTC."""
        return self._day(moment.year, moment.month, moment.day)

    def _format_day(self, year: int, month: int, day: int) -> str:
        return str(format_date(datetime(year, month, day), "long", self.locale))

    def day(self, moment: datetime) -> str:
        """22 Nov, in UTC."""
        return str(format_skeleton("MMMd", moment, locale=self.locale))

    def month(self, moment: datetime) -> str:
        """Nov 2026, in UTC."""
        return str(format_skeleton("yMMM", moment, locale=self.locale))

    def symbol(self, currency: str) -> str:
        """What stands beside an amount of `currency`: €, CHF."""
        return str(get_currency_symbol(currency, self.locale))

    def join(self, parts: Sequence[str]) -> str:
        """a, b and c."""
        return str(format_list(list(parts), locale=self.locale))

    def kind(self, kind: str) -> str:
        """What a person calls a kind of work; empty for one without a name."""
        name = _KINDS.get(WorkKind(kind)) if kind in set(WorkKind) else None
        return self.gettext(name) if name else ""

    def till(self, name: str) -> str:
        """What a person calls a till."""
        return self.gettext(_TILLS[name]) if name in _TILLS else name

    def country(self, code: str) -> str:
        """Austria; the code where the language has no name for it."""
        return str(self.locale.territories.get(code, code))

    @cached_property
    def countries(self) -> tuple[tuple[str, str], ...]:
        """(code, name) of all, as one looks for them: by name, an accent no letter of its own."""
        named = ((code, self.country(code)) for code in COUNTRIES)
        return tuple(sorted(named, key=lambda pair: (_plain_letters(pair[1]), pair[0])))

    def number(self, count: int) -> str:
        """1,234."""
        return str(format_decimal(count, locale=self.locale))

    def of(self, money: Money) -> str:
        """`money` of a Money."""
        return self.money(money.minor, money.currency)


def _plain_letters(text: str) -> str:
    """Åland as aland, to sort by."""
    return "".join(letter for letter in normalize("NFKD", text.casefold()) if not combining(letter))


def _with_decimals(pattern: str, places: int) -> str:
    """A CLDR number pattern such as `¤#,##0.00` with another count of decimals, in each of its parts."""
    parts = []
    for part in pattern.split(";"):
        head, dot, tail = part.partition(".")
        rest = tail.lstrip("0#") if dot else ""
        if not dot:
            cut = max(head.rfind("0"), head.rfind("#")) + 1
            head, rest = head[:cut], head[cut:]
        parts.append(head + ("." + "0" * places if places else "") + rest)
    return ";".join(parts)


@cache
def formats(language: str) -> Format:
    """The Format of `language`."""
    return Format(language)

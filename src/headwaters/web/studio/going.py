"""How it is going, in words: from sums to what the first page, the accounts and the command line show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from headwaters.core.errors import N_
from headwaters.core.sales.money import Money, plain
from headwaters.core.sales.states import Door
from headwaters.core.study.numbers import ENOUGH_COPIES, Countries, Sums, Tally, is_enough, rests
from headwaters.core.study.spans import Span, Step, Window
from headwaters.core.study.visits import OTHER_WORDS
from headwaters.store.numbers import Going
from headwaters.texts import translations
from headwaters.web.contexts import studio_see as pages
from headwaters.web.format import Format
from headwaters.web.studio.plots import Series, draw

DOORS = {Door.PAY: N_("Paid"), Door.CANT_PAY: N_("Couldn’t pay"), Door.HAVE_COPY: N_("Had a copy")}
SPANS = {
    Span.TODAY: (N_("Today"), N_("Today, since midnight (UTC)"), N_("by this time yesterday")),
    Span.WEEK: (N_("7 days"), N_("In the last 7 days"), N_("in the 7 days before")),
    Span.MONTH: (N_("30 days"), N_("In the last 30 days"), N_("in the 30 days before")),
    Span.QUARTER: (N_("90 days"), N_("In the last 90 days"), N_("in the 90 days before")),
    Span.YEAR: (N_("A year"), N_("In the last 365 days"), N_("in the 365 days before")),
    Span.ALL: (N_("All"), N_("Since the beginning"), ""),
}
_STEPS = {
    Step.MINUTE: (N_("From (UTC)"), N_("Copies"), N_("Money that came in")),
    Step.HOUR: (N_("Hour (UTC)"), N_("Copies by the hour"), N_("Money that came in, by the hour")),
    Step.DAY: (N_("Day (UTC)"), N_("Copies by the day"), N_("Money that came in, by the day")),
    Step.WEEK: (N_("Week from"), N_("Copies by the week"), N_("Money that came in, by the week")),
    Step.MONTH: (N_("Month"), N_("Copies by the month"), N_("Money that came in, by the month")),
    Step.YEAR: (N_("Year"), N_("Copies by the year"), N_("Money that came in, by the year")),
}
_ORIGINS = {
    "": (N_("Nothing said"), N_("an address that was typed or kept, or a link without a word")),
    "copy": (N_("A copy"), N_("the plain words beside a file led home")),
    OTHER_WORDS: (N_("Other words"), N_("more than 50 a day are not told apart")),
}
NO_COUNTRIES = Countries((), 0, 0)
_MOST_ORIGINS = 12
_WITH_MONEY = 3  # bars, before money makes a picture


# ── labels ───────────────────────────────────────────────────────────────────────────────────────


def label(said: Format, step: Step, moment: datetime) -> str:
    """What a bar is called."""
    if step in (Step.HOUR, Step.MINUTE):
        return f"{moment:%H:%M}"
    if step is Step.MONTH:
        return said.month(moment)
    return str(moment.year) if step is Step.YEAR else said.day(moment)


def labels(said: Format, window: Window) -> list[str]:
    """What the bars of `window` are called."""
    return [label(said, window.step, at) for at in window.cuts]


def share(part: int, whole: int) -> int:
    """How long the bar behind a number is."""
    return round(100 * part / whole) if whole else 0


# ── the numbers that one sees first ──────────────────────────────────────────────────────────────


def compared(said: Format, now: int, before: int | None, when: str, many: str = "") -> str:
    """`now` against the time before, without a judgement; `many`: the difference as it is said, where it is money."""
    if before is None or not when or (now == before == 0):
        return ""
    values = {"difference": many or said.number(abs(now - before)), "when": said.gettext(when)}
    if before == 0 and now > 0:
        return said.gettext("None %(when)s") % values
    if now == before:
        return said.gettext("As many as %(when)s") % values
    if now > before:
        return said.gettext("%(difference)s more than %(when)s") % values
    fewer = N_("%(difference)s less than %(when)s") if many else N_("%(difference)s fewer than %(when)s")
    return said.gettext(fewer) % values


def copies_card(said: Format, total: Tally, before: Tally | None = None, when: str = "") -> pages.NumberCard:
    """How many copies were taken, and by which door."""
    parts = ", ".join(f"{said.gettext(DOORS[door]).lower()}: {said.number(total.doors[door])}" for door in Door)
    was = None if before is None else before.copies
    return pages.NumberCard(
        said.gettext("Copies"),
        (said.number(total.copies),),
        parts if total.copies else "",
        compared(said, total.copies, was, when),
    )


def money_card(said: Format, total: Tally, before: Tally | None = None, when: str = "") -> pages.NumberCard:
    """What is left of the money that came, in each currency."""
    left = rests(total.money)
    parts = "; ".join(money_words(said, money.currency, total.money[money.currency]) for money in left)
    against = ""
    if before is not None and len(total.money.keys() | before.money.keys()) == 1:
        (currency,) = total.money.keys() | before.money.keys()
        now, was = (each.money.get(currency, Sums()).rest for each in (total, before))
        against = compared(said, now, was, when, said.money(abs(now - was), currency))
    values = tuple(said.of(money) for money in left)
    return pages.NumberCard(said.gettext("Money for you"), values or (said.gettext("None"),), parts, against)


def money_words(said: Format, currency: str, sums: Sums) -> str:
    """€12.00 came in, €0.60 of fees, €5.00 went back."""
    words = [(sums.paid, N_("%(amount)s came in")), (sums.fees, N_("%(amount)s in fees"))]
    words.append((sums.refunded, N_("%(amount)s went back")))
    told = [said.gettext(text) % {"amount": said.money(minor, currency)} for minor, text in words if minor]
    return ", ".join(told)


def money_json(found: Mapping[str, Sums]) -> dict[str, dict[str, Any]]:
    """Amounts as decimal text, by currency."""
    return {
        currency: {
            "paid": plain(Money(sums.paid, currency)),
            "fees": plain(Money(sums.fees, currency)),
            "refunded": plain(Money(sums.refunded, currency)),
            "rest": plain(Money(sums.rest, currency)),
            "payments": sums.payments,
        }
        for currency, sums in sorted(found.items())
    }


def practice_words(said: Format, total: Tally) -> str:
    """What was practised: it is none of the numbers."""
    if not (total.practised or total.practice):
        return ""
    many = translations(said.language).ngettext
    count = many("%(n)d copy", "%(n)d copies", total.practised) % {"n": total.practised}
    sums = said.join([said.money(sums.paid, currency) for currency, sums in sorted(total.practice.items())])
    if not sums:
        return said.gettext("Practice and tests, counted apart: %(count)s.") % {"count": count}
    told = said.gettext("Practice and tests, counted apart: %(count)s, %(sums)s that are not real.")
    return told % {"count": count, "sums": sums}


# ── pictures and tables ──────────────────────────────────────────────────────────────────────────


def copies_plot(said: Format, window: Window, bars: Sequence[Tally], total: Tally) -> pages.Plot:
    """Copies by door over time."""
    most = max(range(len(bars)), key=lambda number: bars[number].copies)
    words = said.gettext("%(count)s copies in all. The tallest bar is %(label)s, with %(most)s.") % {
        "count": said.number(total.copies),
        "most": said.number(bars[most].copies),
        "label": label(said, window.step, window.cuts[most]),
    }
    series = [
        Series(door.value, said.gettext(DOORS[door]), said.number(total.doors[door]), [bar.doors[door] for bar in bars])
        for door in Door
    ]
    title = said.gettext(_STEPS[window.step][1])
    return draw("copies", title, words, series, labels(said, window), said.number)


def money_plot(said: Format, window: Window, bars: Sequence[Tally], total: Tally) -> pages.Plot | None:
    """Money of the currency that came most often, if it came often enough."""
    money = rests(total.money)
    if not money:
        return None
    currency = money[0].currency
    counts = [bar.money.get(currency, Sums()).paid for bar in bars]
    if sum(count > 0 for count in counts) < _WITH_MONEY:
        return None
    came = said.money(total.money[currency].paid, currency)
    series = [Series("income", said.gettext("Came in"), came, counts)]
    words = said.gettext("%(sum)s in all, before fees and refunds.") % {"sum": came}
    axis = lambda minor: said.money_short(minor, currency)  # noqa: E731
    return draw("income", said.gettext(_STEPS[window.step][2]), words, series, labels(said, window), axis)


def _money_cells(said: Format, part: Tally) -> tuple[str, str]:
    came = [Money(sums.paid, currency) for currency, sums in sorted(part.money.items()) if sums.paid]
    left = [Money(sums.rest, currency) for currency, sums in sorted(part.money.items())]
    return tuple(" + ".join(map(said.of, each)) or "0" for each in (came, left))  # type: ignore[return-value]


def table(said: Format, going: Going, csv: str, *columns: str) -> pages.Table:
    """The bars as numbers; `columns`: which of money, letters and visits are for whoever looks."""
    step = going.window.step
    heads = [said.gettext(_STEPS[step][0]), *(said.gettext(DOORS[door]) for door in Door)]
    more = {"money": (N_("Came in"), N_("Left for you")), "letters": (N_("Letters"),), "visits": (N_("Visits"),)}
    heads += [said.gettext(head) for column in columns for head in more[column]]

    def cells(part: Tally) -> tuple[str, ...]:
        found = {
            "money": _money_cells(said, part),
            "letters": (said.number(part.letters),),
            "visits": (said.number(part.visits),),
        }
        doors = (said.number(part.doors[door]) for door in Door)
        return (*doors, *(cell for column in columns for cell in found[column]))

    rows = zip(labels(said, going.window), going.bars, strict=True)
    return pages.Table(
        heads=tuple(heads),
        rows=tuple(pages.TableRow(name, cells(bar)) for name, bar in rows),
        total=pages.TableRow(said.gettext("All"), cells(going.total)),
        csv=csv,
    )


def origins(said: Format, found: Mapping[str, tuple[int, int]]) -> tuple[pages.Origin, ...]:
    """Where readers came from, the most copies first."""
    order = sorted(found.items(), key=lambda pair: (-pair[1][1], -pair[1][0], pair[0]))
    most = max((copies for _, (_, copies) in order), default=0)
    told = []
    for word, (visits, copies) in order[:_MOST_ORIGINS]:
        name, words = _ORIGINS.get(word, (word, ""))
        mono = word not in _ORIGINS
        told.append(
            pages.Origin(
                name=name if mono else said.gettext(name),
                words=said.gettext(words) if words else "",
                mono=mono,
                visits=said.number(visits),
                copies=said.number(copies),
                share=share(copies, most),
            )
        )
    if rest := order[_MOST_ORIGINS:]:
        visits, copies = (sum(pair[at] for _, pair in rest) for at in (0, 1))
        more = said.gettext("%(n)s more words") % {"n": said.number(len(rest))}
        told.append(pages.Origin(more, "", False, said.number(visits), said.number(copies), share(copies, most)))
    return tuple(told)


def countries(said: Format, found: Countries) -> tuple[pages.CountryRow, ...]:
    """Where readers said they are, in fives; nothing where nobody said it."""
    most = max((count for _, count in found.named), default=found.others)
    rows = [pages.CountryRow(said.country(code), said.number(count), share(count, most)) for code, count in found.named]
    if found.others:
        name = said.gettext("Other countries") if rows else said.gettext("Countries of fewer than five readers")
        rows.append(pages.CountryRow(name, said.number(found.others), min(100, share(found.others, most))))
    return tuple(rows)


def silent_words(said: Format, found: Countries) -> str:
    """How many said nothing; empty where nobody said anything."""
    if not (found.named or found.others):
        return ""
    many = translations(said.language).ngettext
    told = many("%(n)s reader did not say.", "%(n)s readers did not say.", found.silent)
    return told % {"n": said.number(found.silent)}


# ── all of it ────────────────────────────────────────────────────────────────────────────────────


def going_context(
    said: Format,
    going: Going,
    span: Span,
    works: Sequence[tuple[int, str, str]],
    work: str,
    *,
    money: bool,
    letters: bool,
    home: str = "/studio",
) -> pages.Going:
    """The numbers of the first page. `works` to choose from, `work`: the chosen slug or nothing; `money`, `letters`:
    whether whoever looks may see them; `home`: the page that is looked at."""
    when, total, before = SPANS[span][2], going.total, going.before
    cards = [copies_card(said, total, before, when)]
    if money:
        cards.append(money_card(said, total, before, when))
    if letters:
        was = None if before is None else before.letters
        count = said.number(total.letters)
        cards.append(pages.NumberCard(said.gettext("Letters"), (count,), "", compared(said, total.letters, was, when)))
    cards.append(
        pages.NumberCard(
            said.gettext("Visits"), (said.number(total.visits),), said.gettext("of your works’ pages, not people"), ""
        )
    )
    if going.fetched:
        words = said.gettext("files of free works, from their public addresses")
        cards.append(pages.NumberCard(said.gettext("Fetched by everyone"), (said.number(going.fetched),), words, ""))
    enough = is_enough(going.bars)
    plots = [copies_plot(said, going.window, going.bars, total)] if enough else []
    if enough and money and (drawn := money_plot(said, going.window, going.bars, total)):
        plots.append(drawn)
    hourly = going.window.step is Step.HOUR
    columns = [name for name, shown in (("money", money), ("letters", letters), ("visits", not hourly)) if shown]
    return pages.Going(
        spans=tuple(
            pages.Choice(each.value, said.gettext(SPANS[each][0]), address(home, each, work), each is span)
            for each in Span
        ),
        works=_works(said, home, span, works, work),
        span=span.value,
        span_words=said.gettext(SPANS[span][1]),
        cards=tuple(cards),
        practice=practice_words(said, total) if money else "",
        plots=tuple(plots),
        too_little="" if enough else _too_little(said, total),
        numbers=address("/studio/numbers", span, work),
        table=table(said, going, address("/studio/numbers.csv", span, work), *columns),
        origins=origins(said, going.origins),
        origins_csv=address("/studio/origins.csv", span, work),
        countries=countries(said, going.countries),
        countries_csv=address("/studio/countries.csv", span, work),
        countries_words=silent_words(said, going.countries),
    )


def _too_little(said: Format, total: Tally) -> str:
    if total.copies == 0:
        return said.gettext("Nobody took a copy in this time.")
    if total.copies < ENOUGH_COPIES:
        return said.gettext("Not enough yet for a picture: a few copies say no more than their number does.")
    return said.gettext("Not enough yet for a picture: it would have one bar or two.")


def address(path: str, span: Span, work: str) -> str:
    """Where numbers of a span and a work are."""
    return f"{path}?{urlencode({'span': span.value, **({'work': work} if work else {})})}"


def _works(
    said: Format, home: str, span: Span, works: Sequence[tuple[int, str, str]], work: str
) -> tuple[pages.Choice, ...]:
    if len(works) < 2:
        return ()
    every = pages.Choice("", said.gettext("All works"), address(home, span, ""), not work)
    return (
        every,
        *(pages.Choice(slug, title, address(home, span, slug), slug == work) for _, slug, title in works),
    )

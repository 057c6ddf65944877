"""What the Studio says of money and tills, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from babel.dates import format_date, format_timedelta

from headwaters.core.errors import N_
from headwaters.core.sales.states import Mode
from headwaters.errands.tills import StripeState
from headwaters.store.ledger import MonthSums
from headwaters.web.contexts.studio_money import CurrencySums, SumsRow
from headwaters.web.format import Format


def ago(said: Format, when: datetime, now: datetime) -> str:
    """3 minutes ago."""
    if now - when < timedelta(minutes=1):
        return said.gettext("just now")
    return str(format_timedelta(when - now, granularity="minute", add_direction=True, locale=said.locale))


# ── sums ─────────────────────────────────────────────────────────────────────────────────────────


def currency_sums(said: Format, months: Iterable[MonthSums]) -> tuple[CurrencySums, ...]:
    """A table for each currency: its months, tills added up, and all of them."""
    by_currency: dict[str, dict[str, list[MonthSums]]] = {}
    for each in months:
        by_currency.setdefault(each.currency, {}).setdefault(each.month, []).append(each)
    return tuple(_currency(said, currency, found) for currency, found in sorted(by_currency.items()))


def _currency(said: Format, currency: str, months: dict[str, list[MonthSums]]) -> CurrencySums:
    rows = tuple(_row(said, _month(said, month), found, currency) for month, found in months.items())
    everything = [each for found in months.values() for each in found]
    return CurrencySums(currency, rows, _row(said, said.gettext("All"), everything, currency))


def _row(said: Format, name: str, found: Sequence[MonthSums], currency: str) -> SumsRow:
    kept, back = sum(each.kept for each in found), sum(each.back for each in found)
    return SumsRow(
        name=name,
        payments=sum(each.payments for each in found),
        came=said.money(sum(each.came for each in found), currency),
        kept=said.money(kept, currency) if kept else "",
        back=said.money(back, currency) if back else "",
        left=said.money(sum(each.left for each in found), currency),
    )


def _month(said: Format, month: str) -> str:
    """November 2026."""
    day = date.fromisoformat(f"{month}-01")
    return str(format_date(day, "LLLL y", locale=said.locale))


# ── the card till ────────────────────────────────────────────────────────────────────────────────


def stripe_troubles(said: Format, state: StripeState, now: datetime) -> tuple[str, ...]:
    """What of the card till does not work, or is not known to."""
    _ = said.gettext
    found = []
    if not state.on:
        return ()
    known = state.checked
    if known is None:
        found.append(_("Nobody has asked Stripe about these keys yet. Press “Look again”."))
    if known is not None and not known.may_charge:
        found.append(_("Stripe does not let this account take payments yet: something is still to be filled in there."))
    if known is not None and not known.hook_enabled:
        found.append(_("The endpoint for events is switched off at Stripe. Switch it on there."))
    if known is not None and known.hook_lacks:
        missing = _("The endpoint at Stripe does not send these events: %(events)s. Add them there.")
        found.append(missing % {"events": ", ".join(known.hook_lacks)})
    if state.forged is not None and (state.last_event is None or state.last_event < state.forged):
        wrong = _(
            "An event came %(ago)s whose signature was wrong: the signing secret here may be that of another endpoint. "
            "Copy it once more from the endpoint for this shop’s address."
        )
        found.append(wrong % {"ago": ago(said, state.forged, now)})
    return tuple(found)


def stripe_summary(said: Format, mode: Mode | None) -> str:
    """How the card till is, in a few words; `mode` None: off."""
    if mode is None:
        return said.gettext("Off")
    return (
        said.gettext("On, with real money") if mode is Mode.LIVE else said.gettext("On, with test keys: no real money")
    )


BY_HAND = {
    "off": N_("Off"),
    "on": N_("On: the files come when you confirm"),
    "trust": N_("On: the files come at once, on trust"),
}

"""The accounts: what a release brought and cost, as a page to print or to publish. Nothing of it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from aiohttp import web

from headwaters.core.errors import Refused
from headwaters.core.people import Right
from headwaters.core.sales.money import Money
from headwaters.core.study.launches import Cost, read_costs, read_time, usual_since
from headwaters.core.study.numbers import Sums, Tally, is_enough, rests
from headwaters.core.study.spans import Step, cut
from headwaters.store import launches
from headwaters.store import numbers as rows
from headwaters.store.db import Connection
from headwaters.store.numbers import Going
from headwaters.web.contexts import studio_see as pages
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.render import site_of
from headwaters.web.studio import going as said_going
from headwaters.web.studio.frame import frame, problem_of, show, words_of
from headwaters.web.studio.guard import Session, may
from headwaters.web.studio.words import moment

routes = web.RouteTableDef()


def account(said: Format, currency: str, sums: Sums, costs: Sequence[Cost]) -> tuple[pages.AccountLine, ...]:
    """One currency's lines, from what came in down to what is left."""

    def line(name: str, minor: int, *, result: bool = False) -> pages.AccountLine:
        return pages.AccountLine(name, said.money(minor, currency), result)

    _ = said.gettext
    lines = [line(_("Came in"), sums.paid)]
    if sums.fees:
        lines.append(line(_("What the tills kept"), -sums.fees))
    if sums.refunded:
        lines.append(line(_("Went back to readers"), -sums.refunded))
    lines.append(line(_("Left for you"), sums.rest, result=True))
    lines += [line(cost.name, -cost.amount.minor) for cost in costs]
    if costs:
        spent = sum(cost.amount.minor for cost in costs)
        lines.append(line(_("Left after what it cost"), sums.rest - spent, result=True))
    return tuple(lines)


def accounts(
    said: Format, total: Tally, costs: Sequence[Cost], currency: str
) -> tuple[tuple[pages.AccountLine, ...], ...]:
    """One a currency; that of the costs also where nothing came."""
    currencies = [money.currency for money in rests(total.money)]
    if costs and currency not in currencies:
        currencies.append(currency)
    found = ((code, total.money.get(code, Sums()), costs if code == currency else ()) for code in currencies)
    return tuple(account(said, code, sums, mine) for code, sums, mine in found)


def average_words(said: Format, total: Tally) -> str:
    """What who paid gave, where there is one currency and enough of them for a mean to mean something."""
    if len(total.money) != 1:
        return ""
    ((currency, sums),) = total.money.items()
    if sums.payments < 5:
        return ""
    mean = Money(round(sums.paid / sums.payments), currency)
    words = said.gettext("%(n)s payments, %(mean)s each on average.")
    return words % {"n": said.number(sums.payments), "mean": said.of(mean)}


class _Form:
    """What the address asks for; what is wrong with it is remembered and leaves the usual in its place."""

    def __init__(self, query: dict[str, str], now: datetime, usual: datetime, currency: str) -> None:
        self.refused: Refused | None = None
        self.since, self.since_field = self._time(query, "since", now, usual)
        self.until, self.until_field = self._time(query, "until", now, now)
        if self.until <= self.since:
            self.until, self.until_field = now, f"{now:%Y-%m-%dT%H:%M}"
        self.costs_field = query.get("costs", "")[:2000]
        self.costs: list[Cost] = []
        try:
            self.costs = read_costs(self.costs_field, currency)
        except Refused as error:
            self.refused = error

    def _time(self, query: dict[str, str], field: str, now: datetime, usual: datetime) -> tuple[datetime, str]:
        text = query.get(field, "")[:100]
        try:
            found = read_time(text, now, field) or usual
        except Refused as error:
            self.refused = error
            return usual, text
        return found, f"{found:%Y-%m-%dT%H:%M}"


@routes.get("/studio/launch/accounts")
@may(Right.SELL)
async def get_accounts(request: web.Request, session: Session) -> web.Response:
    """What came, what went, what is left; from when to when, of one work or all."""
    house, said = request.app[HOUSE], words_of(request)
    now, currency = house.clock(), house.now.settings.currency
    newest = await house.db.read(launches.newest_work)
    form = _Form(dict(request.query), now, usual_since(now, newest[1] if newest else None), currency)

    def look(conn: Connection) -> tuple[tuple[int, str, str] | None, Going]:
        work = next((each for each in rows.works_to_choose(conn) if each[1] == request.query.get("work")), None)
        window = cut(form.since, form.until + timedelta(microseconds=1))
        return work, rows.going(conn, window, None, work[0] if work else None)

    work, going = await house.db.read(look)
    slug = work[1] if work else ""
    total, enough = going.total, is_enough(going.bars)
    plots = [said_going.copies_plot(said, going.window, going.bars, total)] if enough else []
    if enough and (money := said_going.money_plot(said, going.window, going.bars, total)):
        plots.append(money)
    columns = ("money", "letters") if going.window.step is Step.HOUR else ("money", "letters", "visits")
    visits = said.number(total.visits)
    context = pages.AccountsPage(
        frame=await frame(request, session, "launch"),
        title=work[2] if work else site_of(house).name,
        work=slug,
        since=moment(said, form.since),
        until=moment(said, form.until),
        since_field=form.since_field,
        until_field=form.until_field,
        costs_field=form.costs_field,
        currency=currency,
        accounts=accounts(said, total, form.costs, currency),
        cards=(
            said_going.copies_card(said, total),
            pages.NumberCard(said.gettext("Letters"), (said.number(total.letters),), "", ""),
            pages.NumberCard(said.gettext("Visits"), (visits,), said.gettext("of your works’ pages, not people"), ""),
        ),
        average=average_words(said, total),
        plots=tuple(plots),
        table=said_going.table(said, going, "", *columns),
        origins=said_going.origins(said, going.origins),
        countries=said_going.countries(said, going.countries),
        countries_words=said_going.silent_words(said, going.countries),
        practice=said_going.practice_words(said, total),
        launch=f"/studio/launch?work={slug}",
        problem=problem_of(request, form.refused),
    )
    return show(request, "accounts", context, form.refused)

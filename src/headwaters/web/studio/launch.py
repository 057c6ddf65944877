"""A release, followed while it happens: big numbers and a plot, looked at again every few seconds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from headwaters.core.errors import N_, Refused
from headwaters.core.people import Right
from headwaters.core.study.launches import read_since, usual_since
from headwaters.core.study.numbers import Tally, tallies, tally
from headwaters.core.study.spans import DAY, HOUR, MINUTE, Window, even, midnight
from headwaters.store import launches
from headwaters.store import numbers as rows
from headwaters.store.db import Connection
from headwaters.store.numbers import Going
from headwaters.web.contexts import studio_see as pages
from headwaters.web.contexts.studio import Moment
from headwaters.web.format import Format
from headwaters.web.keys import HOUSE
from headwaters.web.look import address_of
from headwaters.web.pulse import PULSE
from headwaters.web.render import page_html, site_of
from headwaters.web.sending import UnderWay
from headwaters.web.studio import going
from headwaters.web.studio.frame import frame, problem_of, show, words_of
from headwaters.web.studio.guard import HEADERS, Session, may
from headwaters.web.studio.lookout import LOOKOUT, Question, Sight
from headwaters.web.studio.plots import Series, draw
from headwaters.web.studio.words import moment
from headwaters.web.visits import VISITS

routes = web.RouteTableDef()

_BUSY = 0.05  # seconds that a page may wait before one says so
_SLOW = 0.5
_MOMENT = timedelta(microseconds=1)
_SHORTEST = timedelta(minutes=15)  # that are drawn, so that the first minute is no wall
_ROOM = 2_000_000_000  # bytes of a disk that is not full
_STARTS = ((N_("An hour ago"), HOUR), (N_("6 hours ago"), 6 * HOUR), (N_("24 hours ago"), DAY))


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; `slug` empty: all works."""

    slug: str
    question: Question
    works: list[tuple[int, str, str]]
    refused: Refused | None = None
    typed: str = ""

    def address(self, path: str, since: datetime | None = None) -> str:
        """The same question at another path, or with another start."""
        at = since or self.question.since
        return f"{path}?{urlencode({'work': self.slug, 'since': f'{at:%Y-%m-%dT%H:%M}'})}"


def _read(conn: Connection) -> tuple[list[tuple[int, str, str]], tuple[str, datetime] | None]:
    return rows.works_to_choose(conn), launches.newest_work(conn)


async def asked_of(request: web.Request) -> Asked:
    """What the address says; where it says nothing, the newest work since it came out, or the last hour of all."""
    house = request.app[HOUSE]
    now, (works, newest) = house.clock(), await house.db.read(_read)
    text, refused, since = request.query.get("since", "")[:100], None, None
    try:
        since = read_since(text, now)
    except Refused as error:
        refused = error
    usual = usual_since(now, newest[1] if newest else None)
    came_out = newest is not None and usual == newest[1].replace(second=0, microsecond=0)
    slug = request.query.get("work", newest[0] if newest and came_out and not text else "")
    work_id = next((number for number, each, _ in works if each == slug), None)
    question = Question(since or usual, work_id)
    return Asked(slug if work_id is not None else "", question, works, refused, text)


# ── what is to be seen ───────────────────────────────────────────────────────────────────────────


def _a_minute(sight: Sight) -> int:
    """Copies in the last sixty seconds, as if those of the minute before had come evenly."""
    this = sight.now.replace(second=0, microsecond=0)
    rest = 1 - (sight.now - this) / MINUTE
    found = {at: part.copies for at, part in sight.minutes if at >= this - MINUTE}
    return found.get(this, 0) + round(found.get(this - MINUTE, 0) * rest)


def _label(said: Format, window: Window, at: datetime) -> str:
    within = window.end - window.start <= DAY
    return f"{at:%H:%M}" if within else f"{said.day(at)}, {at:%H:%M}"


def _plot(said: Format, window: Window, bars: Sequence[Tally], total: Tally) -> pages.Plot:
    labels = [_label(said, window, at) for at in window.cuts]
    most = max(range(len(bars)), key=lambda number: bars[number].copies)
    words = said.gettext("%(count)s copies in all. The tallest bar is %(label)s, with %(most)s.") % {
        "count": said.number(total.copies),
        "most": said.number(bars[most].copies),
        "label": labels[most],
    }
    series = [
        Series(door.value, said.gettext(name), said.number(total.doors[door]), [bar.doors[door] for bar in bars])
        for door, name in going.DOORS.items()
    ]
    minutes = (window.cuts[2] - window.cuts[1]) // MINUTE if len(window.cuts) > 2 else 1
    title = said.gettext("Copies, each bar %(n)d min (UTC)") % {"n": minutes}
    return draw("launched", title, words, series, labels, said.number)


def _table(said: Format, window: Window, bars: Sequence[Tally], total: Tally) -> pages.Table:
    """Bars in which something happened; the others would make it long."""
    step_names = [_label(said, window, at) for at in window.cuts]
    whole = going.table(said, Going(window, tuple(bars), total, None, {}, going.NO_COUNTRIES), "", "money")
    lines = zip(step_names, whole.rows, bars, strict=True)
    kept = tuple(pages.TableRow(name, row.cells) for name, row, bar in lines if bar.copies or bar.money)
    return pages.Table((said.gettext("From (UTC)"), *whole.heads[1:]), kept, whole.total, "")


@dataclass(frozen=True, slots=True)
class Gauges:
    """What this process feels of the launch."""

    visits: int  # a minute
    sending: int  # downloads now
    late: float  # seconds


def gauges(request: web.Request, slug: str) -> Gauges:
    """As they are now."""
    app = request.app
    return Gauges(app[VISITS].a_minute(slug or None), UnderWay.now, app[PULSE].late())


def _signs(said: Format, sight: Sight, seen: Gauges) -> tuple[pages.Sign, ...]:
    _ = said.gettext
    if seen.late < _BUSY:
        pages_sign = pages.Sign(_("Pages"), _("answered at once"), True)
    else:
        late = {"n": round(seen.late, 1 if seen.late >= _SLOW else 2)}
        pages_sign = pages.Sign(_("Pages"), _("wait up to %(n)s s: the machine is busy") % late, seen.late < _SLOW)
    mail, open_ones = sight.waiting.mail, sight.waiting.payments
    free = said.size(round(sight.free, -8))
    return (
        pages_sign,
        pages.Sign(_("Downloads now"), said.number(seen.sending), True),
        pages.Sign(_("Payments under way"), _count(said, open_ones), True),
        pages.Sign(_("Mail that waits"), _count(said, mail), mail <= launches.MOST),
        pages.Sign(_("Free on the disk"), free, sight.free >= _ROOM),
    )


def _count(said: Format, count: int) -> str:
    if count > launches.MOST:
        return said.gettext("more than %(n)s") % {"n": said.number(launches.MOST)}
    return said.number(count)


def launch_now(said: Format, asked: Asked, sight: Sight, seen: Gauges) -> pages.LaunchNow:
    """The numbers, the plot and how the shop holds."""
    window = even(asked.question.since, max(sight.now + _MOMENT, asked.question.since + _SHORTEST))
    bars, total = tallies(window, sight.minutes), tally(sight.minutes)
    happened = total.copies > 0
    return pages.LaunchNow(
        cards=(
            going.copies_card(said, total),
            pages.NumberCard(said.gettext("Copies a minute"), (said.number(_a_minute(sight)),), "", ""),
            pages.NumberCard(said.gettext("Visits a minute"), (said.number(seen.visits),), "", ""),
            going.money_card(said, total),
        ),
        plot=_plot(said, window, bars, total) if happened else None,
        table=_table(said, window, bars, total) if happened or total.money else None,
        practice=going.practice_words(said, total),
        signs=_signs(said, sight, seen),
    )


def launch_json(asked: Asked, sight: Sight, seen: Gauges) -> dict[str, Any]:
    """The same for programs."""
    total = tally(sight.minutes)
    return {
        "work": asked.slug or None,
        "since": asked.question.since,
        "copies": {"all": total.copies, **{door.value: count for door, count in total.doors.items()}},
        "copies_a_minute": _a_minute(sight),
        "visits_a_minute": seen.visits,
        "money": going.money_json(total.money),
        "practised": total.practised,
        "downloads_now": seen.sending,
        "late_ms": round(seen.late * 1000, -1),
        "payments_under_way": sight.waiting.payments,
        "mail_waiting": sight.waiting.mail,
        "disk_free": round(sight.free, -8),
    }


# ── pages ────────────────────────────────────────────────────────────────────────────────────────


def _starts(said: Format, asked: Asked, now: datetime) -> tuple[pages.Choice, ...]:
    times = [(text, (now - ago).replace(second=0, microsecond=0)) for text, ago in _STARTS]
    times.append((N_("Midnight (UTC)"), midnight(now)))
    return tuple(
        pages.Choice(
            f"{at:%Y-%m-%dT%H:%M}",
            said.gettext(text),
            asked.address("/studio/launch", at),
            at == asked.question.since,
        )
        for text, at in times
    )


def _clock(now: datetime) -> Moment:
    return Moment(f"{now:%H:%M:%S} UTC", now.isoformat(timespec="seconds"))


@routes.get("/studio/launch")
@may(Right.SELL)
async def get_launch(request: web.Request, session: Session) -> web.Response:
    """The launch view."""
    said, asked = words_of(request), await asked_of(request)
    sight = await request.app[LOOKOUT].look(asked.question)
    every = pages.Choice("", said.gettext("All works"), "", not asked.slug)
    context = pages.LaunchPage(
        frame=await frame(request, session, "launch"),
        works=(every, *(pages.Choice(slug, title, "", slug == asked.slug) for _, slug, title in asked.works)),
        starts=_starts(said, asked, sight.now),
        since=moment(said, asked.question.since),
        since_field=asked.typed if asked.refused else f"{asked.question.since:%Y-%m-%dT%H:%M}",
        problem=problem_of(request, asked.refused),
        now=launch_now(said, asked, sight, gauges(request, asked.slug)),
        at=_clock(sight.now),
        live=asked.address("/studio/launch.json"),
        again=asked.address("/studio/launch"),
        accounts=asked.address("/studio/launch/accounts"),
        script=address_of("launch.js"),
    )
    return show(request, "launch", context, asked.refused)


@routes.get("/studio/launch.json")
@may(Right.SELL)
async def get_launch_json(request: web.Request, _session: Session) -> web.Response:
    """The same as data, with the part of the page that shows it; 304 while nothing changes."""
    said, asked = words_of(request), await asked_of(request)
    if asked.refused:
        raise asked.refused
    sight, seen = await request.app[LOOKOUT].look(asked.question), gauges(request, asked.slug)
    site, now = site_of(request.app[HOUSE]), launch_now(said, asked, sight, seen)
    html = page_html(site, "studio/launch_now.html", now)
    body = msgspec.json.encode({**launch_json(asked, sight, seen), "html": html})
    tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    headers = {**HEADERS, "ETag": tag}
    if tag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers={**headers, "Content-Type": "application/json"})

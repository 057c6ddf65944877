"""Tell of a wrong: `/report`, and the reporter's own page `/report/<token>`."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from headwaters.actions import reports as verbs
from headwaters.core.clock import from_micros
from headwaters.core.errors import N_, Code, HeadwatersError, NotFound, Refused
from headwaters.core.sales.references import make_reference
from headwaters.core.shelf.keys import is_secret
from headwaters.store import reports as rows
from headwaters.store.db import Connection
from headwaters.store.reports import EntryRow, ReportRow
from headwaters.web.contexts.shop import ReportEntry, ReportForm, ReportPage
from headwaters.web.format import Format, formats
from headwaters.web.keys import HOUSE
from headwaters.web.limits import limit
from headwaters.web.render import PRIVATE, render, retry_headers, said_problem, site_of, status_of
from headwaters.web.sales import read_form, see_other

routes = web.RouteTableDef()


def _reference(random_text: str) -> str:
    """Like a payment's, but nobody takes it for one: WR-7K3M-9QXA."""
    return make_reference(random_text).replace("HW-", "WR-", 1)


def _form(request: web.Request, typed: Mapping[str, str], error: HeadwatersError | None) -> web.Response:
    house = request.app[HOUSE]
    context = ReportForm(
        address=typed.get("address", ""),
        body=typed.get("body", ""),
        email=typed.get("email", ""),
        nonce=house.token(),
        problem=said_problem(error, house.now.settings.language) if error else None,
    )
    status = status_of(error) if error else 200
    headers = {**PRIVATE, "Referrer-Policy": "same-origin", **retry_headers(error)}
    return render(request, "report.html", context, status=status, headers=headers)


@routes.get("/report")
async def get_report(request: web.Request) -> web.Response:
    """The form. `?about=` fills in where the reader came from."""
    about = request.query.get("about", "")[:200]
    address = request.app[HOUSE].config.url + about if about.startswith("/") and not about.startswith("//") else ""
    return _form(request, {"address": address}, None)


@routes.post("/report")
async def post_report(request: web.Request) -> web.Response:
    """A new report: 303 to its own page."""
    house = request.app[HOUSE]
    form = await read_form(request)
    try:
        limit(request, "report")
        wrong = verbs.read_wrong(form.get("address", ""), form.get("body", ""), form.get("email", ""))
        token, reference, now = house.token(), _reference(house.token()), house.clock()
        report = await house.db.write(
            lambda conn: verbs.file_report(
                conn, wrong, nonce=form.get("nonce", ""), token=token, reference=reference, now=now
            )
        )
    except Refused as refused:
        return _form(request, form, refused)
    return see_other(f"/report/{report.token}")


def _entry(entry: EntryRow, said: Format) -> ReportEntry:
    moment = from_micros(entry.created_at)
    mine = entry.author == verbs.Teller.REPORTER
    return ReportEntry(mine, said.date(moment), moment.date().isoformat(), entry.body)


async def _page(request: web.Request, typed: str, error: HeadwatersError | None) -> web.Response:
    house, token = request.app[HOUSE], _token(request)

    def read(conn: Connection) -> tuple[ReportRow, list[EntryRow]]:
        report = rows.report_by_token(conn, token)
        return report, rows.entries(conn, report.id)

    report, log = await house.db.read(read)
    said = formats(house.now.settings.language)
    first = EntryRow(verbs.Teller.REPORTER, report.body, report.created_at)
    path = f"/report/{token}"
    context = ReportPage(
        path=path,
        link=site_of(house).url + path,
        reference=report.reference,
        state=report.state,
        about=report.address,
        log=tuple(_entry(entry, said) for entry in (first, *log)),
        body=typed,
        nonce=house.token(),
        problem=said_problem(error, said.language) if error else None,
    )
    headers = {**PRIVATE, **retry_headers(error)}
    return render(request, "report_page.html", context, status=status_of(error) if error else 200, headers=headers)


def _token(request: web.Request) -> str:
    token = request.match_info["token"]
    if not is_secret(token):
        raise NotFound(Code.REPORT_UNKNOWN, N_("There is no such report."))
    return token


@routes.get("/report/{token}")
async def get_report_page(request: web.Request) -> web.Response:
    """What became of a report."""
    return await _page(request, "", None)


@routes.post("/report/{token}")
async def post_report_page(request: web.Request) -> web.Response:
    """The reporter adds something."""
    house, token = request.app[HOUSE], _token(request)
    form = await read_form(request)
    try:
        limit(request, "report")
        now = house.clock()
        await house.db.write(lambda conn: verbs.add_to_report(conn, token, form.get("body", ""), now))
    except NotFound:
        raise
    except Refused as refused:
        return await _page(request, form.get("body", ""), refused)
    return see_other(f"/report/{token}")

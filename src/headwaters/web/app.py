"""The application: one process, one port, every address."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial

from aiohttp import web

from headwaters.actions.outbox import forget_done
from headwaters.core.errors import N_, Code, HeadwatersError, Refused
from headwaters.core.works.makings import Lane
from headwaters.errands import counting, integrity, late, lost, mirrors, settle, storage, uploads
from headwaters.errands.covers import Covers
from headwaters.errands.download import Desk
from headwaters.errands.failures import log_failure
from headwaters.errands.fetching import Fetching
from headwaters.errands.healing import Healing
from headwaters.errands.house import House, refresh
from headwaters.errands.intake import Intake
from headwaters.errands.mail import mail_handlers
from headwaters.errands.press import Press
from headwaters.errands.worker import Chore, Worker
from headwaters.errands.workshop import Workshop
from headwaters.web import (
    countries,
    fetching,
    files,
    formats,
    letters,
    lost_pages,
    pages,
    practice,
    reading,
    reports,
    sales,
    studio,
)
from headwaters.web.at_hand import AtHand
from headwaters.web.errors import errors_as_pages
from headwaters.web.gate import KEPT_ALIVE, Gate
from headwaters.web.keys import HOUSE, INTAKE, PRESS, WORKSHOP
from headwaters.web.limits import LIMITS, Limits
from headwaters.web.pulse import BEAT, PULSE, Pulse
from headwaters.web.security import secure
from headwaters.web.tls import certificate_of
from headwaters.web.visits import EVERY, VISITS, Visits, keep_visits

log = logging.getLogger(__name__)

PATIENCE = 300_000  # milliseconds without a reader taking a byte before we hang up; downloads resume
LARGEST_FORM = 128 * 1024  # a letter of 20 KB, percent-encoded, and the other fields
REMEMBERED = timedelta(days=30)  # how long the outbox knows what it did; its limits look back one day
_ROOMS = (fetching, files, formats, sales, letters, reports, practice, countries, lost_pages)


def make_app(house: House) -> web.Application:
    """Every room's addresses on one application. Its background work starts and ends with it."""
    app = web.Application(middlewares=[errors_as_pages], client_max_size=LARGEST_FORM)
    app[HOUSE] = house
    app[INTAKE] = Intake(house)
    app[PRESS] = Press(house)
    app[WORKSHOP] = Workshop(house)
    app[LIMITS] = Limits(house.config.proxies)
    app[files.DESK] = Desk(house)
    app[files.FETCHING] = Fetching(house, app[files.DESK])
    app[VISITS] = Visits(lambda: house.clock().timestamp())
    app[PULSE] = Pulse()
    secure(app, house.config)
    pages.add_to(app)
    reading.add_to(app)
    for room in _ROOMS:
        app.add_routes(room.routes)
    studio.add_to(app)
    app.cleanup_ctx.append(_work_in_background)
    return app


def make_worker(house: House, more: Sequence[Chore] = ()) -> Worker:
    """What this process does beside answering: the outbox, the sweep of open payments, half-kept files, news; and what
    its pages leave to do (`more`)."""

    async def sweep_payments() -> None:
        await settle.sweep(house)

    async def look_late() -> None:
        await late.look_late(house)

    async def forget_mail() -> None:
        before = house.clock() - REMEMBERED
        await house.db.write(lambda conn: forget_done(conn, before))

    async def sweep_files() -> None:
        await storage.sweep_unfinished(house, house.clock() - timedelta(days=1))

    async def clear_moved() -> None:
        await storage.clear_moved(house)

    async def look_at_files() -> None:
        await integrity.look_at_night(house)

    async def forget_links() -> None:
        await lost.sweep(house)

    async def look_for_news() -> None:
        await refresh(house)

    async def count_downloads() -> None:
        await counting.flush(house.downloads, house.db, house.clock())
        await counting.flush_fetches(house.fetched, house.db, house.clock())

    async def look_at_mirrors() -> None:
        await mirrors.check_due(house)

    async def count_tries() -> None:
        await house.tries.flush(house.db)

    chores = (
        Chore("catalogue", timedelta(seconds=1), look_for_news),
        Chore("downloads that began", timedelta(seconds=5), count_downloads),
        Chore("mirrors", timedelta(seconds=5), look_at_mirrors),
        Chore("wrong passwords", timedelta(seconds=5), count_tries),
        Chore("payments", timedelta(seconds=30), sweep_payments),
        Chore("paid payments, once more", timedelta(seconds=30), look_late),
        Chore("mail that went out", timedelta(hours=6), forget_mail),
        Chore("half-kept files", timedelta(hours=6), sweep_files),
        Chore("what moves left behind", timedelta(hours=6), clear_moved),
        Chore("files to look at", timedelta(minutes=30), look_at_files),
        Chore("lost links that are over", timedelta(minutes=5), forget_links),
        *more,
    )
    return Worker(house, {**mail_handlers(house), **lost.lost_handlers(house)}, chores)


def _chores_of(app: web.Application) -> Sequence[Chore]:
    """What the pages leave to do: uploads and drafts of the Studio, visits, the pulse."""
    house, visits, press = app[HOUSE], app[VISITS], app[PRESS]

    async def sweep_uploads() -> None:
        await uploads.sweep(house)

    async def publish_drafts() -> None:
        await press.publish_due()

    async def sweep_drafts() -> None:
        await press.sweep()

    async def look_for_missing() -> None:
        await app[files.DESK].suspects.look_again()

    healing = Healing(house)

    async def look_for_healed() -> None:
        await healing.look()

    covers = Covers(house)

    async def draw_covers() -> None:
        await covers.follow()

    async def beat() -> None:
        app[PULSE].beat()
        visits.turn()

    return (
        Chore("uploads to check", timedelta(seconds=15), app[INTAKE].check_waiting),
        Chore("uploads given up", timedelta(hours=1), sweep_uploads),
        Chore("drafts that are due", timedelta(seconds=1), publish_drafts),
        Chore("drafts that are done", timedelta(hours=1), sweep_drafts),
        Chore("covers in the shop's colour", timedelta(seconds=2), draw_covers),
        Chore("files that readers missed", timedelta(seconds=30), look_for_missing),
        Chore("files that are whole again", timedelta(minutes=5), look_for_healed),
        Chore("visits", EVERY, partial(keep_visits, house, visits)),
        Chore("pulse", BEAT, beat),
        *_workshop_chores(app),
    )


def _workshop_chores(app: web.Application) -> Sequence[Chore]:
    """What is made in the background, in a lane each."""
    workshop = app[WORKSHOP]
    if not app[HOUSE].config.workshop:
        return ()

    async def queue_missing() -> None:
        await workshop.queue_missing()

    async def make_quick() -> None:
        await workshop.make_due(Lane.QUICK)

    async def make_long() -> None:
        await workshop.make_due(Lane.LONG)

    async def make_reading() -> None:
        await workshop.make_due(Lane.READING)

    return (
        Chore("makings that are missing", timedelta(seconds=5), queue_missing),
        Chore("quick makings", timedelta(seconds=2), make_quick),
        Chore("makings that read", timedelta(seconds=2), make_reading),
        Chore("long makings", timedelta(seconds=2), make_long),
    )


async def _work_in_background(app: web.Application) -> AsyncIterator[None]:
    house = app[HOUSE]
    worker = make_worker(house, _chores_of(app))
    await worker.start()
    yield
    app[INTAKE].stop()
    app[WORKSHOP].stop()
    await worker.stop()
    await app[INTAKE].close()
    await _at_the_end("the last downloads", counting.flush(house.downloads, house.db, house.clock()))
    await _at_the_end("the last fetches", counting.flush_fetches(house.fetched, house.db, house.clock()))
    await _at_the_end("the last wrong passwords", house.tries.flush(house.db))
    await _at_the_end("the last visits", keep_visits(house, app[VISITS]))


async def _at_the_end(what: str, writing: Awaitable[object]) -> None:
    """A database that is down at the end loses the last seconds of a count, and nothing else that is to be done."""
    try:
        await writing
    except HeadwatersError as error:
        log_failure(log, what, error)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises Refused(CONFIG_BROKEN) in words when the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; connections have it from here
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, PATIENCE)
        sock.bind((host, port))
        sock.listen(4096)
    except OSError as wrong:
        sock.close()
        raise Refused(
            Code.CONFIG_BROKEN,
            N_("Cannot listen on %(host)s, port %(port)d: %(why)s."),
            hint=N_("Is another shop running? Choose another port with --port."),
            host=host,
            port=port,
            why=os.strerror(wrong.errno) if wrong.errno else str(wrong),
        ) from wrong
    return sock


async def serve(house: House, sock: socket.socket, stop: asyncio.Event) -> None:
    """Answer on `sock` until `stop`; then finish what is short and let go of what is long (downloads resume).

    No access log: addresses hold secrets, and peers are nobody's business. Raises Refused(CONFIG_BROKEN) for a
    certificate that cannot be used.
    """
    certificate = certificate_of(house.config)
    app = make_app(house)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=3.0, keepalive_timeout=KEPT_ALIVE)
    await runner.setup()
    assert runner.server is not None
    gate = Gate(runner.server, sock, certificate, house.config.proxies, AtHand(app).answer)
    gate.open()
    try:
        await stop.wait()
    finally:
        gate.close()
        with suppress(asyncio.CancelledError):
            await runner.cleanup()

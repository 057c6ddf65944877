"""The gate: takes connections in, and lets go of those that say nothing. What aiohttp and asyncio leave open is closed
here: a request that never comes, and the moment when no more files may be open. (Who reads a request's body says how
long it may take; `listen` says how long a reader may take nothing.)

Nobody on a poor line is hurt: at 16 kbit/s the largest head that is taken comes within ten seconds.

When it is full, for each who comes one makes room: who has said nothing for longest; who is not being served; and then
the client with by far the most connections gives one (`crowd` says which). Else the newcomer waits.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import resource
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from aiohttp import web

from headwaters.web.crowd import UNKNOWN, Clients, Crowd
from headwaters.web.doorstep import Ask, Doorstep

log = logging.getLogger(__name__)

HEAD = 30.0  # seconds from a connection's first moment to the end of its first request's head
KEPT_ALIVE = 75.0  # seconds that somebody may rest who was answered: longer than proxies keep a connection
HANDSHAKE = 20.0  # seconds for that of TLS, within those
LOOK = 5.0  # seconds between looks
AT_ONCE = 128  # connections taken in before anything else has its turn
REST = 1.0  # seconds until it is worth looking again, when no more files may be open
MOMENT = 1.0  # seconds that a newcomer has to ask before they count as saying nothing
TELL = 60.0  # seconds between two words in the log
SPARE = 200  # descriptors kept for files, the database and the fast lane
_FULL = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

Make = Callable[[], ssl.SSLContext | None]
_Guest = Doorstep | web.RequestHandler


def most_connections() -> int:
    """The highest number that a connection's descriptor may have: they are given out from the lowest up."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 30 if soft == resource.RLIM_INFINITY else soft - min(SPARE, soft // 4)


class Gate:
    """Connections of one listening socket to one server. `tls` is asked for each, and says None for none; `proxies` are
    our own, and say whose requests they carry; `at_hand` answers what need not go to the server."""

    def __init__(
        self,
        server: web.Server,
        listener: socket.socket,
        tls: Make = lambda: None,
        proxies: Sequence[str] = (),
        at_hand: Ask = lambda data: None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._server, self._listener, self._tls, self._at_hand = server, listener, tls, at_hand
        self._handle = server.request_handler
        self._most = most_connections()
        self._silent: dict[_Guest, float] = {}  # who has not asked anything yet, longest first, and since when
        self._resting: dict[Doorstep, float] = {}  # the same of who was answered on the doorstep
        self._coming: set[asyncio.Task[None]] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._told = {"wait": float("-inf"), "cut": float("-inf")}
        self._proxies = tuple(proxies)
        self._forwarded: dict[web.RequestHandler, Sequence[str]] = {}  # for whom a proxy of ours asked last
        self._crowd: Crowd | None = None  # while it is full

    def open(self) -> None:
        """From now on, until `close`."""
        self._server.request_handler = self._asked
        self._listener.setblocking(False)
        self._loop.add_reader(self._listener, self._accept)
        self._later("look", LOOK, self._look)

    def close(self) -> None:
        """Nobody comes in any more; who is in stays, and who is on the doorstep goes with what was said to them."""
        self._loop.remove_reader(self._listener)
        for timer in self._timers.values():
            timer.cancel()
        for task in self._coming:
            task.cancel()
        for guest in (*self._silent, *self._resting):
            if isinstance(guest, Doorstep) and guest.transport is not None:
                guest.transport.close()
        self._listener.close()

    def _later(self, what: str, seconds: float, do: Callable[[], None]) -> None:
        self._timers[what] = self._loop.call_later(seconds, do)

    # ── coming in ────────────────────────────────────────────────────────────────────────────────

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                connection, peer = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _FULL:
                    raise
                self._make_room("")
                self._rest()
                return
            task = self._loop.create_task(self._welcome(connection))
            self._coming.add(task)
            task.add_done_callback(self._coming.discard)
            if connection.fileno() > self._most and not self._make_room(peer[0]):
                self._rest()
                return

    async def _welcome(self, connection: socket.socket) -> None:
        context = self._tls()
        patience = HANDSHAKE if context else None
        with suppress(OSError):  # ssl.SSLError is one; the transport closes the socket
            await self._loop.connect_accepted_socket(
                self._meet, connection, ssl=context, ssl_handshake_timeout=patience
            )

    def _meet(self) -> Doorstep:
        guest = Doorstep(self, self._at_hand)
        self._silent[guest] = self._loop.time()
        return guest

    def answered(self, guest: Doorstep) -> None:
        """See doorstep.Keeper."""
        if self._resting.pop(guest, None) is None:
            self._silent.pop(guest, None)
        self._resting[guest] = self._loop.time()

    def left(self, guest: Doorstep) -> None:
        """See doorstep.Keeper."""
        self._silent.pop(guest, None)
        self._resting.pop(guest, None)

    def let_in(self, guest: Doorstep, data: bytes) -> None:
        """See doorstep.Keeper. Who has said only a part of what they want has until `HEAD` for the rest."""
        assert guest.transport is not None
        self.left(guest)
        handler = self._server()
        self._silent[handler] = self._loop.time()
        guest.transport.set_protocol(handler)
        handler.connection_made(guest.transport)
        handler.data_received(data)

    # ── when it is full ──────────────────────────────────────────────────────────────────────────

    def _make_room(self, peer: str) -> bool:
        """Let go of one, for whoever came from `peer`; whether there was one."""
        crowd = self._crowd or self._look_at_crowd()
        client = crowd.come_in(peer) if peer else UNKNOWN
        if self._let_go_of_silent(MOMENT) or self._let_go_of_resting():
            return True
        if (handler := crowd.next_idle()) is not None and handler.transport is not None:
            handler.transport.close()
            return True
        if (handler := crowd.next_of_many(client)) is not None:
            self._cut(handler)
            return True
        return self._let_go_of_silent(0) or self._let_go_of_taking()

    def _look_at_crowd(self) -> Crowd:
        """Only now, and once in a while: to look at thousands takes milliseconds."""
        self._crowd = Crowd(self._server.connections, self._silent, Clients(self._proxies), self._forwarded)
        self._later("crowd", REST, self._forget_crowd)
        return self._crowd

    def _forget_crowd(self) -> None:
        self._crowd = None

    def _let_go_of_silent(self, seconds: float) -> bool:
        """Who has said nothing for longest, and for so long. Who is still shaking hands (TLS) has no transport yet, and
        is not forgotten: what they do not say afterwards counts as well."""
        latest = self._loop.time() - seconds
        for handler, since in self._silent.items():
            if since > latest:
                break  # the rest came later
            if handler.transport is not None:
                del self._silent[handler]
                handler.transport.abort()
                return True
        return False

    def _let_go_of_resting(self) -> bool:
        """Who was answered on the doorstep longest ago, and asks nothing now."""
        for guest in self._resting:
            if not guest.is_busy and guest.transport is not None:
                del self._resting[guest]
                guest.transport.close()
                return True
        return False

    def _let_go_of_taking(self) -> bool:
        """Who has been taking what was said on the doorstep for longest."""
        for guest in self._resting:
            if guest.transport is not None:
                del self._resting[guest]
                guest.transport.abort()
                return True
        return False

    def _cut(self, handler: web.RequestHandler) -> None:
        """End it in the middle: downloads resume. By the socket, as whoever sends on it holds its number, and learns of
        the end by the next write."""
        self._tell("cut", "Many connections are one client’s, and no more may be open: one ends for each that comes")
        self._silent.pop(handler, None)
        connection = handler.transport.get_extra_info("socket") if handler.transport is not None else None
        if connection is not None:
            with suppress(OSError):  # they went by themselves
                connection.shutdown(socket.SHUT_RDWR)

    def _rest(self) -> None:
        """Whoever knocks waits in the kernel for a moment: to be told of them again and again would help nobody."""
        self._tell("wait", f"As many connections are open as may be ({self._most} files): the next ones wait")
        self._loop.remove_reader(self._listener)
        self._later("rest", REST, lambda: self._loop.add_reader(self._listener, self._accept))

    def _tell(self, what: str, words: str) -> None:
        """Once a minute, and never who."""
        if self._loop.time() - self._told[what] > TELL:
            self._told[what] = self._loop.time()
            log.warning(words)

    # ── taking too long ──────────────────────────────────────────────────────────────────────────

    def _asked(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        self._silent.pop(request.protocol, None)
        if self._proxies:
            self._forwarded[request.protocol] = request.headers.getall("X-Forwarded-For", ())
        return self._handle(request)

    def _look(self) -> None:
        self._let_go(self._silent, HEAD)
        for guest in [each for each in self._resting if each.is_busy]:
            self.answered(guest)  # their rest begins when they have it all
        self._let_go(self._resting, KEPT_ALIVE)
        self._forwarded = {who: told for who, told in self._forwarded.items() if who.transport is not None}
        self._later("look", LOOK, self._look)

    def _let_go(self, guests: dict[_Guest, float] | dict[Doorstep, float], patience: float) -> None:
        now = self._loop.time()
        for guest, since in list(guests.items()):
            if now - since < patience:
                break  # the rest came later
            del guests[guest]  # type: ignore[arg-type]
            if guest.transport is not None:
                guest.transport.abort()

"""A guard that keeps a Python process on loopback, and remembers whoever tried to leave.

It is an audit hook, so it stays for the life of the process. tests/conftest.py lays it on the tests' own
process; `guard/sitecustomize.py` lays it on the servers and commands that tests start.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Callable

MARK = "tried to leave loopback:"
attempts: list[str] = []


class LeftLoopback(RuntimeError):
    """Not an OSError on purpose: code that forgives a dead network must not forgive this."""


def is_loopback(host: object) -> bool:
    """Whether `host`, a name or an address, is this machine for certain, without asking anybody."""
    if host is None:
        return True
    name = (host.decode() if isinstance(host, bytes) else str(host)).strip("[]").partition("%")[0]
    if name in {"", "localhost", socket.gethostname()} or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _host(event: str, arguments: tuple[object, ...]) -> object:
    """The host that an audited call is about; None where there is none."""
    if event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        return arguments[0]
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        connection, address = arguments[0], arguments[1]
        if isinstance(connection, socket.socket) and connection.family in {socket.AF_INET, socket.AF_INET6}:
            return address[0] if isinstance(address, tuple) else None
    return None


def lay_guard(tell: Callable[[str], object] = attempts.append) -> None:
    """From now on, whatever leaves loopback raises LeftLoopback, and `tell` gets the host."""

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event.startswith("socket.") and not is_loopback(host := _host(event, arguments)):
            tell(str(host))
            raise LeftLoopback(f"{MARK} {host}")

    sys.addaudithook(hook)

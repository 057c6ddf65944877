"""The shop's public address: what one may be, what leads to it, and how it is written into headwaters.toml."""

from __future__ import annotations

import hmac
import re
import tomllib
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from headwaters.core.errors import N_

_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")  # a name, or an IPv6 address without its brackets
_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])", re.ASCII)
_LINE = re.compile(r"^[ \t]*(?:#[ \t]*)?url[ \t]*=.*$", re.MULTILINE)
_TABLE = re.compile(r"^[ \t]*\[", re.MULTILINE)

_GLOBAL = IPv6Network("2000::/3")  # all that is given out (IANA); other ranges have IPv4 addresses in them, or sites
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: a gateway leads to the IPv4 address at its end

PROOF_PATH = "/.well-known/headwaters"


def check_address(text: str) -> str:
    """A public address: http or https, a host, no path, query or slash at its end; a bare name is taken as https. One
    in letters beyond ASCII comes back as machines write it: mail, tills and other programs know no other.

    Raises ValueError with a msgid and its values.
    """
    text = text.strip()
    if text and "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError:  # also brackets that do not close, a port that is none, a name that is too long
        raise _no_address() from None
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(host) or parts.query or parts.fragment:
        raise _no_address()
    if parts.path.strip("/") or parts.username is not None:
        raise ValueError(N_("It is an address without a path or a user name."), {})
    return f"{parts.scheme}://{in_brackets(host)}" + ("" if port is None else f":{port}")


def _no_address() -> ValueError:
    return ValueError(N_("It is an address such as https://shop.example."), {})


def in_brackets(host: str) -> str:
    """`host` as an address has it: an IPv6 one needs brackets, for its colons."""
    return f"[{host}]" if ":" in host else host


@dataclass(frozen=True, slots=True)
class Place:
    """An address, taken apart."""

    url: str
    scheme: str
    host: str
    port: int

    @property
    def is_name(self) -> bool:
        """Whether the host is a name that one registers, and not a number or this machine's own."""
        return _NAME.fullmatch(self.host) is not None and not self.host.endswith(".localhost")

    @property
    def is_top(self) -> bool:
        """Whether it is a registered name itself (shop.example): registrars want an A record there, and no CNAME. It is
        a guess for names such as shop.co.uk, which is why the page tells of both."""
        return self.host.count(".") == 1


def place_of(url: str) -> Place:
    """`url`, a checked address, taken apart."""
    parts = urlsplit(url)
    return Place(url, parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the open internet: not this machine, a home network or a cloud's inside."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (_last_four(found) if found in _NAT64 else None)
        if inner is None:
            return found in _GLOBAL and found.is_global
        found = inner
    return found.is_global and not found.is_multicast


def _last_four(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & 0xFFFF_FFFF)


def proof(shop_key: bytes, nonce: str) -> str:
    """What this shop alone can say to `nonce`: it shows that an address leads here and not to another shop."""
    return hmac.digest(shop_key, b"address:" + nonce.encode(), "sha256").hex()


# ── what one copies ──────────────────────────────────────────────────────────────────────────────


def caddyfile(new: Place, old: Place, upstream: str) -> str:
    """A Caddyfile by which `new` leads to the shop at `upstream`, and `old` to the same page under the new name."""
    main = f"{new.host} {{\n\treverse_proxy {upstream}\n}}\n"
    if not old.is_name or old.host == new.host:
        return main
    return f"{main}\n{old.host} {{\n\tredir {new.url}{{uri}} permanent\n}}\n"


# ── headwaters.toml ──────────────────────────────────────────────────────────────────────────────


def with_url(text: str, url: str) -> str:
    """`text`, a TOML file, with `url` set and every other line and comment as it was.

    Raises ValueError where that cannot be done for certain: the file is read again and compared.
    """
    before = tomllib.loads(text)
    line = f'url = "{url}"'
    table = _TABLE.search(text)
    head = text[: table.start()] if table else text
    found = [match for match in _LINE.finditer(head) if not match[0].lstrip().startswith("#")]
    found = found or list(_LINE.finditer(head))
    if found:
        first = found[0]
        after = text[: first.start()] + line + text[first.end() :]
    else:
        after = f"{line}\n{text}"
    try:
        read = tomllib.loads(after)
    except tomllib.TOMLDecodeError:
        raise ValueError(line) from None
    if read != {**before, "url": url}:
        raise ValueError(line)
    return after

"""How the process runs: a file in the shop's folder, and the environment over it. Frozen once read.

`<shop>/headwaters.toml` holds the same names in lower case (`[smtp]` as a table); an environment variable
HEADWATERS_<NAME> wins. docs/operate/configuration.md lists each name, and a test holds the two together.
"""

from __future__ import annotations

import os
import shlex
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import quote

from headwaters.core.address import check_address, in_brackets
from headwaters.core.errors import N_, Code, Refused, WrongUse

FILE_NAME = "headwaters.toml"
KEY_NAME = "shop.key"
ADDRESS_NAME = "address"  # where the shop was opened last, for commands that print addresses; see `note_address`
PREFIX = "HEADWATERS_"


@dataclass(frozen=True, slots=True)
class Smtp:
    """Where mail is handed over. `security`: starttls, tls (from the first byte) or none (loopback only)."""

    host: str
    sender: str
    port: int = 587
    user: str = ""
    password: str = field(default="", repr=False)
    security: str = "starttls"


@dataclass(frozen=True, slots=True)
class Config:
    """`shop`: the shop's folder. `url`: the public address without a slash at its end."""

    shop: Path
    url: str = "http://127.0.0.1:8000"
    host: str = "127.0.0.1"
    port: int = 8000
    database: str = field(default="", repr=False)  # a postgresql:// address; empty: SQLite in the shop's folder
    files: str = ""  # where files are kept, from the shop's folder; empty: `files` in it
    proxies: tuple[str, ...] = ()  # addresses or networks whose X-Forwarded-For counts
    smtp: Smtp | None = None
    uploads_from: tuple[str, ...] = ()  # folders of this machine whose files may be picked in the Studio
    largest_upload: int = 200  # the largest file that the Studio takes, in GB
    workshop: bool = True  # whether this process makes formats and tastes in the background
    stripe_api: str = ""  # another address of Stripe's API, for tests and gateways

    @property
    def database_url(self) -> str:
        """SQLAlchemy's address of the database."""
        if not self.database:
            return f"sqlite:///{quote(str(self.shop / 'headwaters.db'))}"
        return self.database.replace("postgresql://", "postgresql+psycopg://", 1)

    @property
    def files_dir(self) -> Path:
        """Where LocalStorage keeps blobs. The same from whichever folder a command is run."""
        return self.shop / (self.files or "files")

    @property
    def incoming_dir(self) -> Path:
        """Where uploads lie until their draft is published: on the disk of the files, where they need no copy."""
        return (Path(self.files) if self.files else self.shop) / "incoming" / "uploads"

    @property
    def workshop_dir(self) -> Path:
        """Where formats are made: on the disk of the files, where keeping them needs no copy."""
        return self.files_dir / "workshop"

    @property
    def largest_bytes(self) -> int:
        """The largest file that the Studio takes, in bytes."""
        return self.largest_upload * 1_000_000_000

    @property
    def secure(self) -> bool:
        """Whether readers reach the shop over TLS (cookies are then marked Secure)."""
        return self.url.startswith("https://")


def _broken(name: str, message: str) -> Refused:
    return Refused(Code.CONFIG_BROKEN, "%(name)s: " + message, field=name, name=name)


def note_address(config: Config) -> None:
    """Remember where this process opens the shop: “serve --port 8080” is not in headwaters.toml, and the link that
    “signin” prints has to lead there all the same. A folder that cannot be written to is no reason not to open."""
    path = config.shop / ADDRESS_NAME
    with suppress(OSError):
        if _noted_address(config.shop) != config.url:
            path.write_text(config.url, encoding="utf-8")


def _noted_address(shop: Path) -> str:
    try:
        return check_url((shop / ADDRESS_NAME).read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError, Refused):
        return ""


def _number(name: str, value: object) -> int:
    try:
        number = int(str(value))
    except ValueError:
        raise _broken(name, N_("It is a whole number.")) from None
    if not 0 <= number <= 65535:
        raise _broken(name, N_("It is a number from 0 to 65535."))
    return number


def check_url(value: str) -> str:
    """A public address, as core.address has it, with its scheme. Raises Refused(CONFIG_BROKEN)."""
    try:
        if "://" not in value:
            raise ValueError(N_("It is an address such as https://shop.example."), {})
        return check_address(value)
    except ValueError as wrong:
        raise _broken("url", wrong.args[0]) from None


def _smtp(raw: Mapping[str, object]) -> Smtp | None:
    if not raw.get("host"):
        return None
    security = str(raw.get("security", "starttls"))
    if security not in {"starttls", "tls", "none"}:
        raise _broken("smtp_security", N_("It is starttls, tls or none."))
    if not raw.get("sender"):
        raise _broken("smtp_sender", N_("Mail needs a sender's address."))
    return Smtp(
        host=str(raw["host"]),
        sender=str(raw["sender"]),
        port=_number("smtp_port", raw.get("port", 587)),
        user=str(raw.get("user", "")),
        password=str(raw.get("password", "")),
        security=security,
    )


_NAMES = (
    "url",
    "host",
    "port",
    "database",
    "files",
    "proxies",
    "uploads_from",
    "largest_upload",
    "workshop",
    "stripe_api",
)
_SMTP_NAMES = ("host", "sender", "port", "user", "password", "security")


def _read_file(path: Path) -> dict[str, object]:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as wrong:
        raise Refused(
            Code.CONFIG_BROKEN, N_("%(path)s cannot be read: %(why)s"), path=str(path), why=str(wrong)
        ) from wrong
    unknown = set(raw) - set(_NAMES) - {"smtp"}
    if unknown:
        raise _broken(sorted(unknown)[0], N_("There is no such name in the configuration."))
    return raw


def _switch(name: str, value: object) -> bool:
    if value not in {"on", "off"}:
        raise _broken(name, N_("It is on or off."))
    return value == "on"


def _proxies(value: object) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise _broken("proxies", N_("It is a list of addresses or networks."))
    proxies = tuple(str(part).strip() for part in parts if str(part).strip())
    for proxy in proxies:
        try:
            ip_network(proxy, strict=False)
        except ValueError:
            raise _broken("proxies", N_("It is a list of addresses or networks.")) from None
    return proxies


def _folders(value: object) -> tuple[str, ...]:
    parts = value.split(os.pathsep) if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise _broken("uploads_from", N_("It is a list of folders."))
    folders = tuple(str(part).strip() for part in parts if str(part).strip())
    if not all(Path(folder).is_absolute() for folder in folders):
        raise _broken("uploads_from", N_("Each folder begins with a slash."))
    return folders


def _largest(value: object) -> int:
    number = _number("largest_upload", value)
    if number == 0:
        raise _broken("largest_upload", N_("It is a number of gigabytes, 1 or more."))
    return number


def load_config(shop: Path, environ: Mapping[str, str] = os.environ, **over: object) -> Config:
    """Read `<shop>/headwaters.toml`, the environment over it, and `over` (the command line) over both. Who is going to
    listen passes host and port in `over`, as None where they were not said.

    Raises Refused(CONFIG_BROKEN) naming what is wrong, WrongUse(SHOP_MISSING) when `shop` is no shop.
    """
    if not (shop / KEY_NAME).is_file():
        raise WrongUse(
            Code.SHOP_MISSING,
            N_("There is no shop in %(shop)s."),
            hint=N_("Make one with “headwaters init %(word)s”, or name another with --shop."),
            shop=str(shop),
            word=shlex.quote(str(shop)),
        )
    return read_config(shop, environ, **over)


def read_config(shop: Path, environ: Mapping[str, str] = os.environ, **over: object) -> Config:
    """The same for a folder that need not be a shop yet. Raises Refused(CONFIG_BROKEN)."""
    raw = _read_file(shop / FILE_NAME)
    for name in _NAMES:
        if (value := environ.get(PREFIX + name.upper())) is not None:
            raw[name] = value
    raw.update({name: value for name, value in over.items() if value is not None})
    smtp = raw.get("smtp", {})
    smtp = dict(smtp) if isinstance(smtp, Mapping) else {}
    for name in _SMTP_NAMES:
        if (value := environ.get(f"{PREFIX}SMTP_{name.upper()}")) is not None:
            smtp[name] = value
    port = _number("port", raw.get("port", 8000))
    host = str(raw.get("host", "127.0.0.1"))
    # by its name this machine can have passkeys, which no browser gives to a bare address
    place = in_brackets(host) if "host" in raw else "localhost"
    url = raw.get("url") or ("" if over else _noted_address(shop)) or f"http://{place}:{port}"
    return Config(
        shop=shop,
        url=check_url(str(url)),
        host=host,
        port=port,
        database=str(raw.get("database", "")),
        files=str(raw.get("files", "")),
        proxies=_proxies(raw.get("proxies", ())),
        smtp=_smtp(smtp),
        uploads_from=_folders(raw.get("uploads_from", ())),
        largest_upload=_largest(raw.get("largest_upload", 200)),
        workshop=_switch("workshop", raw.get("workshop", "on")),
        stripe_api=str(raw.get("stripe_api", "")),
    )

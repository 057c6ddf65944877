"""How the process runs: a file in the shop's folder, and the environment over it. Frozen once read.

`<shop>/headwaters.toml` holds the same names in lower case (`[smtp]` as a table); an environment variable
HEADWATERS_<NAME> wins. docs/operate/configuration.md lists each name, and a test holds the two together.
"""

from __future__ import annotations

import os
import re
import shlex
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
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
class S3:
    """An S3-compatible store. `addressing`: auto, path (<endpoint>/<bucket>) or virtual (<bucket>.<endpoint>).
    `downloads`: proxy (through the shop) or redirect (readers get them from the store)."""

    bucket: str
    key_id: str
    secret: str = field(repr=False)
    endpoint: str = ""  # empty: Amazon's, of the region
    region: str = "us-east-1"
    prefix: str = ""  # of the names of the shop's objects, as “shop/”
    addressing: str = "auto"
    public_endpoint: str = ""  # where readers reach the store, if not at `endpoint`
    downloads: str = "proxy"


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
    accel: str = ""  # where a proxy of ours finds the folder of files, for itself alone; empty: we send them
    tls_certificate: Path | None = None  # with its chain; with `tls_key`: this process speaks TLS
    tls_key: Path | None = None
    smtp: Smtp | None = None
    storage: str = "local"  # where new files are kept: local, s3
    s3: S3 | None = None
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
    def copies_dir(self) -> Path:
        """Where files that are far away lie for a while, when a program of this machine wants them."""
        return self.incoming_dir.parent / "copies"

    @property
    def workshop_dir(self) -> Path:
        """Where formats are made: on the disk of the files, where keeping them needs no copy. Absolute, as programs are
        started in it, and “headwaters serve --shop my-shop” says where the shop is from elsewhere."""
        return self.files_dir.absolute() / "workshop"

    @property
    def largest_bytes(self) -> int:
        """The largest file that the Studio takes, in bytes."""
        return self.largest_upload * 1_000_000_000

    @property
    def secure(self) -> bool:
        """Whether readers reach the shop over TLS (cookies are then marked Secure)."""
        return self.url.startswith("https://")


def _broken(name: str, message: str, choice: str = "") -> Refused:
    return Refused(Code.CONFIG_BROKEN, "%(name)s: " + message, field=name, name=name, choice=choice)


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


def _s3(raw: Mapping[str, object]) -> S3 | None:
    if not raw.get("bucket"):
        return None
    for name in ("key_id", "secret"):
        if not raw.get(name):
            raise _broken(f"s3_{name}", N_("A store needs the key of your account there."))
    said = {name: str(raw[name]) for name in _S3_NAMES if name in raw}
    for name, choice in (("addressing", ("auto", "path", "virtual")), ("downloads", ("proxy", "redirect"))):
        if said.get(name, choice[0]) not in choice:
            raise _broken(f"s3_{name}", N_("It is one of these: %(choice)s."), choice=", ".join(choice))
    for name in ("endpoint", "public_endpoint"):
        if said.get(name) and not said[name].startswith(("https://", "http://")):
            raise _broken(f"s3_{name}", N_("It is an address such as https://s3.example."))
        said[name] = said.get(name, "").rstrip("/")
    return S3(**said)


def _storage(value: object, s3: S3 | None) -> str:
    if value not in {"local", "s3"}:
        raise _broken("storage", N_("It is local or s3."))
    if value == "s3" and s3 is None:
        raise _broken("storage", N_("There is no [s3] with a bucket."))
    return str(value)


_NAMES = (
    "url",
    "host",
    "port",
    "database",
    "files",
    "proxies",
    "accel",
    "tls_certificate",
    "tls_key",
    "uploads_from",
    "largest_upload",
    "storage",
    "workshop",
    "stripe_api",
)
_ACCEL = re.compile(r"/[A-Za-z0-9_/-]*[A-Za-z0-9_-]/")
_S3_NAMES = tuple(item.name for item in fields(S3))
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
    unknown = set(raw) - set(_NAMES) - {"smtp", "s3"}
    if unknown:
        raise _broken(sorted(unknown)[0], N_("There is no such name in the configuration."))
    if isinstance(s3 := raw.get("s3"), Mapping) and (unknown := set(s3) - set(_S3_NAMES)):
        raise _broken(f"s3.{sorted(unknown)[0]}", N_("There is no such name in the configuration."))
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


def _accel(value: object, proxies: tuple[str, ...]) -> str:
    if value and not _ACCEL.fullmatch(str(value)):
        raise _broken("accel", N_("It is a path between two slashes, such as /-files/."))
    if value and not proxies:
        raise _broken("accel", N_("It counts for your own proxies alone: say in “proxies” which these are."))
    return str(value)


def _certificate(shop: Path, raw: Mapping[str, object]) -> tuple[Path | None, Path | None]:
    chain, key = (str(raw.get(name, "")) for name in ("tls_certificate", "tls_key"))
    if bool(chain) != bool(key):
        raise _broken("tls_certificate", N_("A certificate and its key go together: name both or none."))
    return (shop / chain, shop / key) if chain else (None, None)


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
    smtp = _table(raw, environ, "smtp", _SMTP_NAMES)
    s3 = _s3(_table(raw, environ, "s3", _S3_NAMES))
    port = _number("port", raw.get("port", 8000))
    host = str(raw.get("host", "127.0.0.1"))
    # by its name this machine can have passkeys, which no browser gives to a bare address
    place = in_brackets(host) if "host" in raw else "localhost"
    chain, key = _certificate(shop, raw)
    scheme = "https" if chain else "http"
    url = raw.get("url") or ("" if over else _noted_address(shop)) or f"{scheme}://{place}:{port}"
    proxies = _proxies(raw.get("proxies", ()))
    return Config(
        shop=shop,
        url=check_url(str(url)),
        host=host,
        port=port,
        database=str(raw.get("database", "")),
        files=str(raw.get("files", "")),
        proxies=proxies,
        accel=_accel(raw.get("accel", ""), proxies),
        tls_certificate=chain,
        tls_key=key,
        smtp=_smtp(smtp),
        storage=_storage(raw.get("storage", "local"), s3),
        s3=s3,
        uploads_from=_folders(raw.get("uploads_from", ())),
        largest_upload=_largest(raw.get("largest_upload", 200)),
        workshop=_switch("workshop", raw.get("workshop", "on")),
        stripe_api=str(raw.get("stripe_api", "")),
    )


def _table(
    raw: Mapping[str, object], environ: Mapping[str, str], table: str, names: tuple[str, ...]
) -> dict[str, object]:
    """A table of the file, the environment over it."""
    found = raw.get(table, {})
    said = dict(found) if isinstance(found, Mapping) else {}
    for name in names:
        if (value := environ.get(f"{PREFIX}{table.upper()}_{name.upper()}")) is not None:
            said[name] = value
    return said

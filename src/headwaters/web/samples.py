"""Made-up pages: what a theme is tried on with, and what the Studio shows of the look before anything is published.

The pages of works and orders are made from made-up rows by the same code as real ones. Every page is there twice
more by its types alone: with everything in it, and with everything left out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from markupsafe import Markup

from headwaters.core.clock import to_micros
from headwaters.core.look import layout_of
from headwaters.core.sales.states import Door
from headwaters.core.shop import Settings
from headwaters.core.themes import Theme
from headwaters.core.works.free import reads_free
from headwaters.errands.house import Now
from headwaters.errands.themes import Dress
from headwaters.store.collections import CollectionRow
from headwaters.store.fetching import Parcel, ParcelFile, TorrentRow
from headwaters.store.pages import EditionView, FileView, LetterView, LineView, OrderView, PaymentView, WorkView
from headwaters.store.shelf import HELD_ROLES, EditionRow
from headwaters.web import show_works
from headwaters.web.contexts.common import Art, Logo, Site
from headwaters.web.contexts.countries import Country, CountryPage
from headwaters.web.contexts.formats import FormatsPage
from headwaters.web.contexts.letters import RefusePage
from headwaters.web.contexts.lost import LostFoundPage, LostLinkPage, LostOrder, LostPage, LostSentPage
from headwaters.web.contexts.orders import OrderPage
from headwaters.web.contexts.practice import PracticePayPage
from headwaters.web.contexts.shop import AboutPage, ErrorPage, PrivacyPage, ReportForm, ReportPage
from headwaters.web.contexts.taste import ReadPage
from headwaters.web.contexts.works import CollectionPage, HomePage, Preview, WorkCard, WorkPage
from headwaters.web.format import formats
from headwaters.web.look import address_of, file_addresses, look_address, style_address
from headwaters.web.markdown import render_markdown
from headwaters.web.show_orders import order_page, shelf_work
from headwaters.web.themes import wear

# Every page that a theme may make, and what it is given. The Studio's own wear no theme.
PAGES: Mapping[str, type] = {
    "home.html": HomePage,
    "work.html": WorkPage,
    "collection.html": CollectionPage,
    "read.html": ReadPage,
    "order.html": OrderPage,
    "formats.html": FormatsPage,
    "country.html": CountryPage,
    "about.html": AboutPage,
    "privacy.html": PrivacyPage,
    "report.html": ReportForm,
    "report_page.html": ReportPage,
    "mail_refuse.html": RefusePage,
    "lost.html": LostPage,
    "lost_sent.html": LostSentPage,
    "lost_link.html": LostLinkPage,
    "lost_found.html": LostFoundPage,
    "practice.html": PracticePayPage,
    "error.html": ErrorPage,
}

MOMENT = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
TOKEN = "a" * 26
_WORDS = "I made this with *four friends* and one boat, on the river where I grew up.\n\nPay what feels fair.\n\nAlice"
_GATHERED = "Everything that I made on the river, *in the order of the seasons*.\n\nAlice"
_CHANGES = "The sound of the third part is clearer, and there are words in Welsh."
_ABOUT = "A film about a river that was *there before us*.\n\n### What you see\n\n- water\n- weather\n\n> It rained."
_EVERY_TILL = ("stripe", "by_hand", "practice")


def made_up_now(settings: Settings, theme: Theme) -> Now:
    """A shop with these settings and every till, which nobody asks for anything."""
    tills: Any = dict.fromkeys(_EVERY_TILL)  # pages want to know which are on, and nothing else of them
    return Now(0, settings, tills, Dress(theme))


def made_up_site(now: Now) -> Site:
    """What a page knows of a made-up shop."""
    settings, theme = now.settings, now.dress.theme
    wear(theme)
    site: Site = _row(
        Site,
        name=settings.name or "High Water",
        tagline=settings.tagline or "films and songs from the river",
        creator=settings.creator or "Alice",
        language=settings.language,
        direction=formats(settings.language).direction,
        url="https://shop.example",
        path="/w/high-water",
        style=style_address(theme, settings.scheme),
        look=look_address(theme, settings.accent, settings.type, settings.scheme),
        script=address_of("pages.js"),
        icon=address_of("icon.svg"),
        logo=Logo(address_of("icon.svg"), 96, 96),
        theme=theme.name,
        cover=settings.cover,
        scheme=settings.scheme,
        files=file_addresses(theme),
        practice=True,
        mail=True,
    )
    return site


def _row(kind: type, /, **given: Any) -> Any:
    """A row or context with these values, and the plainest one for each other field."""
    hints = _hints(kind)
    rest = {item.name: _made(hints[item.name], item.name, full=False) for item in dataclasses.fields(kind)}
    return kind(**{**rest, **given})


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


# ── a work and an order ──────────────────────────────────────────────────────────────────────────


def sample_art(shape: str = "wide") -> Art:
    """A picture that every shop has."""
    width, height = {"wide": (960, 540), "square": (640, 640), "tall": (540, 810)}[shape]
    src = address_of("sample-art.svg")
    return Art(src, f"{src} {width}w", width, height, "", shape, src)


def _file(name: str, media_type: str, role: str = "work", **more: Any) -> FileView:
    given = {"ref": "a" * 13, "label": name.rpartition(".")[0], "sha256": "0" * 64, "size": 640_000_000, **more}
    return cast(FileView, _row(FileView, role=role, name=name, media_type=media_type, **given))


def sample_work(**changes: Any) -> WorkView:
    """A film with a trailer."""
    files = (
        _file("High Water.mp4", "video/mp4", seconds=3720),
        _file("High Water, with words.pdf", "application/pdf", size=4_200_000),
        _file("The song.flac", "audio/flac", seconds=215, size=28_000_000),
        _file("trailer.mp4", "video/mp4", "sample", label="The trailer", seconds=95),
    )
    given: dict[str, Any] = {
        "id": 1,
        "slug": "high-water",
        "state": "published",
        "title": "High Water",
        "by_line": "A film by Alice",
        "kind": "film",
        "language": "en",
        "year": 2026,
        "words": _WORDS,
        "description": _ABOUT,
        "licence": "CC-BY-NC-SA-4.0",
        "currency": "EUR",
        "price_minor": 500,
        "minimum_minor": 100,
        "doors": "pay,cant_pay,have_copy",
        "edition": 2,
        "history": (EditionView(2, to_micros(MOMENT), _CHANGES), EditionView(1, to_micros(MOMENT), "")),
        "published_at": to_micros(MOMENT),
        "files": files,
    }
    return cast(WorkView, _row(WorkView, **{**given, **changes}))


def sample_work_page(site: Site, now: Now, shape: str = "wide", work: WorkView | None = None) -> WorkPage:
    """The page of a made-up work, its picture of a given shape (empty: none)."""
    work = work or sample_work()
    parcel = sample_parcel(work) if reads_free(work.doors) else None
    made = show_works.work_page(site, work, now, "nonce", parcel=parcel)
    art = sample_art(shape) if shape else None
    layout = layout_of(now.settings.cover, shape)
    hero = show_works.hero_of(made.samples, art, layout)
    return dataclasses.replace(made, art=art, layout=layout, hero=hero)


def sample_collection(shown: int = 3) -> CollectionRow:
    """Works that belong together."""
    given = {"slug": "all-water", "title": "All Water", "words": _GATHERED, "state": "published", "shown": shown}
    return cast(CollectionRow, _row(CollectionRow, **given))


def _sample_works() -> tuple[WorkView, ...]:
    return tuple(sample_work(title=title) for title in ("High Water", "Songs of the bank", "A handbook"))


def _with_art(cards: tuple[WorkCard, ...]) -> tuple[WorkCard, ...]:
    shapes = ("wide", "square", "tall")
    return tuple(dataclasses.replace(card, art=sample_art(one)) for card, one in zip(cards, shapes, strict=True))


def sample_home_page(now: Now, works: int = 3, *collections: CollectionRow) -> HomePage:
    """The first page with made-up works."""
    made = show_works.home_page(_sample_works(), collections, now)
    return dataclasses.replace(made, works=_with_art(made.works)[:works])


def sample_collection_page(now: Now) -> CollectionPage:
    """The page of works that belong together."""
    made = show_works.collection_page(sample_collection(), _sample_works(), now)
    return dataclasses.replace(made, works=_with_art(made.works))


def sample_order_page(site: Site, now: Now, work: WorkView | None = None, **changes: Any) -> OrderPage:
    """The page of an order that nobody made."""
    work = work or sample_work()
    made = to_micros(MOMENT)
    order = _row(
        OrderView,
        **{
            "token": TOKEN,
            "door": "pay",
            "state": "granted",
            "currency": work.currency,
            "amount_minor": work.price_minor,
            "created_at": made,
            "granted_at": made,
            "lines": (_row(LineView, work_id=work.id, amount_minor=work.price_minor, key=TOKEN),),
            "payments": (sample_payment(work),),
            "letters": (
                _row(LetterView, author="reader", body="Was it cold?", created_at=made),
                _row(LetterView, author="creator", body="Very cold. Thank you!", created_at=made),
            ),
            **changes,
        },
    )
    shelf = shelf_work(work, site.language, sample_parcel(work), site.url)
    return order_page(site, order, [shelf], now, MOMENT, "nonce")


def sample_parcel(work: WorkView) -> Parcel:
    """What there is to fetch of a made-up work."""
    edition = _row(EditionRow, number=work.edition, slug=work.slug, title=work.title, published_at=work.published_at)
    files = tuple(ParcelFile(one.ref, one.name, one.size, one.sha256, one.role) for one in work.of_role(*HELD_ROLES))
    torrent = TorrentRow("c0ffee" * 6 + "c0ff", "0" * 64, 0, 0, "copy")
    return Parcel(work.id, edition, files, torrent, ("https://mirror.example/high-water/", "https://river.example/"))


def sample_payment(work: WorkView, **changes: Any) -> PaymentView:
    """A payment that nobody made."""
    made = to_micros(MOMENT)
    given = {
        "reference": "HW-7K3M-9QXA",
        "till": "stripe",
        "mode": "live",
        "state": "paid",
        "currency": work.currency,
        "amount_minor": work.price_minor or 500,
        "created_at": made,
        "expires_at": made,
        "settled_at": made,
    }
    return cast(PaymentView, _row(PaymentView, **{**given, **changes}))


def sample_lost_pages(site: Site) -> LostFoundPage:
    """The pages of a reader who took three works."""
    path, date = f"/o/{TOKEN}", formats(site.language).date(MOMENT)
    states = (("waiting", False), ("granted", True), ("granted", False), ("expired", False))
    given = (path, site.url + path, "High Water")
    found = (LostOrder(*given, state, withdrawn, date, MOMENT.date().isoformat()) for state, withdrawn in states)
    return LostFoundPage(tuple(found))


# ── every page ───────────────────────────────────────────────────────────────────────────────────


def sample_pages(site: Site, now: Now) -> Iterator[tuple[str, str, object]]:
    """(template, what is special about it, context) of every page in every shape that matters."""
    yield "home.html", "three works", sample_home_page(now)
    yield "home.html", "collections", sample_home_page(now, 3, sample_collection(), sample_collection(1))
    for shape in ("wide", "square", "tall", ""):
        yield "work.html", f"{shape or 'no'} art", sample_work_page(site, now, shape)
    yield "work.html", "bare", sample_work_page(site, now, "", _bare_work())
    yield "work.html", "for everybody", sample_work_page(site, now, "wide", sample_work(doors="cant_pay,have_copy"))
    yield "work.html", "in collections", _gathered(sample_work_page(site, now))
    yield "work.html", "a preview", _preview(sample_work_page(site, now))
    yield "collection.html", "three works", sample_collection_page(now)
    yield from _orders(site, now)
    lands = (Country("AT", "Austria", chosen=True), Country("NZ", "New Zealand", chosen=False))
    yield "country.html", "said before", CountryPage(f"/o/{TOKEN}", "Austria", lands, None)
    yield "lost_found.html", "in every state", sample_lost_pages(site)
    about = AboutPage(
        about=render_markdown("We make *films*."), imprint="Alice\nAt the River 3", email="a@shop.example"
    )
    yield "about.html", "filled in", about
    yield "privacy.html", "every till", PrivacyPage(tills=_EVERY_TILL, email="alice@shop.example")
    for template, kind in PAGES.items():
        for full in (True, False):
            yield template, "everything in it" if full else "everything left out", made_up(kind, full=full)


def _bare_work() -> WorkView:
    return sample_work(words="", description="", by_line="", doors="pay", price_minor=0, minimum_minor=0, files=())


def _gathered(page: WorkPage) -> WorkPage:
    return dataclasses.replace(page, collections=show_works.collection_links([sample_collection()]))


def _preview(page: WorkPage) -> WorkPage:
    """As its creator sees it while they write."""
    preview = Preview("/studio/drafts/aaaaaaaaaaaaa", ("Price: “five” cannot be read as an amount.",))
    return dataclasses.replace(page, preview=preview)


def _with_an_iban(now: Now) -> Now:
    account = {"by_hand_name": "Alice Rivers", "by_hand_iban": "DE02120300000000202051"}
    return dataclasses.replace(now, settings=dataclasses.replace(now.settings, **account))


def _orders(site: Site, now: Now) -> Iterator[tuple[str, str, object]]:
    work = sample_work()
    yield "order.html", "paid", sample_order_page(site, now)
    yield "order.html", "free", sample_order_page(site, now, door="cant_pay", payments=(), letters=())
    waiting: dict[str, Any] = {"state": "waiting", "granted_at": None, "letters": ()}
    open_one = sample_payment(work, state="open", settled_at=None, url="https://till.example/")
    yield "order.html", "not paid yet", sample_order_page(site, now, payments=(open_one,), **waiting)
    by_hand = sample_payment(work, till="by_hand", state="open", settled_at=None)
    yield "order.html", "by hand", sample_order_page(site, now, payments=(by_hand,), **waiting)
    transfer = sample_order_page(site, _with_an_iban(now), payments=(by_hand,), **waiting)
    yield "order.html", "by bank transfer", transfer
    closed = sample_order_page(site, now, blocked_at=to_micros(MOMENT), country="AT")
    yield "order.html", "letters closed, a country said", closed
    free_only = sample_work(doors="cant_pay,have_copy")
    yield "order.html", "the paying door closed", sample_order_page(site, now, free_only, door="cant_pay", payments=())
    failed = sample_payment(work, state="failed", settled_at=None)
    yield "order.html", "failed", sample_order_page(site, now, payments=(failed,), **waiting)


def made_up(kind: type, *, full: bool) -> Any:
    """A context by its types alone: with everything in it, or with everything left out."""
    hints = _hints(kind)
    return kind(**{item.name: _made(hints[item.name], item.name, full=full) for item in dataclasses.fields(kind)})


_PLAIN: Mapping[type, tuple[Any, Any]] = {  # left out, in it
    str: ("", "text"),
    int: (0, 3),
    bool: (False, True),
    Markup: (Markup(), Markup("<p>text</p>")),
    NoneType: (None, None),
}


def _made(hint: Any, name: str, *, full: bool) -> Any:
    if isinstance(hint, type) and hint in _PLAIN:
        return _PLAIN[hint][full]
    origin, inner = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        kind = next(one for one in inner if one is not NoneType)
        return _made(kind, name, full=full) if full else None
    if origin is tuple:
        if name == "doors":  # there are always three, each with its own name
            return tuple(dataclasses.replace(_made(inner[0], "", full=full), name=door.value) for door in Door)
        return (_made(inner[0], name, full=full),) if full else ()
    if origin is not None:
        return {}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return list(hint)[0 if full else -1]  # the first is the usual one, the last an end
    return made_up(hint, full=full)

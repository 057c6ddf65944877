"""From the rows of works to the contexts of their pages."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from markupsafe import Markup

from headwaters.core.errors import HeadwatersError
from headwaters.core.look import layout_of
from headwaters.core.sales.fees import NO_FEE, FeeRate, estimate, fee_rate
from headwaters.core.sales.money import Money, plain
from headwaters.core.sales.states import Door
from headwaters.core.shop import Settings
from headwaters.core.works.details import default_price
from headwaters.core.works.media import format_name
from headwaters.errands.house import Now
from headwaters.store.collections import CollectionRow
from headwaters.store.fetching import Parcel
from headwaters.store.pages import FileView, WorkView
from headwaters.store.shelf import GIVEN_ROLES
from headwaters.web.contexts import works as pages
from headwaters.web.contexts.common import Amount, Art, Cut, FileLine, PayForm, Problem, Site, TillChoice
from headwaters.web.format import Format, formats
from headwaters.web.licences import said_licence
from headwaters.web.markdown import render_markdown, summary
from headwaters.web.render import said_problem
from headwaters.web.show_fetching import free_work
from headwaters.web.show_formats import last_part as last_part  # for who shows files
from headwaters.web.show_formats import other_formats
from headwaters.web.show_taste import tastes

_PREVIEW = "image/jpeg"  # the picture for programs that show links; browsers get the lighter ones
MIDDLE_WIDTH = 960  # of a picture, in pixels, for browsers that do not choose
_PLAYED = {"audio": "audio", "video": "video", "image": "picture"}
_NEVER_SHOWN = frozenset({"image/svg+xml", "image/tiff", "image/vnd.adobe.photoshop", "image/vnd.djvu", "image/heic"})
_SIGN = re.compile(r"(?<=\n)<p>((?:<em>)?[^<.!?:;]{1,40}(?:</em>)?)</p>\Z")
_NICE = (10, 15, 20, 30, 50, 80)  # people think in these, times powers of ten


# ── money ────────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=8192)
def said_amount(money: Money, said: Format) -> Amount:
    """An amount in all the ways a page says it."""
    minor, currency = money.minor, money.currency
    return Amount(
        minor, currency, said.money(minor, currency), said.money_short(minor, currency), said.amount(minor, currency)
    )


def nice(minor: int) -> int:
    """The nearest amount that people think in: 3, 5, 8, 10, 15, 20…"""
    power = 10 ** max(0, len(str(minor)) - 2)
    steps: list[int] = [step * power for step in (*_NICE, 100)]
    return min(steps, key=lambda step: abs(step - minor))


def presets(price: Money, minimum: Money) -> list[Money]:
    """A little less, more, and much more than the suggested price; none below the minimum."""
    around = (nice(max(price.minor * part // 10, 1)) for part in (6, 16, 30))
    return [Money(minor, price.currency) for minor in dict.fromkeys(around) if minor >= minimum.minor]


def suggested(price: Money, minimum: Money) -> Money:
    """What stands in the amount's field first: the price, else the minimum, else a shop's usual price."""
    if price.minor or minimum.minor:
        return max(price, minimum, key=lambda money: money.minor)
    return default_price(price.currency)


def _rate(till: str, settings: Settings) -> FeeRate | None:
    if till == "stripe":
        return fee_rate(settings.stripe_fee_percent, settings.stripe_fee_fixed)
    return NO_FEE if till == "by_hand" else None


def _cuts(amount: Money, tills: tuple[str, ...], settings: Settings, said: Format) -> tuple[Cut, ...]:
    cuts = []
    for till in tills:
        if (rate := _rate(till, settings)) is not None:
            fee = estimate(amount, rate)
            parts = (said_amount(part, said) for part in (amount, fee.till, fee.creator))
            cuts.append(Cut(till, said.till(till), *parts))
    return tuple(cuts)


def pay_form(
    now: Now, price: Money, minimum: Money, typed: Mapping[str, str], problem: Problem | None, said: Format
) -> PayForm:
    """The fields of a payment, with what was typed in them."""
    fresh = _fresh_form(tuple(now.tills), now.settings, price, minimum, said)
    if not typed and problem is None:
        return fresh
    chosen = typed.get("till", "")
    tills = tuple(replace(till, checked=till.name == chosen) for till in fresh.tills)
    return replace(
        fresh,
        amount=typed.get("amount", fresh.amount),
        tills=tills if chosen in now.tills else fresh.tills,
        problem=problem,
    )


@lru_cache(maxsize=1024)
def _fresh_form(tills: tuple[str, ...], settings: Settings, price: Money, minimum: Money, said: Format) -> PayForm:
    first = suggested(price, minimum)
    return PayForm(
        amount=said.amount(first.minor, first.currency),
        currency=first.currency,
        symbol=said.symbol(first.currency),
        minimum=said_amount(minimum, said) if minimum.minor else None,
        presets=tuple(said_amount(money, said) for money in presets(first, minimum)),
        tills=tuple(TillChoice(name, said.till(name), name == tills[0]) for name in tills),
        cuts=_cuts(first, tills, settings, said),
        problem=None,
    )


# ── files ────────────────────────────────────────────────────────────────────────────────────────


def public_file(slug: str, file: FileView) -> str:
    """The address of a sample or of art."""
    return f"/w/{slug}/f/{file.ref}/{last_part(file.name)}"


def played_as(media_type: str) -> str:
    """audio, video or picture where a browser can show it in place; file where not."""
    return "file" if media_type in _NEVER_SHOWN else _PLAYED.get(media_type.partition("/")[0], "file")


def said_art(work: WorkView) -> Art | None:
    """The work's picture in the widths that the shop made of its cover."""
    made = [file for file in work.of_role("art") if file.media_type != _PREVIEW]
    pictures = [file for file in made or work.of_role("art") if not file.fault]
    by_width = {file.width: (file.width, file.height, file) for file in pictures if file.width and file.height}
    sized = [by_width[width] for width in sorted(by_width)]
    if not sized:
        return None
    width, height, middle = next((one for one in sized if one[0] >= MIDDLE_WIDTH), sized[-1])
    ratio = width / height
    return Art(
        src=public_file(work.slug, middle),
        srcset=", ".join(f"{public_file(work.slug, file)} {wide}w" for wide, _, file in sized),
        width=width,
        height=height,
        alt=work.cover_alt,
        shape="wide" if ratio >= 1.25 else "square" if ratio > 0.8 else "tall",
        small=public_file(work.slug, sized[0][2]),
    )


def said_file(file: FileView, said: Format) -> FileLine:
    """A file of a list."""
    return FileLine(
        label=file.label or file.name,
        name=file.name,
        format=format_name(file.media_type, file.name),
        length=said.length(file.seconds) if file.seconds else "",
        size=said.size(file.size),
        bytes=file.size,
    )


def _sample(work: WorkView, file: FileView, art: Art | None, said: Format) -> pages.Sample:
    kind = played_as(file.media_type)
    poster = art.src if art and kind == "video" else ""
    return pages.Sample(
        kind, file.label or file.name, public_file(work.slug, file), file.media_type, said.size(file.size), poster
    )


def hero_of(samples: tuple[pages.Sample, ...], art: Art | None, layout: str) -> pages.Sample | None:
    """A trailer plays where the art would stand, if that is wide and stands by itself."""
    stands_alone = art is not None and art.shape == "wide" and layout in {"above", "full"}
    return samples[0] if samples and stands_alone and samples[0].kind == "video" else None


# ── works ────────────────────────────────────────────────────────────────────────────────────────


def facts(work: WorkView, said: Format) -> tuple[str, ...]:
    """Kind, length and year, as far as they are known. Of one film in three sizes, the length of one."""
    lengths = [file.seconds for file in work.of_role("work") if file.seconds]
    seconds = max(lengths, default=0) if work.kind == "film" else _whole_length(work)
    kind = said.kind(work.kind)
    found = (
        "" if kind.casefold() in work.by_line.casefold() else kind,
        said.length(seconds) if seconds else "",
        str(work.year) if work.year else "",
    )
    return tuple(fact for fact in found if fact)


def _whole_length(work: WorkView) -> int:
    """Of music: all tracks of one format, the one that has most of them."""
    by_type: dict[str, int] = {}
    for file in work.of_role("work"):
        by_type[file.media_type] = by_type.get(file.media_type, 0) + (file.seconds or 0)
    return max(by_type.values(), default=0)


def _price(work: WorkView, said: Format) -> Amount | None:
    return said_amount(Money(work.price_minor, work.currency), said) if work.price_minor else None


def _cards(works: Sequence[WorkView], said: Format) -> tuple[pages.WorkCard, ...]:
    return tuple(
        pages.WorkCard(
            title=work.title,
            by_line=work.by_line,
            language=work.language,
            facts=facts(work, said),
            href=f"/w/{work.slug}",
            art=said_art(work),
            price=_price(work, said),
        )
        for work in works
    )


def collection_links(found: Sequence[CollectionRow]) -> tuple[pages.CollectionLink, ...]:
    """Collections to go to."""
    return tuple(pages.CollectionLink(one.title, f"/c/{one.slug}", one.shown) for one in found)


def home_page(works: Sequence[WorkView], collections: Sequence[CollectionRow], now: Now) -> pages.HomePage:
    """The context of `/`."""
    return pages.HomePage(_cards(works, formats(now.settings.language)), collection_links(collections))


def collection_page(found: CollectionRow, works: Sequence[WorkView], now: Now) -> pages.CollectionPage:
    """The context of `/c/<slug>`."""
    return pages.CollectionPage(
        title=found.title,
        href=f"/c/{found.slug}",
        words=signed(render_markdown(found.words)) if found.words else Markup(),
        works=_cards(works, formats(now.settings.language)),
        summary=summary(found.words) or found.title,
    )


def signed(words: Markup) -> Markup:
    """`words` with their last paragraph marked where it is a name: short, and no sentence."""
    return Markup(_SIGN.sub(r'<p class="sign">\1</p>', str(words)))  # noqa: S704  (it was clean, and stays so)


def _doors(work: WorkView, typed: Mapping[str, str], problem: Problem | None) -> tuple[pages.Door, ...]:
    open_ones = work.doors.split(",")
    chosen = typed.get("door", "")
    return tuple(
        pages.Door(
            name=door.value,
            open=door.value in open_ones,
            email=typed.get("email", "") if door.value == chosen else "",
            letter=typed.get("letter", "") if door.value == chosen else "",
            problem=problem if door.value == chosen and problem and problem.field != "amount" else None,
        )
        for door in Door
    )


def work_page(
    site: Site,
    work: WorkView,
    now: Now,
    nonce: str,
    typed: Mapping[str, str] | None = None,
    error: HeadwatersError | None = None,
    collections: Sequence[CollectionRow] = (),
    parcel: Parcel | None = None,
) -> pages.WorkPage:
    """The context of `/w/<slug>`; `typed` and `error` where the form of a door was refused; `parcel` of a free work."""
    said, typed = formats(now.settings.language), typed or {}
    problem = said_problem(error, now.settings.language) if error else None
    price, minimum = Money(work.price_minor, work.currency), Money(work.minimum_minor, work.currency)
    art = said_art(work)
    layout = layout_of(site.cover, art.shape if art else "")
    samples = tuple(_sample(work, file, art, said) for file in work.of_role("sample") if not file.fault)
    lines = work.of_role(*GIVEN_ROLES)
    about_pay = problem if problem and problem.field == "amount" else None
    return pages.WorkPage(
        title=work.title,
        by_line=work.by_line,
        language=work.language or now.settings.language,
        facts=facts(work, said),
        href=f"/w/{work.slug}",
        art=art,
        layout=layout,
        words=signed(render_markdown(work.words)) if work.words else Markup(),
        description=render_markdown(work.description) if work.description else Markup(),
        samples=samples,
        hero=hero_of(samples, art, layout),
        taste=tastes(work, f"/w/{work.slug}/f", said),
        files=tuple(said_file(file, said) for file in lines),
        size=said.size(sum(file.size for file in lines)),
        formats=other_formats(work, now.settings.formats, now.settings.language),
        edition=work.edition,
        price=_price(work, said),
        free=free_work(site.url, work, parcel, now.settings.formats, said) if parcel else None,
        pay=pay_form(now, price, minimum, typed if typed.get("door") == Door.PAY else {}, about_pay, said),
        doors=_doors(work, typed, problem),
        problem=problem if typed.get("door") not in work.doors.split(",") else None,
        nonce=nonce,
        came_from=typed.get("from", ""),
        licence=said_licence(work.licence, said),
        summary=summary(work.description, work.words) or work.by_line or work.title,
        share_image=_share_image(site, work, art),
        data=_schema(site, work, art),
        collections=collection_links(collections),
        preview=None,
    )


def _share_image(site: Site, work: WorkView, art: Art | None) -> str:
    preview = next((public_file(work.slug, file) for file in work.of_role("art") if file.media_type == _PREVIEW), "")
    return site.url + (preview or art.src) if art else ""


def _schema(site: Site, work: WorkView, art: Art | None) -> str:
    """schema.org's words for the work, as JSON that no text in it can end."""
    page = f"{site.url}/w/{work.slug}"
    data: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "CreativeWork",
        "name": work.title,
        "url": page,
        "author": {"@type": "Person", "name": site.creator},
        "isAccessibleForFree": Door.CANT_PAY.value in work.doors.split(","),
    }
    if art:
        data["image"] = site.url + art.src
    if work.language:
        data["inLanguage"] = work.language
    if work.price_minor:
        price = plain(Money(work.price_minor, work.currency))
        data["offers"] = {"@type": "Offer", "price": price, "priceCurrency": work.currency, "url": page}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")

"""What an EPUB says of itself: its documents in their order, and its table of contents (EPUB 3's nav, EPUB 2's NCX)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from headwaters.adapters.books.archive import Archive, broken, resolve
from headwaters.adapters.books.xml import Element, attribute, find_all, first, local, parse, words_of
from headwaters.core.errors import N_
from headwaters.core.works.reading import direction_of

MOST_DOCUMENTS = 5_000
MOST_POINTS = 10_000
DEEPEST = 6
_CONTAINER = "META-INF/container.xml"
_DOCUMENTS = frozenset({"application/xhtml+xml", "text/html", "text/x-oeb1-document", "application/xml"})


@dataclass(frozen=True, slots=True)
class Point:
    """A line of the table of contents; `document`: the member it leads to, `place`: the id in it or empty."""

    title: str
    level: int
    document: str
    place: str


@dataclass(frozen=True, slots=True)
class Package:
    """A book's frame. `begin`: the member where the book itself begins, as the book says, or empty."""

    title: str
    language: str
    direction: str
    backwards: bool
    documents: tuple[str, ...]
    contents: tuple[Point, ...]
    nav: str
    begin: str
    pictures: dict[str, str]  # media types by member


def read_package(archive: Archive) -> Package:
    """The frame of the book. Raises Refused(FILE_WRONG_KIND)."""
    container = _tree(archive, _CONTAINER)
    root = first(container, "rootfile") if container is not None else None
    place = root.get("full-path", "") if root is not None else ""
    package = _tree(archive, place)
    if package is None:
        raise broken(archive.name, N_("it does not say what is in it."))
    items = {item.get("id", ""): item for item in find_all(package, "item")}
    spine = first(package, "spine")
    nav = next((one for one in items.values() if "nav" in one.get("properties", "").split()), None)
    nav_member = resolve(place, nav.get("href", ""))[0] if nav is not None else ""
    points, begin = _contents(archive, package, items, spine, place, nav_member)
    language = _said(package, "language")
    return Package(
        title=_said(package, "title"),
        language=language,
        direction=direction_of(language),
        backwards=spine is not None and spine.get("page-progression-direction") == "rtl",
        documents=tuple(_documents(items, spine, place)),
        contents=points,
        nav=nav_member,
        begin=begin,
        pictures={resolve(place, one.get("href", ""))[0]: one.get("media-type", "") for one in items.values()},
    )


def _tree(archive: Archive, member: str) -> Element | None:
    data = archive.read(member)
    return parse(data) if data else None


def _said(package: Element, name: str) -> str:
    metadata = first(package, "metadata")
    found = first(metadata if metadata is not None else package, name)
    return words_of(found)[:500] if found is not None else ""


def _documents(items: dict[str, Element], spine: Element | None, place: str) -> Iterator[str]:
    """The members that are read one after the other; what stands aside (notes) comes last."""
    refs = list(find_all(spine, "itemref")) if spine is not None else []
    refs.sort(key=lambda ref: ref.get("linear") == "no")  # stable
    seen: set[str] = set()
    for ref in refs[:MOST_DOCUMENTS]:
        item = items.get(ref.get("idref", ""))
        if item is None or item.get("media-type", "") not in _DOCUMENTS:
            continue
        member = resolve(place, item.get("href", ""))[0]
        if member and member not in seen:
            seen.add(member)
            yield member


def _contents(
    archive: Archive,
    package: Element,
    items: dict[str, Element],
    spine: Element | None,
    place: str,
    nav_member: str,
) -> tuple[tuple[Point, ...], str]:
    nav = _tree(archive, nav_member) if nav_member else None
    begin = _guide_begin(package, place)
    if nav is not None:
        begin = _landmark_begin(nav, nav_member) or begin
        points = tuple(_nav_points(nav, nav_member))
        if points:
            return points, begin
    toc = items.get(spine.get("toc", "")) if spine is not None else None
    ncx = toc if toc is not None else next((one for one in items.values() if "ncx" in one.get("media-type", "")), None)
    member = resolve(place, ncx.get("href", ""))[0] if ncx is not None else ""
    tree = _tree(archive, member) if member else None
    return (tuple(_ncx_points(tree, member)) if tree is not None else ()), begin


def _navs(nav: Element, kind: str) -> Iterator[Element]:
    return (one for one in find_all(nav, "nav") if kind in attribute(one, "type").split())


def _nav_points(nav: Element, member: str) -> Iterator[Point]:
    toc = next(_navs(nav, "toc"), None)
    if toc is None:
        toc = first(nav, "nav")
    found = 0
    for link in find_all(toc, "a") if toc is not None else ():
        depth, above = 0, link.getparent()
        while above is not None and above is not toc:
            depth += local(above) == "ol"
            above = above.getparent()
        document, place = resolve(member, link.get("href", ""))
        if document and found < MOST_POINTS:
            found += 1
            yield Point(words_of(link)[:300], min(max(depth, 1), DEEPEST), document, place)


def _ncx_points(tree: Element, member: str) -> Iterator[Point]:
    start = first(tree, "navmap")
    for number, one in enumerate(find_all(start, "navpoint") if start is not None else ()):
        label, content = first(one, "navlabel"), first(one, "content")
        if label is None or content is None or number >= MOST_POINTS:
            continue
        depth, above = 1, one.getparent()
        while above is not None and local(above) == "navpoint":
            depth, above = depth + 1, above.getparent()
        document, place = resolve(member, content.get("src", ""))
        if document:
            yield Point(words_of(label)[:300], min(depth, DEEPEST), document, place)


def _landmark_begin(nav: Element, member: str) -> str:
    for marks in _navs(nav, "landmarks"):
        for link in find_all(marks, "a"):
            if "bodymatter" in attribute(link, "type").split():
                return resolve(member, link.get("href", ""))[0]
    return ""


def _guide_begin(package: Element, place: str) -> str:
    guide = first(package, "guide")
    for one in find_all(guide, "reference") if guide is not None else ():
        if one.get("type", "").casefold() in {"text", "start", "bodymatter"}:
            return resolve(place, one.get("href", ""))[0]
    return ""

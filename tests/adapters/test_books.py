"""Books as pages: of good and of odd structure, and hostile ones."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from headwaters.adapters.apart.limits import Limits
from headwaters.adapters.books import Bookbinder, apart
from headwaters.adapters.books.apart import BooksApart
from headwaters.adapters.books.styles import meanings_of
from headwaters.adapters.books.xml import parse
from headwaters.core.errors import Code, Refused
from headwaters.core.works.reading import Entry, Reading, excerpt, pack
from headwaters.demo import book as handbook
from headwaters.ports import Material
from tests.support import samples
from tests.support.books import Book, chapter, page, tale, words

EPUB = "application/epub+zip"


def as_it_is(media_type: str, data: bytes) -> tuple[str, bytes]:
    return media_type, data


def read(book: Book, folder: Path) -> Reading:
    return Bookbinder().read(book.write(folder / "tale.epub"), EPUB, "en", as_it_is)


def one(body: str, folder: Path, **more: object) -> str:
    """The HTML that a document becomes."""
    found = read(Book({"a.xhtml": page(body)}, **more), folder)  # type: ignore[arg-type]
    assert len(found.parts) == 1
    return found.parts[0].html


def titles(found: Reading) -> list[tuple[str, int, bool]]:
    return [(part.title, part.words, part.chapter) for part in found.parts]


# ── good books ───────────────────────────────────────────────────────────────────────────────────


def test_a_chapter_is_a_part_and_a_title_page_is_none_that_counts(tmp_path: Path):
    found = read(tale(), tmp_path)
    assert (found.title, found.language, found.direction, found.backwards, found.chapters) == (
        "A Tale",
        "en",
        "ltr",
        False,
        3,
    )
    assert titles(found) == [("A Tale", 4, False), *((f"Chapter {n}", 202, True) for n in (1, 2, 3))]
    assert found.contents == [Entry(f"Chapter {n}", 1, n + 1) for n in (1, 2, 3)]
    assert found.parts[1].html.startswith("<h2>Chapter 1</h2>\n<p>1 1 1")


def test_the_demos_book_is_read(tmp_path: Path):
    pictures = [samples.picture(tmp_path / f"{n:02}.jpg") for n, _ in enumerate(handbook.chapters())]
    handbook.bind(tmp_path / "handbook.epub", pictures[0], pictures)
    found = Bookbinder().read(tmp_path / "handbook.epub", EPUB, "en", as_it_is)
    assert found.title == "Nobody in Between"
    assert found.chapters == len(handbook.chapters())
    assert [part.title for part in found.parts[2:]] == [one.title for one in handbook.chapters()]
    assert [entry.title for entry in found.contents] == [
        "A map of this book",
        *(one.title for one in handbook.chapters()),
    ]
    assert found.parts[2].opening.startswith("In December 2011 a comedian put a film")
    assert {one.media_type for one in found.pictures} == {"image/jpeg", "image/svg+xml"}
    first = excerpt(found, 1)
    assert [part.title for part in first.parts] == ["The letter"]
    assert [one.name for one in first.pictures] == re.findall(r'src="p/([^"]+)"', first.parts[0].html)


def test_epub_2_with_an_ncx(tmp_path: Path):
    inner = [("One", "c1.html"), ("Two", "c2.html")]
    documents = {"p.html": page("<h1>Part I</h1>"), "c1.html": chapter("One"), "c2.html": chapter("Two")}
    found = read(Book(documents, [("Part I", "p.html", inner)], ncx=True), tmp_path)
    assert titles(found) == [("Part I", 2, False), ("One", 201, True), ("Two", 201, True)]
    assert [(entry.title, entry.level, entry.part) for entry in found.contents] == [
        ("Part I", 1, 1),
        ("One", 2, 2),
        ("Two", 2, 3),
    ]


def test_a_book_in_one_document_is_cut_at_its_chapters_and_not_at_its_sections(tmp_path: Path):
    body = "".join(
        f'<div><div id="c{n}"><h2>Chapter {n}</h2>{words(100)}<h3 id="s{n}">Section</h3>{words(50)}</div></div>'
        for n in (1, 2)
    )
    points = [(f"Chapter {n}", f"a.xhtml#c{n}", [("Section", f"a.xhtml#s{n}")]) for n in (1, 2)]
    found = read(Book({"a.xhtml": page(body)}, points), tmp_path)
    assert titles(found) == [("Chapter 1", 153, True), ("Chapter 2", 153, True)]
    assert [(entry.level, entry.part, bool(entry.place)) for entry in found.contents] == [
        (1, 1, True),
        (2, 1, True),
        (1, 2, True),
        (2, 2, True),
    ]
    assert all(f'id="{entry.place}"' in found.parts[entry.part - 1].html for entry in found.contents)


def test_a_chapter_in_two_documents_is_one(tmp_path: Path):
    documents = {"a.xhtml": chapter("One"), "b.xhtml": page(words(90)), "c.xhtml": chapter("Two")}
    found = read(Book(documents, [("One", "a.xhtml"), ("Two", "c.xhtml")]), tmp_path)
    assert titles(found) == [("One", 291, True), ("Two", 201, True)]


def test_without_a_table_of_contents_each_document_is_a_part(tmp_path: Path):
    found = read(Book({"a.xhtml": chapter("One"), "b.xhtml": chapter("Two")}), tmp_path)
    assert [entry.title for entry in found.contents] == ["One", "Two"]


def test_what_stands_before_the_beginning_is_no_chapter(tmp_path: Path):
    documents = {"foreword.xhtml": chapter("Foreword"), "c1.xhtml": chapter("One")}
    points = [("Foreword", "foreword.xhtml"), ("One", "c1.xhtml")]
    marks = '<ol><li><a epub:type="bodymatter" href="c1.xhtml">Start</a></li></ol>'
    found = read(Book(documents, points, landmarks=marks), tmp_path)
    assert titles(found) == [("Foreword", 201, False), ("One", 201, True)]
    assert [part.title for part in excerpt(found, 1).parts] == ["One"]


def test_right_to_left_and_pages_that_turn_backwards(tmp_path: Path):
    hebrew = read(Book({"a.xhtml": page(words(5, "מים"))}, language="he"), tmp_path)
    assert (hebrew.direction, hebrew.backwards) == ("rtl", False)
    comic = read(Book({"a.xhtml": page(words(5))}, language="ja", spine=' page-progression-direction="rtl"'), tmp_path)
    assert (comic.direction, comic.backwards) == ("ltr", True)
    mixed = one('<p>He said <span dir="rtl" lang="he">שלום</span>.</p>', tmp_path)
    assert mixed == '<p>He said <span lang="he" dir="rtl">שלום</span>.</p>'


# ── what is kept of a document ───────────────────────────────────────────────────────────────────

CLEAN = {
    "headings begin below the page's own, and skip nothing": (
        "<h1>a</h1><h4>b</h4><p>c</p><h1>d</h1>",
        "<h2>a</h2>\n<h3>b</h3>\n<p>c</p>\n<h2>d</h2>",
    ),
    "containers are opened": ("<div><section><p>a</p></section>b<p>c</p></div>", "<p>a</p>\n<p>b</p>\n<p>c</p>"),
    "lists and tables": (
        "<ul><li><p>a</p></li><li>b<ol start='3'><li>c</li></ol></li></ul>"
        "<table><tr><td colspan='2' style='x'>d</td></tr></table>",
        '<ul><li>a</li><li><p>b</p><ol start="3"><li>c</li></ol></li></ul>\n'
        '<table><tr><td colspan="2">d</td></tr></table>',
    ),
    "verse by its class": (
        '<div class="poem"><p>a<br/>b</p><p>c</p></div>',
        '<div class="verse"><p><span class="line">a</span><span class="line">b</span></p><p>c</p></div>',
    ),
    "styles that mean something": (
        '<p>a <span class="it">b</span> <span class="other">c</span></p><p class="mid">d</p><p class="gone">e</p>',
        '<p>a <i>b</i> c</p>\n<p class="center">d</p>',
    ),
    "scripts, forms and frames go with all that is in them": (
        "<p onclick='x()' style='color:red'>a<script>alert(1)</script></p><form><p>b</p></form><iframe src='http://x'>c</iframe>",
        "<p>a</p>",
    ),
    "notes": (
        '<p>a<a epub:type="noteref" href="#n">1</a></p><aside epub:type="footnote" id="n"><p>b</p></aside>',
        '<p>a<a class="note" href="1#r1-n">1</a></p>\n<aside id="r1-n" class="note"><p>b</p></aside>',
    ),
    "links": (
        '<p><a href="https://example.org/?a=1">a</a> <a href="javascript:alert(1)">b</a> <a href="//x.example/">c</a>'
        ' <a href="../../etc/passwd">d</a> <a href="nowhere.xhtml">e</a></p>',
        '<p><a href="https://example.org/?a=1">a</a> <a>b</a> <a>c</a> <a>d</a> <a>e</a></p>',
    ),
    "pictures from elsewhere leave their words": (
        '<p>a <img src="http://x.example/t.png" alt="a tower"/></p>',
        "<p>a [a tower]</p>",
    ),
    "entities of HTML, and none of its own": ("<p>a&nbsp;b&eacute;&unknown;&amp;</p>", "<p>a\xa0bé&amp;</p>"),
    "ruby and mathematics": (
        "<p><ruby>水<rt>みず</rt></ruby> <math alttext='x squared'><mi>x</mi></math></p>",
        "<p><ruby>水<rt>みず</rt></ruby> x squared</p>",
    ),
}
CSS = (
    "/* a */ .it{font-style:italic} p.mid , .x{ text-align:center } .gone{display:none} .url{background:url(http://x/)}"
)


@pytest.mark.parametrize("name", CLEAN)
def test_a_document_becomes_clean(tmp_path: Path, name: str):
    body, clean = CLEAN[name]
    link = '<link rel="stylesheet" href="style.css"/>'
    book = Book({"a.xhtml": page(body, head=link)}, others={"style.css": CSS.encode()}, types={"style.css": "text/css"})
    assert read(book, tmp_path).parts[0].html == clean


def test_pictures_of_the_book_come_along_once(tmp_path: Path):
    others = {"i/a b.png": samples.png(), "evil.png": b"no picture, but nobody asks", "x.bin": b"x"}
    body = (
        '<p>w</p><p><img src="i/a%20b.png" alt="one"/></p>'
        '<p>and <img src="./i/a%20b.png"/><img src="x.bin" alt="two"/></p>'
    )
    found = read(Book({"a.xhtml": page(body)}, others=others, types={"x.bin": "application/octet-stream"}), tmp_path)
    assert [(one.name, one.media_type, one.data) for one in found.pictures] == [
        ("1.png", "image/png", others["i/a b.png"])
    ]
    assert found.parts[0].html == (
        '<p>w</p>\n<figure><img alt="one" src="p/1.png" loading="lazy"></figure>\n'
        '<p>and <img alt="" src="p/1.png" loading="lazy"><span>[two]</span></p>'
    )


# ── what is not well ─────────────────────────────────────────────────────────────────────────────


def refused(path: Path) -> str:
    with pytest.raises(Refused) as caught:
        Bookbinder().read(path, EPUB, "en", as_it_is)
    assert caught.value.code is Code.FILE_WRONG_KIND
    return str(caught.value.values["why"])


def test_what_is_no_book_is_refused(tmp_path: Path):
    path = tmp_path / "x.epub"
    path.write_bytes(b"PK\x03\x04 and no more")
    assert refused(path) == "it is no whole ZIP."
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "b")
    assert refused(path) == "it does not say what is in it."
    assert refused(Book({"a.xhtml": page("<p> </p>")}).write(path)) == "there are no words in it."
    whole = tale().write(path).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert refused(path) == "it is no whole ZIP."


def test_broken_markup_is_read_as_far_as_it_goes(tmp_path: Path):
    found = read(Book({"a.xhtml": page("<p>one <b>two<p>three</p>") + "<<<", "b.xhtml": "no markup at all"}), tmp_path)
    assert "one" in found.parts[0].html
    assert "three" in found.parts[0].html


def test_a_locked_chapter_is_left_out(tmp_path: Path):
    path = tale().write(tmp_path / "x.epub")
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02", data.index(b"OEBPS/c2.xhtml"))
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"OEBPS/c2.xhtml"))
    data[at + 8] |= 1  # the flag of a locked member, in the directory
    path.write_bytes(bytes(data))
    found = Bookbinder().read(path, EPUB, "en", as_it_is)
    assert [part.title for part in found.parts] == ["A Tale", "Chapter 1", "Chapter 3"]


def test_entities_that_grow_do_not(tmp_path: Path):
    bomb = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 9))
    text = page("<p>before &a8; after</p>").replace("<!DOCTYPE html>", f'<!DOCTYPE html [<!ENTITY a0 "ha">{bomb}]>')
    outside = page("<p>x &secret; y</p>").replace(
        "<!DOCTYPE html>", '<!DOCTYPE html [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'
    )
    found = read(Book({"a.xhtml": text, "b.xhtml": outside}), tmp_path)
    assert [part.html for part in found.parts] == ["<p>before  after</p>", "<p>x  y</p>"]


def test_a_chapter_that_unpacks_to_too_much_is_left_out(tmp_path: Path):
    found = read(Book({"a.xhtml": page("<p>" + "water " * 2_000_000 + "</p>"), "b.xhtml": page("<p>b</p>")}), tmp_path)
    assert [part.html for part in found.parts] == ["<p>b</p>"]


def test_a_size_that_is_a_lie_is_not_believed(tmp_path: Path):
    path = Book({"a.xhtml": page("<p>" + "water " * 2_000_000 + "</p>"), "b.xhtml": page("<p>b</p>")}).write(
        tmp_path / "x.epub"
    )
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"OEBPS/a.xhtml"))
    data[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    path.write_bytes(bytes(data))
    assert [part.html for part in Bookbinder().read(path, EPUB, "en", as_it_is).parts] == ["<p>b</p>"]


def test_too_much_together_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("headwaters.adapters.books.archive.MOST_TOGETHER", 3_000)
    assert refused(tale().write(tmp_path / "x.epub")) == "it unpacks to too much."


def test_markup_without_end_ends(tmp_path: Path):
    deep = "<div>" * 3_000 + "deep" + "</div>" * 3_000
    flat = "<b>" * 200_000
    found = read(Book({"a.xhtml": page(deep), "b.xhtml": page(flat), "c.xhtml": page("<p>c</p>")}), tmp_path)
    assert found.parts[-1].html == "<p>c</p>"


def test_names_that_lead_out_of_the_book_lead_nowhere(tmp_path: Path):
    path = tmp_path / "x.epub"
    tale().write(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../evil.png", samples.png())
    leads = ("../../evil.png", "/etc/passwd.png", "%2e%2e/%2e%2e/evil.png")
    body = "<p>w " + "".join(f'<img src="{lead}" alt="{n}"/>' for n, lead in enumerate(leads)) + "</p>"
    found = read(Book({"a.xhtml": page(body)}), tmp_path)
    assert found.parts[0].html == "<p>w [0][1][2]</p>"
    assert found.pictures == []


# ── texts ────────────────────────────────────────────────────────────────────────────────────────


def test_markdown_is_cut_at_its_headings(tmp_path: Path):
    path = tmp_path / "Tale.md"
    path.write_text("# Tale\n\nBy *Alice*.\n\n## One\n\nwater <b>x</b>\n\n## Two\n\n> fire\n\n![p](http://x/y.png)\n")
    found = Bookbinder().read(path, "text/markdown", "en", as_it_is)
    assert [part.html for part in found.parts] == [
        "<h2>Tale</h2>\n<p>By <em>Alice</em>.</p>",
        "<h2>One</h2>\n<p>water &lt;b&gt;x&lt;/b&gt;</p>",
        "<h2>Two</h2>\n<blockquote><p>fire</p></blockquote>\n<p>[p]</p>",
    ]


def test_plain_text_keeps_verse_and_joins_prose(tmp_path: Path):
    path = tmp_path / "Tale.txt"
    path.write_text(
        "Chapter 1\n\nIt was a night that went on for as long as nights\ngo on < here.\n\n"
        "And short\nlines\n\nChapter 2\n\nEnd.\n"
    )
    found = Bookbinder().read(path, "text/plain", "en", as_it_is)
    assert [part.html for part in found.parts] == [
        "<h2>Chapter 1</h2>\n<p>It was a night that went on for as long as nights go on &lt; here.</p>\n"
        '<p class="verse"><span class="line">And short</span><span class="line">lines</span></p>',
        "<h2>Chapter 2</h2>\n<p>End.</p>",
    ]


# ── what would take for ever ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "data", [b"<!DOCTYPE [" * 200_000, b"<!DOCTYPE x" * 200_000, b"<!DOCTYPE [" + b"] " * 1_000_000]
)
def test_document_types_without_an_end_are_read_past_once(data: bytes) -> None:
    parse(data)  # a pattern that begins again at each would be at it for an hour


@pytest.mark.parametrize("sheet", ["/*" * 250_000, "a" * 500_000, "a{" * 250_000, "a{font-variant:" * 30_000])
def test_style_sheets_without_an_end_mean_nothing(sheet: str) -> None:
    assert meanings_of([sheet] * 20) == {}


def test_rules_are_found_among_comments_and_inside_of_others() -> None:
    sheet = "/* .x{} */ .a, p.b { font-style: italic } @media print { .c { display:none } .d{text-align:center} } .e{/*"
    assert meanings_of([sheet]) == {
        "a": frozenset({"i"}),
        "b": frozenset({"i"}),
        "c": frozenset({"hidden"}),
        "d": frozenset({"center"}),
    }


# ── in a process of its own ──────────────────────────────────────────────────────────────────────


def material(path: Path, name: str, media_type: str) -> Material:
    return Material(path, (), name, media_type, path.stat().st_size, None)


async def test_read_apart_it_is_the_same(tmp_path: Path):
    path = tale().write(tmp_path / "original-7.epub")
    apart = await BooksApart().read(material(path, "Tale.epub", EPUB), "en")
    assert pack(apart) == pack(Bookbinder().read(path, EPUB, "en", as_it_is))


async def test_a_text_is_called_as_its_creator_calls_it(tmp_path: Path):
    (path := tmp_path / "original-7.txt").write_text("Some words.", encoding="utf-8")
    found = await BooksApart().read(material(path, "poems/A Word.txt", "text/plain"), "en")
    assert found.title == "A Word"


async def test_what_is_no_book_is_refused_by_its_own_name(tmp_path: Path):
    (path := tmp_path / "original-7.epub").write_bytes(b"PK")
    with pytest.raises(Refused) as caught:
        await BooksApart().read(material(path, "Tale.epub", EPUB), "en")
    assert caught.value.values == {"name": "Tale.epub", "why": "it is no whole ZIP."}


async def test_a_book_that_takes_too_long_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(apart, "LIMITS", Limits(wall=60, cpu=1))
    path = Book({"a.xhtml": page("<p>" + "<script/>x" * 500_000 + "</p>")}).write(tmp_path / "original-7.epub")
    with pytest.raises(Refused) as caught:
        await BooksApart().read(material(path, "Tale.epub", EPUB), "en")
    assert caught.value.code is Code.NOT_MADE

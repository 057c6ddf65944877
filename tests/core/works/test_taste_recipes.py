"""What is made so that a work can be tried."""

from __future__ import annotations

from headwaters.core.works.editions import Role
from headwaters.core.works.media import WorkKind
from headwaters.core.works.recipes import GivenFile
from headwaters.core.works.taste import ALL, USUAL
from headwaters.core.works.taste_recipes import read_count, read_piece, taste_recipes

EPUB, PDF, TEXT = "application/epub+zip", "application/pdf", "text/plain"


def files(*given: tuple[str, str] | tuple[str, str, Role], size: int = 100_000) -> list[GivenFile]:
    return [
        GivenFile(n, more[0] if more else Role.WORK, name, media_type, size)  # type: ignore[arg-type]
        for n, (name, media_type, *more) in enumerate(given, 1)
    ]


def made(kind: WorkKind, of: list[GivenFile], taste: str = USUAL, own: str = "") -> list[tuple[int, str]]:
    return list(taste_recipes(kind, of, taste, own))


def test_of_an_album_in_two_formats_the_songs_of_one():
    album = files(
        ("1.flac", "audio/flac"), ("2.flac", "audio/flac"), ("1.mp3", "audio/mpeg"), ("cover.jpg", "image/jpeg")
    )
    found = made(WorkKind.MUSIC, album)
    assert found[:2] == [(1, "taste-sound:0+30"), (2, "taste-sound:0+30")]
    assert [recipe for number, recipe in found if number == 3] == ["chapters"]
    assert (4, "taste-picture") in found


def test_a_piece_of_a_film_from_a_moment_on():
    film = files(("f.mkv", "video/matroska"))
    assert made(WorkKind.FILM, film, "from 1:00 45 seconds", "x") == [(1, "taste-film:60+45"), (1, "chapters")]
    assert made(WorkKind.FILM, film, "whole") == [(1, "taste-film:0+all"), (1, "chapters")]
    assert made(WorkKind.FILM, film, "off") == [(1, "chapters")]


def test_samples_by_hand_stand_in_for_the_shops_usual_and_not_for_own_words():
    film = files(("f.mp4", "video/mp4"), ("trailer.mp4", "video/mp4", Role.SAMPLE), ("song.wav", "audio/wav"))
    assert made(WorkKind.FILM, film) == [(1, "chapters"), (3, "chapters")]
    assert made(WorkKind.FILM, film, "10 seconds", "10 seconds")[:2] == [
        (1, "taste-film:0+10"),
        (3, "taste-sound:0+10"),
    ]


def test_a_book_is_read_from_its_epub():
    book = files(("b.pdf", PDF), ("b.epub", EPUB), ("note.txt", TEXT))
    assert made(WorkKind.BOOK, book) == [(2, "read"), (2, "taste-book:1")]
    assert made(WorkKind.BOOK, book, "3 pages", "3 pages") == [(2, "read"), (1, "taste-pages:3")]
    assert made(WorkKind.BOOK, book, "off") == [(2, "read")]


def test_text_is_a_book_where_the_work_is_one_and_it_is_long_enough():
    text = files(("b.md", "text/markdown"))
    assert made(WorkKind.BOOK, text) == [(1, "read"), (1, "taste-book:1")]
    assert made(WorkKind.GAME, text) == []
    assert made(WorkKind.BOOK, files(("b.md", "text/markdown"), size=100)) == []


def test_pictures_are_the_first_ones_and_never_the_cover():
    shots = files(
        ("c.jpg", "image/jpeg", Role.COVER), *((f"{n}.png", "image/png") for n in range(6)), ("x.svg", "image/svg+xml")
    )
    assert made(WorkKind.PICTURE, shots, "2 pictures") == [(2, "taste-picture"), (3, "taste-picture")]


def test_arguments_are_read_back():
    assert [read_count(text) for text in ("1", "all")] == [1, ALL]
    assert [read_piece(text) for text in ("0+30", "60+all")] == [(0, 30), (60, ALL)]

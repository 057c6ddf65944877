"""Shapes of secrets, and names that are safe on any disk and in any header."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.shelf.keys import (
    LONGEST_NAME,
    content_disposition,
    entry_name,
    is_ref,
    is_secret,
    safe_name,
    unique_names,
    without_secrets,
)

SECRET = "abcdefghijklmnopqrstuvwxyz"


def test_a_secret_has_26_characters_of_base32() -> None:
    assert is_secret(SECRET)
    assert is_secret("234567" + SECRET[:20])
    for odd in ["", SECRET[:-1], SECRET + "a", SECRET.upper(), SECRET[:-1] + "1", SECRET[:-1] + "é", SECRET + "\n"]:
        assert not is_secret(odd), odd


def test_a_reference_has_13_characters_of_base32() -> None:
    assert is_ref("abcdefghijk27")
    for odd in ["", "abcdefghijk2", "abcdefghijk277", "abcdefghijk28", "everything.zip", "abcdefghijk27\n"]:
        assert not is_ref(odd), odd


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (f"/d/{SECRET}/abcdefghijk27/film.mp4", "/d/…/abcdefghijk27/film.mp4"),
        (f"/o/{SECRET}", "/o/…"),
        (f"/o/{SECRET}.json?x=1", "/o/….json?x=1"),
        (f"/d/{SECRET.upper()}/everything.zip", "/d/…/everything.zip"),
        ("/w/a-short-film", "/w/a-short-film"),
        ("/practice/WyJIVy1YUENaLUdWRFkiLDUwMC.qmrEyk0Ogi_ydmQ3XETxkA", "/practice/….…"),
        ("/mail/refuse/IjEyMzQ1Njc4OTAi.x-_y2345678901234567890", "/mail/refuse/IjEyMzQ1Njc4OTAi.…"),
        ("/w/a\nERROR all is lost", "/w/a\ufffdERROR all is lost"),
    ],
)
def test_a_log_never_holds_a_secret(path: str, told: str) -> None:
    assert without_secrets(path) == told


@pytest.mark.parametrize("name", ["a＂; filename=b.exe", "a＂.mp4", "..＼..＼a.mp4", "a＼＂b", "a；b％41.mp4"])
def test_no_letter_of_another_width_ends_a_headers_quotes(name: str) -> None:
    plain, _, _ = (
        content_disposition("attachment", name).removeprefix('attachment; filename="').partition("; filename*")
    )
    assert plain.endswith('"')
    assert not set(plain[:-1]) & set('"\\/;%')


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("film.mp4", "film.mp4"),
        ("Ein schöner Film.mp4", "Ein schöner Film.mp4"),
        ("😀👨‍👩‍👧.mp3", "😀👨‍👩‍👧.mp3"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\film.mp4", "film.mp4"),
        ("..", "file"),
        ("...", "file"),
        ("", "file"),
        (" . ", "file"),
        (".htaccess", "htaccess"),
        ("film.mp4. . ", "film.mp4"),
        ("a\r\nSet-Cookie: x", "a  Set-Cookie_ x"),
        ("a\x00b\x1bc\x7f", "abc"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ('Who? "Me": <a|b>*', "Who_ _Me__ _a_b__"),
        ("CON", "_CON"),
        ("con.mp3", "_con.mp3"),
        ("LPT1.txt", "_LPT1.txt"),
        ("concert.mp3", "concert.mp3"),
        ("cafe\u0301.txt", "café.txt"),
        ("lone \udc80 surrogate", "lone  surrogate"),
    ],
)
def test_a_name_is_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_long_name_keeps_its_ending() -> None:
    short = safe_name("ä" * 300 + ".flac")
    assert short == "ä" * 117 + ".flac"
    assert len(short.encode()) == 239 <= LONGEST_NAME


NAMES = st.text(alphabet=st.characters(codec=None), max_size=300)


@given(NAMES)
def test_whatever_is_stored_comes_out_as_a_plain_file_name(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert safe not in {".", ".."}
    assert not set(safe) & set('<>:"/\\|?*')
    assert not any(ord(character) < 32 or ord(character) == 127 for character in safe)
    assert len(safe.encode()) <= 240
    assert safe[-1] not in " ."
    assert safe_name(safe) == safe


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("disc 1/01.flac", "disc 1/01.flac"),
        ("/etc/passwd", "etc/passwd"),
        ("../../x", "x"),
        ("a/../b", "a/b"),
        ("a\\b", "a/b"),
        ("//", "file"),
        ("a/ /b.", "a/b"),
    ],
)
def test_an_entry_never_leads_out_of_its_folder(name: str, entry: str) -> None:
    assert entry_name(name) == entry


def test_names_that_fall_on_one_place_get_numbers() -> None:
    assert unique_names(["a.mp3", "A.MP3", "a.mp3", "a (2).mp3"]) == (
        "a.mp3",
        "A (2).MP3",
        "a (3).mp3",
        "a (2) (2).mp3",
    )
    assert unique_names(["straße", "STRASSE", "e\u0301", "\u00c9"]) == ("straße", "STRASSE (2)", "é", "É (2)")
    assert unique_names(["disc", "disc/1.flac", "x/1", "x"]) == ("disc", "disc - 1.flac", "x/1", "x (2)")


@given(st.lists(st.one_of(NAMES, st.text(alphabet="aA/.é", max_size=6)), max_size=12))
def test_no_two_names_fall_on_one_place(names: list[str]) -> None:
    given = unique_names(names)
    assert len(given) == len(names)
    folded = [name.casefold() for name in given]
    assert len(set(folded)) == len(folded)
    for name in folded:
        parts = name.split("/")
        assert not {"", ".", ".."} & set(parts)
        assert not any("/".join(parts[:end]) in folded for end in range(1, len(parts))), "no file is also a folder"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("film.mp4", 'attachment; filename="film.mp4"'),
        ("a b; c.mp4", "attachment; filename=\"a b_ c.mp4\"; filename*=UTF-8''a%20b%3B%20c.mp4"),
        ("100%.mp4", "attachment; filename=\"100_.mp4\"; filename*=UTF-8''100%25.mp4"),
        ("Schöner Tag.mp4", "attachment; filename=\"Schoner Tag.mp4\"; filename*=UTF-8''Sch%C3%B6ner%20Tag.mp4"),
        ("映画.mp4", "attachment; filename=\"__.mp4\"; filename*=UTF-8''%E6%98%A0%E7%94%BB.mp4"),
        ('x"\r\nX: y.mp4', 'attachment; filename="x_  X_ y.mp4"'),
    ],
)
def test_the_header_names_the_file_in_both_forms(name: str, value: str) -> None:
    assert content_disposition("attachment", name) == value


@given(NAMES)
def test_the_header_is_plain_ascii_and_tells_the_name(name: str) -> None:
    value = content_disposition("inline", name)
    assert value.isascii()
    assert value.isprintable()
    plain, starred, encoded = value.partition("; filename*=UTF-8''")
    assert plain.startswith('inline; filename="')
    assert plain.count('"') == 2
    told = unquote(encoded, errors="strict") if starred else plain[len('inline; filename="') : -1]
    assert told == safe_name(name)

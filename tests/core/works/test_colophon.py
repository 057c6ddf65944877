"""The colophon."""

from __future__ import annotations

from dataclasses import replace

from headwaters.core.works.colophon import Colophon, ColophonFile, colophon_text

FILM = ColophonFile("High Water.mp4", "The film", 1_234_567, "a" * 64)
COLOPHON = Colophon(
    title="High Water",
    by="Alice",
    year=2026,
    edition=2,
    published="2026-11-22",
    shop="Alice's river",
    address="https://alice.example/w/high-water",
    licence="CC-BY-NC-SA-4.0",
    files=(FILM, ColophonFile("subs.vtt", "", 12, "b" * 64)),
)


def test_it_says_whose_it_is_where_it_lives_and_how_to_pay() -> None:
    assert colophon_text(COLOPHON) == (
        "High Water\n"
        "==========\n"
        "Alice, 2026\n"
        "Edition 2, published on 2026-11-22\n"
        "Alice's river\n"
        "\n"
        "You may keep this copy for as long as you like, on every device you own, and\n"
        "make copies to keep it safe. It has no lock, and nothing in it says who you\n"
        "are: everyone's is the same.\n"
        "\n"
        "Its page, with the newest edition of it:\n"
        "  https://alice.example/w/high-water?from=copy&edition=2\n"
        "\n"
        "If someone gave you this copy: welcome. If you like it, pay what you can on\n"
        "its page; that goes straight to those who made it. If you cannot pay right\n"
        "now, that is all right too, and you can write to them there all the same.\n"
        "\n"
        "Its licence:\n"
        "  Creative Commons Attribution-NonCommercial-ShareAlike 4.0 (CC-BY-NC-SA-4.0)\n"
        "  https://creativecommons.org/licenses/by-nc-sa/4.0/\n"
        "\n"
        "These files belong to it. To see whether they are whole, run “sha256sum\n"
        "--check SHA256SUMS” beside them.\n"
        "\n"
        "The film\n"
        "High Water.mp4\n"
        "  1234567 bytes\n"
        f"  SHA-256 {'a' * 64}\n"
        "\n"
        "subs.vtt\n"
        "  12 bytes\n"
        f"  SHA-256 {'b' * 64}\n"
    )


def test_an_open_licence_and_none_are_said_in_plain_words() -> None:
    assert "pass it on and make something new" in colophon_text(replace(COLOPHON, licence="CC-BY-SA-4.0"))
    reserved = colophon_text(replace(COLOPHON, licence="all-rights-reserved"))
    assert "All rights are with those who made it." in reserved
    assert "http" not in reserved.replace("https://alice.example", "")


def test_what_is_not_known_is_left_out() -> None:
    bare = colophon_text(replace(COLOPHON, by="", year=None, shop=""))
    assert bare.splitlines()[:4] == ["High Water", "==========", "Edition 2, published on 2026-11-22", ""]


def test_it_can_be_said_in_another_language() -> None:
    text = colophon_text(COLOPHON, lambda msgid: msgid.replace("Its licence", "Licens"))
    assert "Licens:" in text
    assert "https://alice.example/w/high-water?from=copy&edition=2" in text

"""What a letter and an address may be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.errors import Code, Refused, TooLarge
from headwaters.core.letters import (
    LONGEST_LETTER,
    address_digest,
    clean_address,
    clean_letter,
    clean_title,
    fill_saved,
    mail_day,
    mail_key,
    mailbox_mark,
    one_line,
    same_mailbox,
)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Hello Alice", "Hello Alice"),
        ("  \r\n\r\nHello\r\nAlice\r\n", "Hello\nAlice"),
        ("one\rtwo\u2028three\u0085four", "one\ntwo\nthree\nfour"),
        ("a\n\n\n\n\n\nb", "a\n\n\nb"),
        ("with \x00nul\x07, \x1b[31mred\x1b[0m and \x7f", "with nul, [31mred[0m and"),
        ("left \u202eright", "left right"),
        ("a\tb  ", "a\tb"),
        (
            "<script>alert(1)</script> **bold** [x](javascript:y)",
            "<script>alert(1)</script> **bold** [x](javascript:y)",
        ),
        ("👩‍🚀 \U0001fae8 שלום עליכם", "👩‍🚀 \U0001fae8 שלום עליכם"),
        ("\ud800broken\udfff", "broken"),
        ("\ufffe\ufdd0not characters", "not characters"),
    ],
)
def test_a_letter_is_kept_as_plain_text_without_control_characters(sent: str, kept: str) -> None:
    assert clean_letter(sent) == kept


@pytest.mark.parametrize("sent", ["", "   \n\t", "\u200b\u200d", "\u3164\u2800", "\x00\x01", "\u00a0"])
def test_a_letter_in_which_nothing_can_be_seen_is_refused(sent: str) -> None:
    with pytest.raises(Refused) as refused:
        clean_letter(sent)
    assert (refused.value.code, refused.value.field) == (Code.LETTER_EMPTY, "letter")


def test_a_letter_is_measured_in_bytes_as_it_was_sent() -> None:
    assert clean_letter("水" * 6666) == "水" * 6666
    assert clean_letter("a" * LONGEST_LETTER) == "a" * LONGEST_LETTER
    for sent in ("水" * 6667, "a" * (LONGEST_LETTER + 1), "a" + " " * LONGEST_LETTER):
        with pytest.raises(TooLarge) as refused:
            clean_letter(sent)
        assert refused.value.code == Code.LETTER_TOO_LONG
        assert "20 KB" in str(refused.value)


@given(st.text(max_size=300))
def test_a_kept_letter_can_be_encoded_and_cleaning_it_again_changes_nothing(text: str) -> None:
    try:
        kept = clean_letter(text)
    except Refused:
        return
    assert kept.encode().decode() == kept
    assert not any(ord(sign) < 32 and sign not in "\n\t" for sign in kept)
    assert clean_letter(kept) == kept


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" bob@example.org ", "bob@example.org"),
        ("Bob.B+films@Example.ORG", "Bob.B+films@example.org"),
        ("bob@bücher.example", "bob@xn--bcher-kva.example"),
        ("o'brien@a-b.example", "o'brien@a-b.example"),
        ("", None),
        ("  \r\n", None),
    ],
)
def test_an_address_is_kept_as_mail_servers_want_it(typed: str, kept: str | None) -> None:
    assert clean_address(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "bob",
        "bob@",
        "@example.org",
        "bob@localhost",
        "bob@127.0.0.1",
        "bob@[127.0.0.1]",
        "bob@example..org",
        ".bob@example.org",
        "bob@-example.org",
        "bob@example.org\r\nBcc: charlie@example.org",
        "bob@example.org\nX: y",
        "bob@example.org, charlie@example.org",
        "bob@example.org;charlie@example.org",
        "Bob <bob@example.org>",
        '"bob b"@example.org',
        "bob(comment)@example.org",
        "bob b@example.org",
        "bób@example.org",
        "bob@exa\x00mple.org",
        "a" * 65 + "@example.org",
        "bob@" + "a." * 130 + "org",
        "%0d%0abob@ex ample.org",
    ],
)
def test_what_could_say_more_than_one_address_is_refused(typed: str) -> None:
    with pytest.raises(Refused) as refused:
        clean_address(typed)
    assert (refused.value.code, refused.value.field) == (Code.EMAIL_INVALID, "email")


@given(st.text(max_size=80))
def test_an_address_that_is_kept_fits_in_a_header(text: str) -> None:
    try:
        kept = clean_address(text)
    except Refused:
        return
    assert kept is None or (kept.isascii() and kept.isprintable() and not set(kept) & set(' <>,;:"()[]\\'))


def test_spellings_of_one_mailbox_are_one() -> None:
    assert same_mailbox("Bob+one@Example.org") == same_mailbox("bob@example.org") == "bob@example.org"
    assert same_mailbox("+bob@example.org") == "+bob@example.org"
    assert mailbox_mark("Bob+one@Example.org") == mailbox_mark("bob@example.org")
    assert mailbox_mark("bob@example.org") != mailbox_mark("charlie@example.org")


def test_a_refusal_is_known_again_and_cannot_be_read_without_the_shops_key() -> None:
    key = mail_key(bytes(32))
    assert address_digest(key, "Bob+one@Example.org") == address_digest(key, "bob@example.org")
    assert address_digest(key, "bob@example.org") != address_digest(mail_key(bytes([1] * 32)), "bob@example.org")
    assert key != bytes(32)
    assert len(address_digest(key, "bob@example.org")) == 64


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("High\r\nWater\x00", "High Water"),
        ("  a \t b  ", "a b"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_a_line_is_one_line(text: str, line: str) -> None:
    assert one_line(text) == line


def test_the_day_of_mail_is_a_day_of_utc() -> None:
    assert mail_day(datetime(2026, 11, 22, 23, 30, tzinfo=timezone(timedelta(hours=-2)))) == "2026-11-23"
    assert mail_day(datetime(2026, 11, 22, 23, 30, tzinfo=UTC)) == "2026-11-22"


# ── saved answers ────────────────────────────────────────────────────────────────────────────────


def test_a_saved_answer_is_filled_once_and_other_braces_stay() -> None:
    text = "Of {title}: {name}, {nobody}, {{title}}, {title.__class__}, %(title)s {"
    filled = fill_saved(text, "{name} & <b>", "Alice {title}")
    assert filled == "Of {name} & <b>: Alice {title}, {nobody}, {{name} & <b>}, {title.__class__}, %(title)s {"


def test_a_title_is_one_line_of_eighty_characters() -> None:
    assert clean_title("  Thank \n you\x00 ") == "Thank you"
    assert clean_title("x" * 80) == "x" * 80
    for title in ("", " \n", "\u200b\u2800", "x" * 81):
        with pytest.raises(Refused) as refused:
            clean_title(title)
        assert (refused.value.code, refused.value.field) == (Code.SAVED_TITLE, "title")

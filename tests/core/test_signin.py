"""Rules of signing in: what is kept of secrets, and which passwords are good enough."""

from __future__ import annotations

import pytest

from headwaters.core.errors import Code, Refused
from headwaters.core.signin import (
    LONGEST_PASSWORD,
    STANDARD,
    Scrypt,
    Strength,
    check_password,
    common_words,
    form_token,
    keep_password,
    password_matches,
    same_secret,
    secret_digest,
    strength,
)

FAST = Scrypt(log_n=4, r=1, p=1)
NAMES = ("Mara Lindqvist", "High Water Films")


def test_a_kept_password_matches_itself_alone() -> None:
    kept = keep_password("tide lamp oboe fern", b"0123456789abcdef", FAST)
    assert kept.startswith("scrypt$4$1$1$MDEyMzQ1Njc4OWFiY2RlZg==$")
    assert password_matches(kept, "tide lamp oboe fern")
    assert not password_matches(kept, "tide lamp oboe fern ")
    assert not password_matches(kept, "")


def test_the_same_password_from_another_keyboard_is_the_same() -> None:
    kept = keep_password("cafe\u0301 au lait \uff11\uff12", b"0123456789abcdef", FAST)
    assert password_matches(kept, "caf\u00e9 au lait 12")


def test_two_salts_keep_one_password_differently() -> None:
    assert keep_password("tide lamp", b"a" * 16, FAST) != keep_password("tide lamp", b"b" * 16, FAST)


@pytest.mark.parametrize("kept", [None, "", "scrypt$4$1$1$x", "scrypt$a$b$c$d$e", "plain$4$1$1$MDE=$MDE=", "\x00"])
def test_where_there_is_no_password_none_matches(kept: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headwaters.core.signin.STANDARD", FAST)
    assert not password_matches(kept, "")
    assert not password_matches(kept, "tide lamp oboe fern")


def test_no_password_takes_as_long_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work is counted, not timed: scrypt runs once with the standard's cost in each case."""
    costs: list[Scrypt] = []

    def hashed(scrypt: Scrypt, password: str, salt: bytes) -> bytes:
        costs.append(scrypt)
        return b"x" * 32

    kept = "scrypt$15$8$3$MDEyMzQ1Njc4OWFiY2RlZg==$MDEyMzQ1Njc4OWFiY2RlZg=="
    monkeypatch.setattr(Scrypt, "hash", hashed)
    for known, tried in ((None, "x"), ("broken", "x"), (kept, "x"), (kept, "x" * 10_000)):
        assert not password_matches(known, tried)
    assert costs == [STANDARD] * 4


def test_megabytes_are_not_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    monkeypatch.setattr(Scrypt, "hash", lambda scrypt, password, salt: hashed.append(password) or b"")
    password_matches(None, "x" * 1_000_000)
    assert hashed == [""]


@pytest.mark.parametrize(
    ("password", "how"),
    [
        ("password1234", Strength.WEAK),
        ("P@ssw0rd1234!", Strength.WEAK),
        ("123456789012", Strength.WEAK),
        ("qwertyuiop12", Strength.WEAK),
        ("1q2w3e4r5t6z", Strength.WEAK),
        ("iloveyou1234", Strength.WEAK),
        ("summer2024summer", Strength.WEAK),
        ("aaaaaaaaaaaaaaaa", Strength.WEAK),
        ("abcabcabcabcabc", Strength.WEAK),
        ("correcthorsebatterystaple", Strength.WEAK),
        ("Mara Lindqvist 1", Strength.WEAK),
        ("highwaterfilms26", Strength.WEAK),
        ("水水水水水水水水水水水水", Strength.WEAK),
        ("short", Strength.WEAK),
        ("zwölf graue Enten", Strength.FAIR),
        ("tide lamp oboe fern", Strength.GOOD),
        ("春の川は静かに流れて海へ", Strength.GOOD),
        ("xK9#mP2$vL5q", Strength.GOOD),
        ("xK9#mP2$vL5qyyT4", Strength.STRONG),
        ("lamp oboe fern tide moth quay", Strength.STRONG),
    ],
)
def test_how_good_a_password_is(password: str, how: Strength) -> None:
    assert strength(password, NAMES) is how


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("tide lamp", "12 characters"),
        ("", "12 characters"),
        ("password1234", "easy to guess"),
        ("x" * (LONGEST_PASSWORD + 1), "longer than 256"),
    ],
)
def test_a_password_that_is_not_good_enough_is_refused_with_the_reason(password: str, why: str) -> None:
    with pytest.raises(Refused, match=why) as refused:
        check_password(password, NAMES)
    assert (refused.value.code, refused.value.field) == (Code.PASSWORD_WEAK, "password")


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("Correct horse b4ttery!", ("correct", "horse", "battery")),
        ("mara Welcome 2026", ("mara", "welcome")),
        ("qwertyuiop12", ("qwerty",)),
        ("aaaaaaaaaaaaaaaa", ()),
    ],
)
def test_a_weak_password_is_told_which_of_its_words_count_for_nothing(password: str, words: tuple[str, ...]) -> None:
    assert common_words(password, NAMES) == words
    with pytest.raises(Refused) as refused:
        check_password(password, NAMES)
    assert ("count for nothing: " + ", ".join(words) in refused.value.hint_text) is bool(words)
    assert "Four words" in refused.value.hint_text
    assert not words or words[0] not in str(refused.value)  # what a log may hold says none of it


def test_a_good_password_passes() -> None:
    assert check_password("tide lamp oboe fern", NAMES) is Strength.GOOD


def test_secrets_are_kept_as_digests_and_compared_whatever_is_in_them() -> None:
    assert secret_digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert form_token("a") != form_token("b")
    assert form_token("a") == form_token("a")
    assert same_secret("ü\ud800", "ü\ud800")
    assert not same_secret("a", "b")

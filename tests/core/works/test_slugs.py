"""Addresses of works."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.errors import Code, Refused
from headwaters.core.works.slugs import LONGEST_SLUG, RESERVED, check_slug, slug_from


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("High Water", "high-water"),
        ("  Über   Straßen!  ", "uber-strassen"),
        ("Déjà vu — deuxième", "deja-vu-deuxieme"),
        ("Zażółć gęślą jaźń", "zazolc-gesla-jazn"),
        ("Ærø & Þingvellir", "aero-and-thingvellir"),
        ("It’s Alice's", "its-alices"),
        ("1984", "1984"),
        ("../../etc/passwd", "etc-passwd"),
        ("A\u202egpj.exe", "a-gpj-exe"),
        ("🎬 Film 🎬", "film"),
        ("２０２６ Ｆｉｌｍ", "2026-film"),
        ("東京 and back", "and-back"),
        ("New", "new-work"),
        ("İstanbul", "istanbul"),
    ],
)
def test_a_title_gives_a_readable_slug(title: str, slug: str) -> None:
    assert slug_from(title) == slug


@pytest.mark.parametrize("title", ["東京", "Река", "🎬", "...", "東京 2020", "مرحبا"])
def test_a_title_of_which_nothing_readable_is_left_gives_its_hash(title: str) -> None:
    assert re.fullmatch(r"work-[0-9a-f]{8}", slug_from(title))


def test_titles_in_other_scripts_get_different_slugs_and_always_the_same() -> None:
    assert slug_from("東京") != slug_from("京都")
    assert slug_from("東京") == slug_from("東京") == "work-130016b2"


def test_a_long_title_is_cut_between_words() -> None:
    slug = slug_from("a very long title " * 20)
    assert slug == "a-very-long-title-" * 4 + "a-very"
    assert len(slug_from("x" * 500)) == LONGEST_SLUG


@given(st.text(max_size=300))
def test_every_title_gives_a_slug_that_can_be_one(title: str) -> None:
    assert check_slug(slug_from(title)) == slug_from(title)


@pytest.mark.parametrize(
    "slug", ["", "High", "a--b", "-a", "a-", "a_b", "a/b", "..", "x" * 81, "é", "a b", "new", "a\n", *sorted(RESERVED)]
)
def test_what_cannot_be_a_slug_is_refused_with_one_that_can(slug: str) -> None:
    with pytest.raises(Refused) as refused:
        check_slug(slug)
    assert refused.value.code is Code.SLUG_INVALID
    assert check_slug(str(refused.value.values["nearest"]))

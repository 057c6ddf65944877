"""The look's rules: where art stands, and what becomes of two editors."""

from __future__ import annotations

import pytest

from headwaters.core.look import is_theme_name, layout_of, mark, merge


@pytest.mark.parametrize(
    ("cover", "shape", "layout"),
    [
        ("auto", "wide", "above"),
        ("auto", "", "above"),
        ("auto", "square", "beside"),
        ("auto", "tall", "beside"),
        ("full", "tall", "full"),
        ("small", "wide", "small"),
    ],
)
def test_where_art_stands(cover: str, shape: str, layout: str) -> None:
    assert layout_of(cover, shape) == layout


@pytest.mark.parametrize("name", ["zine", "a", "my-theme-2", "x" * 40])
def test_a_theme_is_called_like_a_folder_in_an_address(name: str) -> None:
    assert is_theme_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "Zine", "zine-", "-zine", "a--b", "zine\n", "ziné", "x" * 41])
def test_what_no_theme_is_called(name: str) -> None:
    assert not is_theme_name(name)


def test_line_ends_and_the_space_around_make_no_other_value() -> None:
    assert mark("one\r\ntwo\r\n") == mark("one\ntwo")
    assert mark("one") != mark("two")


START = {"name": mark("Alice"), "accent": mark("")}


def test_what_the_form_left_as_it_found_it_is_left_as_it_is_now() -> None:
    merged = merge({"name": "Alice", "accent": "#0d4a68"}, START, {"name": "Alice's films", "accent": ""})
    assert (merged.changes, merged.contested) == ({"accent": "#0d4a68"}, ())


def test_what_both_changed_to_something_else_is_contested() -> None:
    merged = merge({"name": "Alicia", "accent": ""}, START, {"name": "Alice's films", "accent": ""})
    assert (merged.changes, merged.contested) == ({"name": "Alicia"}, ("name",))


def test_what_both_changed_to_the_same_is_no_quarrel() -> None:
    merged = merge({"name": "Alicia"}, START, {"name": "Alicia", "accent": ""})
    assert merged.contested == ()

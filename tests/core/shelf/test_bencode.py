"""Bencode: one spelling for each value, held to libtorrent's reading of it."""

from __future__ import annotations

from typing import Any

import libtorrent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.shelf.bencode import MOST_DEEP, Encoded, decode, encode

VALUES = st.recursive(
    st.integers(-(2**62), 2**62) | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def as_bytes(value: Any) -> Any:
    """Keys as they are read back."""
    if isinstance(value, dict):
        return {key.encode(): as_bytes(part) for key, part in value.items()}
    return [as_bytes(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        (0, b"i0e"),
        (-42, b"i-42e"),
        (b"", b"0:"),
        ("Flüsse", b"7:Fl\xc3\xbcsse"),
        ([1, [b"a"]], b"li1el1:aee"),
        ({"b": 1, "a": {}, "B": 2}, b"d1:Bi2e1:ade1:bi1ee"),
        ({"ä": 1, "z": 2}, b"d1:zi2e2:\xc3\xa4i1ee"),
        ({"info": Encoded(b"de")}, b"d4:infodee"),
    ],
)
def test_a_value_has_one_spelling(value: Any, spelled: bytes) -> None:
    assert encode(value) == spelled


@given(VALUES)
def test_what_was_written_is_read_by_us_and_by_libtorrent(value: Any) -> None:
    written = encode(value)
    assert decode(written) == as_bytes(value)
    assert libtorrent.bdecode(written) == as_bytes(value)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"i1",
        b"i01e",
        b"i-0e",
        b"i+1e",
        b"i 1e",
        b"ie",
        b"i--1e",
        b"i" + b"9" * 30 + b"e",
        b"-1:",
        b"01:a",
        b"2:a",
        b"999999999999:a",
        b"l1:a",
        b"d1:a",
        b"d1:ai1e",
        b"di1ei1ee",
        b"d1:bi1e1:ai1ee",
        b"d1:ai1e1:ai1ee",
        b"i1ei1e",
        b"x",
        b"l" * (MOST_DEEP + 1) + b"e" * (MOST_DEEP + 1),
    ],
)
def test_what_is_no_bencode_or_another_spelling_is_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        decode(broken)


@given(st.binary(max_size=60))
def test_nothing_that_is_read_has_a_second_spelling(data: bytes) -> None:
    try:
        value = decode(data)
    except ValueError:
        return
    assert encode(_texts(value)) == data


def _texts(value: Any) -> Any:
    """Keys as they are written, which are bytes to a reader; those that are no UTF-8 stand for themselves."""
    if isinstance(value, dict):
        pairs = sorted(value.items())
        return Encoded(b"d" + b"".join(encode(key) + encode(_texts(part)) for key, part in pairs) + b"e")
    return [_texts(part) for part in value] if isinstance(value, list) else value

"""Digests in headers, as RFC 9530 and RFC 3230 spell them."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.shelf.digests import digest_headers

HELLO = hashlib.sha256(b'{"hello": "world"}\n').hexdigest()
REPR = ("Repr-Digest", "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:")
OLD = ("Digest", "SHA-256=RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=")


def test_both_are_said_unasked_as_the_rfc_has_them_of_its_own_example():
    assert digest_headers(HELLO, "", "") == (REPR, OLD)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("sha-256=10", True),
        ("sha-256", True),
        ("sha-512=3, sha-256=1, unixsum=0", True),
        ("sha-512=10", True),
        ("sha-256=0", False),
        ("sha-512=10, sha-256=0", False),
        ("\tsha-256=0 ;a=1", False),
        ("sha-256=5, sha-256=0", False),
        ("sha-256=0, sha-256=5", True),
        ("sha-256=00", False),
        ("sha-256=0, !", True),
        ("SHA-256=0", True),
        ("sha-256=0.0", True),
        ("sha-256=?0", True),
        (",", True),
    ],
)
def test_what_is_not_wanted_is_not_said(wanted: str, said: bool):
    assert digest_headers(HELLO, wanted, "") == ((REPR, OLD) if said else (OLD,))


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("SHA-256", True),
        ("SHA-512;q=1, sha-256;q=0.5", True),
        ("SHA-256;q=0", False),
        ("sha-256 ; q=0.000, md5", False),
        ("SHA-256;q=0.001", True),
        ("md5;q=0", True),
        ("SHA-256;Q=0", False),
    ],
)
def test_the_older_header_has_its_older_rules(wanted: str, said: bool):
    assert digest_headers(HELLO, "", wanted) == ((REPR, OLD) if said else (REPR,))


@given(st.text(), st.text())
def test_nothing_that_is_asked_gives_anything_else(wanted: str, old: str):
    assert set(digest_headers(HELLO, wanted, old)) <= {REPR, OLD}

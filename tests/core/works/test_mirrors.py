"""Mirrors: which addresses may be one, what is wrong with an answer, and when readers are told."""

from __future__ import annotations

import base64
import hashlib

import pytest

from headwaters.core.errors import Code, Refused
from headwaters.core.works.mirrors import MOST_LOOKED_AT, Wanted, check_mirror, fault_of, is_told, looked_at

OWN = "https://shop.example"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://mirror.example", "https://mirror.example/"),
        ("  https://mirror.example/ ", "https://mirror.example/"),
        ("https://Mirror.Example/pub/Alice", "https://mirror.example/pub/Alice/"),
        ("http://mirror.example:8080/a%20b/", "http://mirror.example:8080/a%20b/"),
        ("https://mirror.example/a b/ü", "https://mirror.example/a%20b/%C3%BC/"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://shop.example.org/", "https://shop.example.org/"),
    ],
)
def test_an_address_of_a_folder_is_kept_as_machines_write_it(typed: str, kept: str) -> None:
    assert check_mirror(typed, OWN) == kept
    assert check_mirror(kept, OWN) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "mirror.example",
        "ftp://mirror.example/",
        "file:///etc/",
        "javascript:alert(1)",
        "https://",
        "https:///x",
        "https://[",
        "https://alice:secret@mirror.example/",
        "https://mirror.example/?x=1",
        "https://mirror.example/#x",
        "https://mirror.example/\n\x00",
        "https://mirror.example:99999/",
        "https://mirror.example/" + "x" * 500,
        OWN,
        "https://SHOP.example/w/x/get/",
    ],
)
def test_what_is_no_other_hosts_address_is_refused(typed: str) -> None:
    with pytest.raises(Refused) as refused:
        check_mirror(typed, OWN)
    assert (refused.value.code, refused.value.field) == (Code.ADDRESS_INVALID, "address")


DIGEST = hashlib.sha256(b"film").digest()
FILM = Wanted("film.mp4", 4, DIGEST.hex())
GOOD = f"sha-256=:{base64.b64encode(DIGEST).decode()}:"
BAD = f"sha-256=:{base64.b64encode(hashlib.sha256(b'x').digest()).decode()}:"


@pytest.mark.parametrize(
    ("status", "length", "digest", "words"),
    [
        (200, "4", "", ""),
        (200, "", "", ""),
        (200, "4", GOOD, ""),
        (200, "4", f"sha-512=:AAAA:, {GOOD}", ""),
        (200, "4", "sha-512=:AAAA:", ""),
        (200, "4", BAD, "SHA-256"),
        (200, "4", "sha-256=:AAAA===:", "SHA-256"),
        (200, "5", GOOD, "size"),
        (301, "", "", "another address"),
        (404, "", "", "not there"),
        (410, "", "", "not there"),
        (403, "", "", "not give"),
        (206, "4", "", "not give"),
        (500, "", "", "not give"),
    ],
)
def test_what_is_wrong_is_said(status: int, length: str, digest: str, words: str) -> None:
    fault = fault_of(FILM, status, length, digest)
    assert words in fault if words else fault == ""


def test_of_very_many_files_some_of_everywhere_are_looked_at() -> None:
    many = tuple(Wanted(str(number), 1, "") for number in range(1000))
    chosen = looked_at(many)
    assert (len(chosen), chosen[0], chosen[-1]) == (MOST_LOOKED_AT, many[0], many[-1])
    assert len(set(chosen)) == MOST_LOOKED_AT
    assert looked_at(many[:MOST_LOOKED_AT]) == many[:MOST_LOOKED_AT]
    assert looked_at(()) == ()


@pytest.mark.parametrize(
    ("state", "checked_at", "told"),
    [
        ("good", 10, True),
        ("good", 11, True),
        ("good", 9, False),
        ("good", None, False),
        ("bad", 11, False),
        ("unchecked", None, False),
    ],
)
def test_readers_are_told_of_what_was_good_after_the_newest_edition(
    state: str, checked_at: int | None, told: bool
) -> None:
    assert is_told(state, checked_at, 10) is told

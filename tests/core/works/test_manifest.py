"""work.toml: what it may say, and how it is told what is wrong."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.errors import Code
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door
from headwaters.core.works.editions import Rights, Role
from headwaters.core.works.manifest import FileEntry, Given, ManifestBroken, Said, read_manifest, understand
from headwaters.core.works.media import WorkKind


def read(text: str, currency: str = "EUR") -> Said:
    return understand(read_manifest(text), currency)


def problems(text: str, currency: str = "EUR") -> list[str]:
    with pytest.raises(ManifestBroken) as broken:
        read(text, currency)
    assert broken.value.code is Code.MANIFEST_BROKEN
    return str(broken.value).splitlines()


def test_a_full_manifest_is_read() -> None:
    text = '''
    title = "High Water"
    slug = "high-water"
    by = "Alice and four friends"
    kind = "film"
    language = "sv"
    year = 2026
    price = 5.00
    minimum = "1"
    licence = "CC BY-NC-SA 4.0"
    rights = "own"
    doors = ["pay", "have_copy"]
    words = """
    I made this.

    Five euros feels right."""
    description = "A *film*."
    cover = "art/front.png"
    cover_alt = "A river"

    [[files]]
    path = "film.mp4"
    label = "The film"

    [[files]]
    path = "./trailer.mp4"
    role = "sample"
    '''
    assert read(text) == Said(
        title="High Water",
        slug="high-water",
        by="Alice and four friends",
        kind=WorkKind.FILM,
        language="sv",
        year=2026,
        price=Money(500, "EUR"),
        minimum=Money(100, "EUR"),
        licence="CC-BY-NC-SA-4.0",
        rights=Rights.OWN,
        doors=frozenset({Door.PAY, Door.HAVE_COPY}),
        words="I made this.\n\n    Five euros feels right.",
        description="A *film*.",
        cover="art/front.png",
        cover_alt="A river",
        files=(
            FileEntry("film.mp4", "The film", None, "work.toml, line 21"),
            FileEntry("trailer.mp4", None, Role.SAMPLE, "work.toml, line 25"),
        ),
    )


def test_nothing_said_is_nothing_said() -> None:
    assert read("") == Said()


def test_everything_that_is_wrong_is_said_at_once_with_its_line() -> None:
    text = """titel = "High Water"
price = "five"
minimum = 0.001
kind = "movie"
year = "soon"
licence = "CC-BY"
rights = "mine"
doors = []
by = 7
slug = "High Water"
[[files]]
pfad = "a.mp4"
[[files]]
path = "../secret"
role = "art"
"""
    assert problems(text) == [
        "work.toml, line 1: There is no key “titel”. Did you mean title?",
        "work.toml, line 2: price: “five” is not an amount. Write it in the digits 0 to 9, like 5.00.",
        "work.toml, line 3: minimum: EUR has 2 decimals at most, like 5.00.",
        "work.toml, line 4: kind: “movie” is not known. It is one of: film, music, book, game, picture, other.",
        "work.toml, line 5: year: It is a year, such as 2026.",
        "work.toml, line 6: licence: “CC-BY” is no licence that this shop knows."
        " Did you mean CC-BY-4.0, CC-BY-SA-4.0, CC-BY-ND-4.0?",
        "work.toml, line 7: rights: “mine” is not known. It is one of: own, licensed, public-domain.",
        "work.toml, line 8: doors: At least one door stays open: pay, cant_pay, have_copy.",
        "work.toml, line 9: by: This is a text: put it into quotes.",
        "work.toml, line 10: slug: “High Water” cannot be the address of a work."
        " Use up to 80 letters a–z, digits and single hyphens, such as “high-water”.",
        "work.toml, line 11: There is no key “pfad”. These are known: path, label, role.",
        "work.toml, line 11: path: It is missing: it names a file of this folder.",
        "work.toml, line 13: path: “../secret” is not the path of a file in this folder.",
        "work.toml, line 13: role: The shop makes these itself; a file is work, sample or cover.",
    ]


def test_broken_toml_says_where() -> None:
    assert problems('title = "High Water\nprice = 5') == [
        "work.toml: This is not TOML: Illegal character '\\n' (at line 1, column 20)."
    ]


@pytest.mark.parametrize(
    "line",
    [
        "price = -5",
        "price = 1e9",
        "price = inf",
        "price = nan",
        "price = true",
        "price = [5]",
        'price = ""',
        'price = "٥"',
        "price = 99999999999",
        'price = "5 USD"',
        'language = "english"',
        'language = "pt_BR"',
        'title = ""',
        'title = "two\\nlines"',
        'title = "\\u0000"',
        'title = "right\\u202eleft"',
        "title = ['a']",
        "year = 0",
        "year = 2026.5",
        "year = true",
        'doors = ["pay", "window"]',
        "doors = 3",
        "doors = [[]]",
        "files = 3",
        "files = ['a.mp4']",
        "[files]\npath = 'a'",
        "[[files]]\npath = '/etc/passwd'",
        "[[files]]\npath = ''",
        "[[files]]\npath = 'a'\n[[files]]\npath = './a'",
        'words = "' + "x" * 10_001 + '"',
    ],
)
def test_a_value_that_cannot_be_is_one_problem(line: str) -> None:
    found = problems(line)
    assert len(found) == 1
    assert found[0].startswith("work.toml, line ")


@pytest.mark.parametrize(
    ("price", "currency", "minor"),
    [
        ("5", "EUR", 500),
        ("5.0", "EUR", 500),
        ("5.5", "EUR", 550),
        ('"5,00"', "EUR", 500),
        ('"€5"', "EUR", 500),
        ("500", "JPY", 500),
    ],
)
def test_a_price_is_read_as_a_person_writes_it(price: str, currency: str, minor: int) -> None:
    assert read(f"price = {price}", currency).price == Money(minor, currency)


@pytest.mark.parametrize(
    ("language", "canonical"),
    [("en", "en"), ("PT-br", "pt-BR"), ("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419"), ("de-1996", "de-1996")],
)
def test_a_language_is_written_as_people_write_it(language: str, canonical: str) -> None:
    assert read(f'language = "{language}"').language == canonical


def test_the_command_line_says_the_same_things_and_counts_more() -> None:
    given = read_manifest('title = "High Water"\nprice = 5')
    options = {
        "price": Given("7", "--price"),
        "doors": Given("pay, cant_pay", "--doors"),
        "year": Given("2025", "--year"),
    }
    said = understand({**given, **options}, "EUR")
    assert (said.title, said.price, said.year) == ("High Water", Money(700, "EUR"), 2025)
    assert said.doors == frozenset({Door.PAY, Door.CANT_PAY})


def test_an_option_that_is_wrong_is_named() -> None:
    with pytest.raises(ManifestBroken) as broken:
        understand({"price": Given("1e9", "--price")}, "EUR")
    assert str(broken.value).startswith("--price: “1e9” is not an amount.")


_KEYS = st.sampled_from(["title", "slug", "price", "minimum", "year", "doors", "files", "licence", "language", "words"])
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.text(max_size=20) | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(st.dictionaries(_KEYS, _VALUES, max_size=4))
def test_whatever_is_written_is_read_or_refused_in_words(values: dict[str, Any]) -> None:
    with suppress(ManifestBroken):
        assert isinstance(understand({key: Given(value, "here") for key, value in values.items()}, "EUR"), Said)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(ManifestBroken):
        assert isinstance(read(text), Said)

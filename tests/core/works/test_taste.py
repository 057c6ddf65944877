"""How much of a work can be tried, in words."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.errors import Code, Refused
from headwaters.core.shop import check_setting
from headwaters.core.works.manifest import Given, ManifestBroken, understand
from headwaters.core.works.taste import EVERYTHING, USUAL, Taste, check_taste, read_taste, taste_of

SAID = {
    "": Taste(),
    "off": Taste(),
    "None": Taste(),
    "0 pages": Taste(),
    "whole": EVERYTHING,
    "30 seconds": Taste(seconds=30),
    "45 s from 1:00": Taste(start=60, seconds=45),
    "from 1:02:03 2 minutes": Taste(start=3723, seconds=120),
    "from 90 1 min": Taste(start=90, seconds=60),
    "1 chapter and 3 Pages": Taste(chapters=1, pages=3),
    USUAL: Taste(seconds=30, chapters=1, pages=3, pictures=4),
}
REFUSED = (
    "some",
    "30",
    "seconds",
    "3 apples",
    "30 seconds, 20 seconds",
    "from 1:00 3 pages",
    "from 1:00 30 seconds from 2:00",
    "3601 seconds",
    "101 pictures",
    "from 25:00:00 3 seconds",
    "30 seconds;",
    "-1 seconds",
    "٣ seconds",
    "1 chapter, " * 30,
)


@pytest.mark.parametrize("text", SAID)
def test_what_is_said_is_read(text: str):
    assert read_taste(text) == SAID[text]


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_read_is_refused(text: str):
    with pytest.raises(Refused) as caught:
        read_taste(text)
    assert (caught.value.code, caught.value.field) == (Code.FORM_BROKEN, "taste")


counts = st.integers(0, 100)


@given(st.builds(Taste, st.integers(0, 86_400), st.integers(1, 3600), counts, counts, counts))
def test_plain_words_say_the_same(taste: Taste):
    assert read_taste(str(taste)) == taste
    assert check_taste(str(taste)) == str(taste)


@given(st.text(max_size=40))
def test_anything_else_is_refused(text: str):
    with suppress(Refused):
        assert isinstance(read_taste(text), Taste)


def test_a_work_says_so_itself_or_follows_its_shop():
    assert taste_of("", "30 seconds") == Taste(seconds=30)
    assert taste_of("off", "30 seconds") == Taste()
    assert taste_of("1 chapter", "30 seconds") == Taste(chapters=1)


def test_work_toml_and_the_settings_read_it_the_same():
    assert understand({"taste": Given("2 MIN", "work.toml")}, "EUR").taste == "120 seconds"
    assert understand({"taste": Given("", "work.toml")}, "EUR").taste == ""
    with pytest.raises(ManifestBroken, match="taste: “much” is not a taste"):
        understand({"taste": Given("much", "work.toml, line 2")}, "EUR")
    assert check_setting("taste", "1 chapter , 30 s") == "30 seconds, 1 chapter"
    assert check_setting("taste", "") == "off"
    with pytest.raises(Refused) as caught:
        check_setting("taste", "much")
    assert caught.value.code is Code.SETTING_INVALID

"""The reference of a payment: short, plain, checkable."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.sales.references import creditor_reference, make_reference, read_reference


@given(st.text())
def test_a_reference_has_one_form_and_is_read_back_however_it_is_written(text: str) -> None:
    reference = make_reference(text)
    assert re.fullmatch(r"HW-[2-9A-HJKMNP-TV-Z]{4}-[2-9A-HJKMNP-TV-Z]{4}", reference)
    assert make_reference(text) == reference
    for written in (
        reference,
        reference.lower(),
        reference.replace("-", ""),
        reference.replace("-", " "),
        f"Thank you! {reference} from Bob",
        creditor_reference(reference),
    ):
        assert read_reference(written) == reference


@given(st.text())
def test_creditor_references_pass_the_check_of_iso_11649(text: str) -> None:
    reference = creditor_reference(make_reference(text))
    assert re.fullmatch(r"RF[0-9]{2}[0-9A-Z]{1,21}", reference)
    moved = reference[4:] + reference[:4]
    assert int("".join(str(int(character, 36)) for character in moved)) % 97 == 1


def test_a_creditor_reference_as_the_standard_has_it() -> None:
    assert creditor_reference("539007547034") == "RF18539007547034"


def test_ten_thousand_references_differ() -> None:
    assert len({make_reference(str(number)) for number in range(10_000)}) == 10_000


@pytest.mark.parametrize("text", ["", " ", "HW-7K3M", "HW-7K3M-9QX0", "nothing", "HW-7K3M-9QXA or HW-9QXA-7K3M"])
def test_what_holds_no_single_reference_comes_back_as_it_is(text: str) -> None:
    assert read_reference(text) == text.strip()

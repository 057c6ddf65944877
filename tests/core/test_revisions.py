"""Two who change the same words: what is taken over, what is shown, and what nobody touched."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headwaters.core.revisions import Difference, marks_of, merge, read_marks

BEGAN = {"title": "High Water", "price": "5.00", "words": "Hello"}
MARKS = read_marks(marks_of(BEGAN))


def test_a_field_that_only_the_other_side_changed_is_taken_over() -> None:
    merged = merge(MARKS, BEGAN, {**BEGAN, "price": "7.00"})
    assert (merged.fields, merged.differences, merged.taken) == ({**BEGAN, "price": "7.00"}, (), ("price",))


def test_a_field_that_only_this_side_changed_stays_as_it_was_typed() -> None:
    merged = merge(MARKS, {**BEGAN, "words": "Hello!"}, {**BEGAN, "price": "7.00"})
    assert merged.fields == {"title": "High Water", "price": "7.00", "words": "Hello!"}
    assert merged.differences == ()


def test_a_field_that_both_changed_is_shown_and_nothing_is_decided() -> None:
    merged = merge(MARKS, {**BEGAN, "title": "Mine"}, {**BEGAN, "title": "Theirs"})
    assert merged.differences == (Difference("title", "Theirs", "Mine"),)
    assert merged.fields["title"] == "Mine"
    assert merged.taken == ()


def test_both_to_the_same_is_no_difference() -> None:
    same = {**BEGAN, "title": "Low Water"}
    merged = merge(MARKS, same, same)
    assert (merged.fields, merged.differences, merged.taken) == (same, (), ())


def test_without_marks_every_field_counts_as_touched() -> None:
    merged = merge(read_marks("nonsense"), BEGAN, {**BEGAN, "price": "7.00"})
    assert merged.differences == (Difference("price", "7.00", "5.00"),)
    assert merged.taken == ()


texts = st.dictionaries(st.sampled_from("abcd"), st.text(max_size=5), min_size=4, max_size=4)


@given(texts, texts, texts)
def test_nothing_that_was_typed_is_ever_replaced(began: dict[str, str], mine: dict[str, str], theirs: dict[str, str]):
    merged = merge(read_marks(marks_of(began)), mine, theirs)
    for name, text in mine.items():
        if text != began[name]:
            assert merged.fields[name] == text
        else:
            assert merged.fields[name] == theirs[name]
    assert {one.field for one in merged.differences} == {
        name for name in mine if mine[name] != theirs[name] != began[name] != mine[name]
    }

"""A work's words as a form: there and back, faults each with its field, and what a draft may keep."""

from __future__ import annotations

import pytest

from headwaters.core.errors import Code, Refused, TooLarge
from headwaters.core.sales.money import Money
from headwaters.core.sales.states import Door
from headwaters.core.works.details import Defaults, Details
from headwaters.core.works.editions import Rights
from headwaters.core.works.forms import (
    LONGEST_TYPED,
    NEW_WORK,
    WORDS,
    check_changes,
    check_length,
    details_by,
    form_of,
    in_the_studio,
    problems_of,
    said_by,
    typed_fields,
    understood,
)
from headwaters.core.works.manifest import ManifestBroken
from headwaters.core.works.media import WorkKind

DEFAULTS = Defaults("High Water", "Alice", WorkKind.FILM, "en", "EUR")
DETAILS = Details(
    title="High Water",
    by="Alice",
    kind=WorkKind.MUSIC,
    language="pt-BR",
    year=2026,
    price=Money(750, "EUR"),
    minimum=Money(100, "EUR"),
    licence="CC-BY-4.0",
    doors=frozenset({Door.PAY, Door.HAVE_COPY}),
    words="Hello\n\nAlice",
    description="## A river",
    cover_alt="A river",
)


def test_details_go_into_a_form_and_come_back() -> None:
    assert details_by(form_of(DETAILS), DEFAULTS) == DETAILS
    assert tuple(form_of(DETAILS)) == WORDS


def test_what_may_be_empty_becomes_empty_and_the_rest_keeps_a_value() -> None:
    emptied = {**dict.fromkeys(WORDS, ""), "title": "Low Water", "doors": "cant_pay"}
    details = details_by(emptied, DEFAULTS)
    assert (details.by, details.words, details.description, details.cover_alt, details.year) == ("", "", "", "", None)
    assert (details.kind, details.language, details.price) == (WorkKind.FILM, "en", Money(500, "EUR"))


def test_ticks_become_doors_and_line_ends_one_kind() -> None:
    fields = typed_fields({"door_pay": "1", "door_have_copy": "1", "words": "a\r\nb\rc\0"}, NEW_WORK)
    assert (fields["doors"], fields["words"], fields["title"]) == ("pay,have_copy", "a\nb\nc", "")
    assert set(fields) == set(NEW_WORK)


def test_ten_megabytes_of_words_are_refused_with_their_field() -> None:
    with pytest.raises(TooLarge) as refused:
        check_length(typed_fields({"description": "x" * (LONGEST_TYPED + 1)}, NEW_WORK))
    assert (refused.value.code, refused.value.field) == (Code.FORM_BROKEN, "description")


def test_everything_that_is_wrong_is_said_at_once_each_with_its_field() -> None:
    form = {"title": "", "price": "much", "year": "soon", "language": "??", "slug": "A B", "doors": "", "words": "x"}
    with pytest.raises(ManifestBroken) as broken:
        said_by(form, "EUR")
    assert sorted(problem.key for problem in broken.value.problems) == [
        "doors",
        "language",
        "price",
        "slug",
        "title",
        "year",
    ]
    said, wrong = understood(form, "EUR")
    assert (said.words, said.price, len(wrong)) == ("x", None, 6)


def test_a_declaration_and_an_address_are_read() -> None:
    said = said_by({"rights": "own", "slug": "high-water", "licence": "CC BY 4.0"}, "EUR")
    assert (said.rights, said.slug, said.licence) == (Rights.OWN, "high-water", "CC-BY-4.0")


def test_what_is_new_is_plain_text_of_some_length() -> None:
    assert check_changes("  The third song is louder.\n") == "The third song is louder."
    for text in ("x" * 10_001, "bell\a"):
        with pytest.raises(Refused) as refused:
            check_changes(text)
        assert (refused.value.code, refused.value.field) == (Code.FORM_BROKEN, "changes")


def test_the_studio_does_not_speak_of_the_command_line() -> None:
    here = in_the_studio(Refused(Code.SLUG_TAKEN, "--slug", hint="--edition-of", field="slug"))
    assert "--" not in str(here) + here.hint_text
    assert (here.code, here.field) == (Code.SLUG_TAKEN, "slug")
    for other in (Refused(Code.DISK_FULL, "Full."), Refused(Code.SLUG_TAKEN, "Another collection.", hint="Choose.")):
        assert in_the_studio(other) is other
    (problem,) = problems_of(here)
    assert problem.key == "slug"

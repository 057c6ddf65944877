"""Editions, rights, licences, states."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headwaters.core.errors import Code, Refused
from headwaters.core.works.editions import (
    RIGHTS_TEXTS,
    RIGHTS_VERSION,
    EditionFile,
    Rights,
    Role,
    WorkState,
    fingerprint,
    guess_roles,
    labelled,
    rights_for,
    states_before,
)
from headwaters.core.works.licences import LICENCES, find_licence

FILM = EditionFile(Role.WORK, "film.mp4", "", "video/mp4", "a" * 64, 5)
COVER = EditionFile(Role.COVER, "cover.png", "", "image/png", "b" * 64, 5)
ART = EditionFile(Role.ART, "art-480.webp", "", "image/webp", "c" * 64, 5)


def test_an_edition_is_its_files_in_their_order() -> None:
    same = fingerprint([FILM, COVER])
    assert fingerprint([replace(FILM, width=3, media_type="video/x"), COVER]) == same
    others = [
        [COVER, FILM],
        [FILM],
        [replace(FILM, label="The film"), COVER],
        [replace(FILM, name="other.mp4"), COVER],
        [replace(FILM, sha256="d" * 64), COVER],
        [replace(FILM, role=Role.SAMPLE), COVER],
        [replace(FILM, name="film.mp48:", label=""), COVER],
        [],
    ]
    assert len({same, *map(fingerprint, others)}) == len(others) + 1


def test_art_is_no_part_of_what_an_edition_is() -> None:
    assert fingerprint([FILM, ART, COVER]) == fingerprint([FILM, COVER])


def test_a_declaration_stands_and_an_open_licence_stands_for_one() -> None:
    reserved = find_licence("all-rights-reserved")
    assert rights_for(Rights.OWN, reserved) is Rights.OWN
    assert rights_for(Rights.LICENSED, find_licence("CC-BY-NC-4.0")) is Rights.LICENSED
    assert rights_for(None, find_licence("CC-BY-SA-4.0")) is Rights.LICENSED
    assert rights_for(None, find_licence("CC0-1.0")) is Rights.PUBLIC_DOMAIN
    assert rights_for(Rights.OWN, find_licence("CC0-1.0")) is Rights.OWN


@pytest.mark.parametrize("licence", ["all-rights-reserved", "CC-BY-NC-4.0", "CC-BY-ND-4.0", "CC-BY-NC-ND-3.0"])
def test_without_either_nothing_is_published(licence: str) -> None:
    with pytest.raises(Refused) as refused:
        rights_for(None, find_licence(licence))
    assert refused.value.code is Code.RIGHTS_MISSING


def test_every_declaration_has_its_text() -> None:
    assert RIGHTS_VERSION in RIGHTS_TEXTS
    assert all(set(texts) == set(Rights) for texts in RIGHTS_TEXTS.values())


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("CC-BY-SA-4.0", "CC-BY-SA-4.0"),
        ("cc by-sa 4.0", "CC-BY-SA-4.0"),
        (" CC_BY_4.0 ", "CC-BY-4.0"),
        ("mit", "MIT"),
        ("All rights reserved", "all-rights-reserved"),
    ],
)
def test_a_licence_is_found_as_people_write_it(text: str, licence: str) -> None:
    assert find_licence(text).id == licence


@pytest.mark.parametrize(
    ("text", "nearest"),
    [("CC-BY-SA", "CC-BY-SA-4.0"), ("CC0", "CC0-1.0"), ("GPL-3", "GPL-3.0-only"), ("wtf", "CC-BY-4.0")],
)
def test_an_unknown_licence_is_refused_with_the_nearest(text: str, nearest: str) -> None:
    with pytest.raises(Refused) as refused:
        find_licence(text)
    assert refused.value.code is Code.LICENCE_UNKNOWN
    assert nearest in refused.value.hint_text


def test_open_licences_are_those_of_the_open_definition() -> None:
    closed = {licence.id for licence in LICENCES.values() if not licence.open}
    assert closed == {"all-rights-reserved"} | {name for name in LICENCES if "-NC" in name or "-ND" in name}


def test_a_work_can_come_back_from_every_state() -> None:
    assert states_before(WorkState.PUBLISHED) == (WorkState.RETIRED, WorkState.WITHHELD)
    assert states_before(WorkState.RETIRED) == (WorkState.PUBLISHED, WorkState.WITHHELD)
    assert states_before(WorkState.WITHHELD) == (WorkState.PUBLISHED, WorkState.RETIRED)


@pytest.mark.parametrize(
    ("names", "samples"),
    [
        (["film.mp4", "trailer.mp4"], [1]),
        (["film.mp4", "Film-Trailer.webm"], [1]),
        (["film.mp4", "sample 2.mp4"], [1]),
        (["Disc 1/01.flac", "Disc 1/02.flac", "preview.mp3"], [2]),
        (["book.epub", "book - excerpt.pdf"], [1]),
        (["Trailer Park.mp4", "subs.vtt"], []),
        (["The Sample.mp4"], []),
        (["trailer.mp4"], []),
        (["Rain.flac", "Rain sampler.flac"], []),
        (["README.txt", "sample 01.wav", "sample 02.wav", "sample 03.wav"], []),
        (["other.mp4", "film-trailer.mp4"], []),
        ([], []),
    ],
)
def test_only_what_cannot_be_meant_otherwise_is_a_sample(names: list[str], samples: list[int]) -> None:
    assert [at for at, role in enumerate(guess_roles(names)) if role is Role.SAMPLE] == samples


def test_each_file_has_a_label_in_the_end() -> None:
    files = [
        FILM,
        replace(FILM, name="trailer.mp4", role=Role.SAMPLE),
        replace(FILM, name="Film sample.mp4", role=Role.SAMPLE),
        replace(FILM, name="film.vtt", media_type="text/vtt", label="For those who read along"),
        COVER,
        ART,
    ]
    assert [file.label for file in labelled(files)] == [
        "The film",
        "Trailer",
        "Film sample",
        "For those who read along",
        "The cover",
        "",
    ]

"""From paths to plans: which files make which work, and what is refused before anything is read."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from headwaters.core.errors import Code, HeadwatersError, Refused, WrongUse
from headwaters.core.works.manifest import Given
from headwaters.errands import walk
from headwaters.errands.gather import Failure, Ground, Plan, plan_works
from headwaters.errands.walk import natural

FILM, TOML = b"film", 'title = "High Water"\n'


def lay(folder: Path, files: Mapping[str, bytes | str]) -> Path:
    """Files in a folder, by their names."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    folder.mkdir(exist_ok=True)
    return folder


def ground(*closed: Path, **options: str) -> Ground:
    return Ground({key: Given(value, f"--{key}") for key, value in options.items()}, "EUR", closed)


def plans(*paths: Path, on: Ground | None = None) -> tuple[Plan | Failure, ...]:
    return plan_works(paths, on or ground())


def plan(*paths: Path, on: Ground | None = None) -> Plan:
    (found,) = plans(*paths, on=on)
    if isinstance(found, Failure):
        raise found.error
    return found


def refusal(*paths: Path, on: Ground | None = None) -> HeadwatersError:
    with pytest.raises((Refused, WrongUse)) as refused:
        plan(*paths, on=on)
    assert "\n" not in str(refused.value).strip()
    return refused.value


def roles(found: Plan) -> list[tuple[str, str]]:
    return [(file.role.value, file.name) for file in found.files]


# ── what is a work ───────────────────────────────────────────────────────────────────────────────


def test_a_file_is_a_work_called_as_it_is(tmp_path: Path) -> None:
    lay(tmp_path, {"High Water.mp4": FILM})
    found = plan(tmp_path / "High Water.mp4")
    assert (found.title, roles(found)) == ("High Water", [("work", "High Water.mp4")])
    assert found.source == (tmp_path / "High Water.mp4").as_uri()


@pytest.mark.parametrize(
    ("name", "title"),
    [("high-water.mp4", "High water"), ("high_water.mp4", "High water"), ("HW.mp4", "HW"), ("река.mp4", "Река")],
)
def test_a_name_without_spaces_is_read_as_words(tmp_path: Path, name: str, title: str) -> None:
    lay(tmp_path, {name: FILM})
    assert plan(tmp_path / name).title == title


def test_several_files_are_one_work_called_as_what_they_have_in_common(tmp_path: Path) -> None:
    lay(tmp_path, {"film.mp4": FILM, "film.en.vtt": "", "Film.jpg": b"", "other.mp4": FILM})
    found = plan(tmp_path / "film.mp4", tmp_path / "film.en.vtt", tmp_path / "Film.jpg", tmp_path / "film.mp4")
    assert (found.title, len(found.files)) == ("Film", 3)
    assert roles(found)[-1] == ("cover", "Film.jpg")
    assert plan(tmp_path / "film.mp4", tmp_path / "other.mp4").title == ""


def test_the_source_of_several_files_is_all_of_them_in_any_order(tmp_path: Path) -> None:
    lay(tmp_path, {"a.mp4": FILM, "b.mp4": FILM})
    one, two = tmp_path / "a.mp4", tmp_path / "b.mp4"
    assert plan(one, two).source == plan(two, one).source != plan(one).source


def test_a_folder_is_a_work_with_its_files_in_the_order_people_count(tmp_path: Path) -> None:
    names = ["2 Sun.flac", "10 End.flac", "1 Rain.flac", "Disc 2/1.flac", "Disc 10/1.flac"]
    album = lay(tmp_path / "My Album", dict.fromkeys(names, FILM))
    found = plan(album)
    assert [file.name for file in found.files] == [
        "1 Rain.flac",
        "2 Sun.flac",
        "10 End.flac",
        "Disc 2/1.flac",
        "Disc 10/1.flac",
    ]
    assert (found.title, found.source) == ("My Album", album.as_uri())


@pytest.mark.parametrize("discs", [["Disc 1", "Disc 2"], ["CD1", "CD2"], ["Side A", "Side B"]])
def test_discs_are_parts_of_one_work(tmp_path: Path, discs: list[str]) -> None:
    album = lay(tmp_path / "album", {f"{disc}/01.flac": FILM for disc in discs})
    assert [file.name for file in plan(album).files] == [f"{disc}/01.flac" for disc in discs]


def test_a_folder_of_folders_is_a_work_each(tmp_path: Path) -> None:
    shelf = lay(
        tmp_path / "works",
        {"one/a.mp4": FILM, "two/work.toml": TOML, "two/b.mp4": FILM, "three/four/c.mp4": FILM, ".git/config": "x"},
    )
    found = plans(shelf)
    assert [(item.place.name, getattr(item, "title", "")) for item in found] == [
        ("one", "One"),
        ("four", "Four"),
        ("two", "Two"),
    ]


def test_a_folder_with_works_in_it_is_no_work_even_with_files_beside_them(tmp_path: Path) -> None:
    shelf = lay(tmp_path / "works", {"notes.txt": "x", "one/work.toml": TOML, "one/a.mp4": FILM})
    assert [item.place.name for item in plans(shelf)] == ["one"]


def test_a_folder_with_its_own_work_toml_is_one_work_whatever_is_in_it(tmp_path: Path) -> None:
    folder = lay(tmp_path / "w", {"work.toml": TOML, "a/x.mp4": FILM, "b/work.toml": TOML, "b/y.mp4": FILM})
    found = plan(folder)
    assert [file.name for file in found.files] == ["a/x.mp4", "b/y.mp4"]
    assert [left.name for left in found.left_out] == ["b/work.toml"]


def test_one_broken_work_does_not_hold_up_the_others(tmp_path: Path) -> None:
    shelf = lay(
        tmp_path / "works", {"bad/work.toml": "title =", "bad/a.mp4": FILM, "empty/.keep": "", "good/a.mp4": FILM}
    )
    found = plans(shelf)
    assert [type(item).__name__ for item in found] == ["Failure", "Failure", "Plan"]
    assert [item.error.code for item in found if isinstance(item, Failure)] == [
        Code.MANIFEST_BROKEN,
        Code.NOTHING_TO_PUBLISH,
    ]


def test_a_folder_that_is_named_twice_is_planned_once(tmp_path: Path) -> None:
    lay(tmp_path / "w", {"a.mp4": FILM})
    assert len(plans(tmp_path / "w", tmp_path / "w" / ".." / "w")) == 1


def test_files_and_folders_at_once_are_wrong_use(tmp_path: Path) -> None:
    lay(tmp_path, {"a.mp4": FILM, "b/c.mp4": FILM})
    assert isinstance(refusal(tmp_path / "a.mp4", tmp_path / "b"), WrongUse)
    lay(tmp_path, {"work.toml": TOML})
    assert isinstance(refusal(tmp_path / "a.mp4", tmp_path / "work.toml"), WrongUse)


# ── what is left out ─────────────────────────────────────────────────────────────────────────────


def test_housekeeping_is_left_out_and_said(tmp_path: Path) -> None:
    folder = lay(
        tmp_path / "w",
        dict.fromkeys([".DS_Store", "Thumbs.db", "a.mp4.part", ".git/config", "SHA256SUMS", "COLOPHON.txt"], "x")
        | {"a.mp4": FILM, "work.toml": TOML, "description.md": "Hello"},
    )
    found = plan(folder)
    assert roles(found) == [("work", "a.mp4")]
    assert sorted(left.name for left in found.left_out) == [
        ".DS_Store",
        ".git",
        "COLOPHON.txt",
        "SHA256SUMS",
        "Thumbs.db",
        "a.mp4.part",
    ]
    assert found.said.description == "Hello"


@pytest.mark.parametrize("files", [{}, {".DS_Store": "x"}, {"work.toml": TOML}, {"work.toml": TOML, "x/.keep": ""}])
def test_an_empty_folder_is_refused(tmp_path: Path, files: dict[str, str]) -> None:
    assert refusal(lay(tmp_path / "w", files)).code is Code.NOTHING_TO_PUBLISH


def test_the_shops_own_folder_is_never_a_work_and_never_in_one(tmp_path: Path) -> None:
    shop = lay(tmp_path / "w" / "shop", {"headwaters.db": "secret", "shop.key": "secret", "files/ab": "x"})
    lay(tmp_path / "w", {"a.mp4": FILM})
    on = ground(shop, shop / "files")
    assert refusal(shop, on=on).code is Code.NOTHING_TO_PUBLISH
    found = plan(tmp_path / "w", on=on)
    assert roles(found) == [("work", "a.mp4")]
    assert [left.name for left in found.left_out] == ["shop"]
    (tmp_path / "w" / "a.mp4").unlink()
    assert refusal(tmp_path / "w", on=on).code is Code.NOTHING_TO_PUBLISH


def test_a_home_folder_by_mistake_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "MOST_FILES", 3)
    folder = lay(tmp_path / "w", {f"{number}.txt": "x" for number in range(4)})
    assert refusal(folder).code is Code.NOTHING_TO_PUBLISH


# ── work.toml's files ────────────────────────────────────────────────────────────────────────────


def test_listed_files_are_all_there_is_in_their_order(tmp_path: Path) -> None:
    listed = "".join(f'[[files]]\npath = "{name}"\n' for name in ["b.mp4", "extras/notes.pdf", "a.mp4"])
    folder = lay(
        tmp_path / "w",
        {"work.toml": TOML + listed + 'label = "Last"\nrole = "sample"\n', "a.mp4": FILM, "b.mp4": FILM}
        | {"extras/notes.pdf": FILM, "draft.mp4": FILM},
    )
    found = plan(folder)
    assert [(file.role.value, file.name, file.label) for file in found.files] == [
        ("work", "b.mp4", ""),
        ("work", "extras/notes.pdf", ""),
        ("sample", "a.mp4", "Last"),
    ]
    assert [(left.name, left.why) for left in found.left_out] == [("draft.mp4", "not listed in work.toml")]


def test_files_that_are_not_there_are_named_all_at_once(tmp_path: Path) -> None:
    text = TOML + 'cover = "front.png"\n[[files]]\npath = "flim.mp4"\n[[files]]\npath = "nothing.zip"\n'
    folder = lay(tmp_path / "w", {"work.toml": text, "film.mp4": FILM})
    with pytest.raises(Refused) as refused:
        plan(folder)
    assert str(refused.value).splitlines() == [
        "work.toml, line 3: path: There is no file “flim.mp4” in this folder. Did you mean “film.mp4”?",
        "work.toml, line 5: path: There is no file “nothing.zip” in this folder.",
        "work.toml: cover: There is no file “front.png” in this folder.",
    ]


def test_a_name_is_found_however_its_letters_are_composed(tmp_path: Path) -> None:
    text = TOML + '[[files]]\npath = "e\u0301te\u0301.mp4"\n'
    folder = lay(tmp_path / "w", {"work.toml": text, "\u00e9t\u00e9.mp4": FILM})
    assert roles(plan(folder)) == [("work", "\u00e9t\u00e9.mp4")]


def test_work_toml_needs_a_title_unless_the_command_line_has_it(tmp_path: Path) -> None:
    folder = lay(tmp_path / "w", {"work.toml": "price = 5", "a.mp4": FILM})
    assert str(refusal(folder)) == 'work.toml: title: It is missing: title = "…".'
    assert plan(folder, on=ground(title="River")).said.title == "River"


def test_the_command_line_counts_more_than_work_toml(tmp_path: Path) -> None:
    folder = lay(tmp_path / "w", {"work.toml": TOML + "price = 5\nyear = 2020", "a.mp4": FILM})
    said = plan(folder, on=ground(price="7")).said
    assert said.price is not None
    assert (said.title, said.price.minor, said.year) == ("High Water", 700, 2020)


@pytest.mark.parametrize("name", ["work.toml", "description.md"])
@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"#" * 1_000_001])
def test_a_text_that_is_none_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    folder = lay(tmp_path / "w", {"a.mp4": FILM, name: content})
    assert refusal(folder).code is Code.MANIFEST_BROKEN


def test_a_work_toml_from_windows_is_read(tmp_path: Path) -> None:
    folder = lay(tmp_path / "w", {"a.mp4": FILM, "work.toml": b'\xef\xbb\xbftitle = "High Water"\r\n'})
    assert plan(folder).said.title == "High Water"


# ── covers ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("names", "cover"),
    [
        (["film.mp4", "cover.jpg"], "cover.jpg"),
        (["a.flac", "b.flac", "Folder.PNG", "cover.webp"], "cover.webp"),
        (["book.epub", "book.jpg", "map.jpg"], "book.jpg"),
        (["a.flac", "art/cover.jpg"], None),
        (["cover.jpg"], None),
        (["photo.jpg", "other.jpg"], None),
        (["photo.jpg", "cover.jpg"], "cover.jpg"),
        (["film.mp4", "cover.svg"], None),
        (["trailer.mp4", "cover.jpg"], "cover.jpg"),
    ],
)
def test_a_picture_that_is_plainly_the_cover_is_it(tmp_path: Path, names: list[str], cover: str | None) -> None:
    found = plan(lay(tmp_path / "w", dict.fromkeys(names, FILM)))
    assert [file.name for file in found.files if file.role.value == "cover"] == ([cover] if cover else [])
    assert len(found.files) == len(names)


def test_a_cover_that_is_named_is_it_alone(tmp_path: Path) -> None:
    text = TOML + 'cover = "./art/front.png"'
    folder = lay(tmp_path / "w", {"work.toml": text, "a.mp4": FILM, "art/front.png": b"", "cover.jpg": b""})
    assert roles(plan(folder)) == [("work", "a.mp4"), ("work", "cover.jpg"), ("cover", "art/front.png")]


def test_a_role_that_was_said_stays(tmp_path: Path) -> None:
    text = TOML + '[[files]]\npath = "a.mp4"\n[[files]]\npath = "cover.jpg"\nrole = "work"\n'
    folder = lay(tmp_path / "w", {"work.toml": text, "a.mp4": FILM, "cover.jpg": b""})
    assert roles(plan(folder)) == [("work", "a.mp4"), ("work", "cover.jpg")]


# ── links, pipes and other strange things ────────────────────────────────────────────────────────


def test_a_link_inside_the_folder_is_followed(tmp_path: Path) -> None:
    folder = lay(tmp_path / "w", {"a.mp4": FILM, "x/b.mp4": FILM})
    (folder / "c.mp4").symlink_to("x/b.mp4")
    (folder / "y").symlink_to("x")
    assert [file.name for file in plan(folder).files] == ["a.mp4", "c.mp4", "x/b.mp4", "y/b.mp4"]


@pytest.mark.parametrize("target", ["/etc/passwd", "../secret.mp4", "../outside"])
def test_a_link_out_of_the_folder_is_refused(tmp_path: Path, target: str) -> None:
    lay(tmp_path, {"secret.mp4": FILM, "outside/b.mp4": FILM, "w/a.mp4": FILM})
    (tmp_path / "w" / "link.mp4").symlink_to(target)
    refused = refusal(tmp_path / "w")
    assert (refused.code, "leads out" in str(refused)) == (Code.FILE_UNREADABLE, True)


@pytest.mark.parametrize("name", ["work.toml", "description.md"])
def test_the_words_of_a_work_come_from_its_folder_too(tmp_path: Path, name: str) -> None:
    lay(tmp_path, {"secret": 'title = "secret"', "w/a.mp4": FILM})
    (tmp_path / "w" / name).symlink_to("../secret")
    assert refusal(tmp_path / "w").code is Code.FILE_UNREADABLE


@pytest.mark.parametrize("target", [".", "..", "../../w", "../x", "loop", "../x/../x", "../x/loop"])
def test_a_link_that_leads_back_is_refused(tmp_path: Path, target: str) -> None:
    folder = lay(tmp_path / "w", {"a.mp4": FILM, "x/b.mp4": FILM})
    (folder / "x" / "loop").symlink_to(target)
    assert refusal(folder).code is Code.LINK_LOOP


def test_many_links_that_multiply_are_refused(tmp_path: Path) -> None:
    for depth in range(7):
        lay(tmp_path / "w" / f"d{depth}", {"a.txt": "x"})
    for depth in range(6):
        for link in range(5):
            (tmp_path / "w" / f"d{depth}" / f"l{link}").symlink_to(f"../d{depth + 1}")
    lay(tmp_path / "w", {"a.mp4": FILM})
    assert refusal(tmp_path / "w").code is Code.NOTHING_TO_PUBLISH


def test_a_link_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    folder = lay(tmp_path / "w", {"a.mp4": FILM})
    (folder / "b.mp4").symlink_to("gone.mp4")
    assert refusal(folder).code is Code.FILE_MISSING
    assert refusal(folder / "b.mp4").code is Code.FILE_MISSING
    assert refusal(tmp_path / "nowhere").code is Code.FILE_MISSING
    assert refusal(folder, tmp_path / "nowhere").code is Code.FILE_MISSING


def test_a_link_that_is_named_itself_is_followed(tmp_path: Path) -> None:
    lay(tmp_path, {"elsewhere/a.mp4": FILM})
    (tmp_path / "film.mp4").symlink_to("elsewhere/a.mp4")
    found = plan(tmp_path / "film.mp4")
    assert (found.title, found.files[0].name) == ("Film", "film.mp4")
    assert found.files[0].found.real == tmp_path / "elsewhere" / "a.mp4"
    (tmp_path / "loop.mp4").symlink_to("loop.mp4")
    assert refusal(tmp_path / "loop.mp4").code is Code.LINK_LOOP


def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    folder = lay(tmp_path / "w", {"a.mp4": FILM})
    os.mkfifo(folder / "pipe.mp4")
    assert refusal(folder).code is Code.FILE_UNREADABLE
    assert refusal(folder / "pipe.mp4").code is Code.FILE_UNREADABLE
    (folder / "pipe.mp4").unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "s.mp4"))
        assert refusal(folder).code is Code.FILE_UNREADABLE
    assert refusal(Path("/dev/zero")).code is Code.FILE_UNREADABLE


# ── names ────────────────────────────────────────────────────────────────────────────────────────


def test_emoji_and_every_script_are_names(tmp_path: Path) -> None:
    names = ["👩‍🚀 Space 🚀.mp3", "東京.mp3", "Ünïcödé & 'quotes' \"too\" %s %(a)s.mp3", "-rf.mp3", " spaced .mp3"]
    found = plan(lay(tmp_path / "w", dict.fromkeys(names, FILM)))
    assert {file.name for file in found.files} == {
        "👩‍🚀 Space 🚀.mp3",
        "東京.mp3",
        "Ünïcödé & 'quotes' _too_ %s %(a)s.mp3",
        "-rf.mp3",
        "spaced .mp3",
    }


@pytest.mark.parametrize("name", ["new\nline.mp3", "gpj\u202eexe.mp3", "tab\tbed.mp3", "esc\x1b[2J.mp3"])
def test_a_trick_in_a_name_is_refused_in_words_that_are_safe_to_print(tmp_path: Path, name: str) -> None:
    refused = refusal(lay(tmp_path / "w", {name: FILM}))
    assert refused.code is Code.NAME_INVALID
    assert str(refused).isprintable()


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    folder = lay(tmp_path / "w", {})
    path = os.fsencode(folder) + b"/\xff\xfe.mp3"
    with open(path, "wb") as file:  # noqa: PTH123  (bytes)
        file.write(FILM)
    refused = refusal(folder)
    assert refused.code is Code.NAME_INVALID
    assert str(refused).isprintable()


@pytest.mark.parametrize("names", [["a.mp3", "A.mp3"], ["e\u0301.mp3", "\u00e9.mp3"], ["a?.mp3", "a_.mp3"]])
def test_names_that_are_one_elsewhere_are_refused(tmp_path: Path, names: list[str]) -> None:
    assert refusal(lay(tmp_path / "w", dict.fromkeys(names, FILM))).code is Code.NAMES_COLLIDE


def test_two_files_of_one_name_from_two_folders_are_refused(tmp_path: Path) -> None:
    lay(tmp_path, {"x/a.mp3": FILM, "y/a.mp3": FILM})
    assert refusal(tmp_path / "x" / "a.mp3", tmp_path / "y" / "a.mp3").code is Code.NAMES_COLLIDE


def test_names_are_ordered_as_people_count() -> None:
    names = ["b", "a10", "a2", "a/b", "A1", "a/10/x", "a10/1", "10", "9", "a/2/x", "a", "a.b", ".b", "a1.b"]
    assert sorted(names, key=natural) == [
        *("9", "10", ".b", "a", "a.b", "A1", "a1.b", "a2", "a10", "b"),
        *("a/b", "a/2/x", "a/10/x", "a10/1"),
    ]

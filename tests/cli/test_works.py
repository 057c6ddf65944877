"""publish, works, retire, restore, withhold, as a person and as a program calls them."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headwaters.cli import main
from headwaters.cli import works as commands
from headwaters.errands.publish import Progress
from tests.errands.test_gather import lay
from tests.support import samples
from tests.support.served import COMMAND, environment, headwaters

PDF = samples.pdf(bytes(range(256)) * 40)
TRAILER = samples.pdf(bytes(range(256)) * 20)
TOML = 'title = "High Water"\nrights = "own"\n'


class Shop:
    """A shop, and the commands on it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def run(self, *arguments: str | Path) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        code = main([*map(str, arguments), "--shop", str(self.folder)])
        out, err = self._capsys.readouterr()
        return code, out, err

    def json(self, *arguments: str | Path) -> tuple[int, Any]:
        code, out, err = self.run(*arguments, "--json")
        assert err == ""
        return code, json.loads(out)


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    assert main(["init", str(tmp_path / "shop"), "--url", "https://alice.example"]) == 0
    capsys.readouterr()
    return Shop(tmp_path / "shop", capsys)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return lay(tmp_path / "high-water", {"work.toml": TOML, "book.pdf": PDF, "trailer.pdf": TRAILER, ".DS_Store": "x"})


def test_publishing_again_says_that_it_mended_what_was_damaged(shop: Shop, book: Path) -> None:
    assert shop.run("publish", book)[0] == 0
    digest = hashlib.sha256(PDF).hexdigest()
    kept = shop.folder / "files" / digest[:2] / digest[2:4] / digest
    kept.unlink()
    shop.run("storage", "check", "--all")
    mended = "High Water has the same files; 1 file was damaged and is whole again: https://alice.example/w/high-water"
    nothing = "High Water is as it was; nothing changed: https://alice.example/w/high-water"
    assert [shop.run("publish", book)[1].splitlines()[0] for _ in range(2)] == [mended, nothing]
    assert kept.read_bytes() == PDF


def test_publishing_says_what_is_where_now(shop: Shop, book: Path) -> None:
    assert shop.run("publish", book) == (
        0,
        "High Water is published: https://alice.example/w/high-water\n"
        "  The book, as PDF  book.pdf  10.3 kB\n"
        "  Trailer  trailer.pdf  5.1 kB  free for everybody\n"
        "  book.pdf: published without a colophon. It is not as its format says, so it stays as it is.\n"
        "  trailer.pdf: published without a colophon. It is not as its format says, so it stays as it is.\n"
        "  left out: .DS_Store (hidden or temporary)\n",
        "",
    )
    assert shop.run("publish", book) == (
        0,
        "High Water is as it was; nothing changed: https://alice.example/w/high-water\n"
        "  left out: .DS_Store (hidden or temporary)\n",
        "",
    )
    lay(book, {"book.pdf": PDF + b"!"})
    code, out, _ = shop.run("publish", book)
    assert (code, out.splitlines()[0]) == (
        0,
        "High Water has a new edition, number 2: https://alice.example/w/high-water",
    )
    code, out, _ = shop.run("publish", book, "--price", "9")
    assert (code, out.splitlines()[0]) == (
        0,
        "High Water has a new page, with the same files: https://alice.example/w/high-water",
    )


def test_a_program_gets_one_document(shop: Shop, book: Path) -> None:
    code, said = shop.json("publish", book)
    assert code == 0
    (work,) = said["works"]
    assert said["refused"] == []
    assert {key: work[key] for key in ("slug", "title", "address", "state", "edition", "change")} == {
        "slug": "high-water",
        "title": "High Water",
        "address": "https://alice.example/w/high-water",
        "state": "published",
        "edition": 1,
        "change": "new_work",
    }
    assert [(file["role"], file["name"], file["size"]) for file in work["files"]] == [
        ("work", "book.pdf", len(PDF)),
        ("sample", "trailer.pdf", len(TRAILER)),
    ]
    assert work["left_out"] == [{"name": ".DS_Store", "why": "hidden or temporary"}]


def test_options_are_said_of_the_work(shop: Shop, tmp_path: Path) -> None:
    lay(tmp_path, {"a.pdf": PDF})
    options = ("--title", "River", "--slug", "the-river", "--by", "Alice", "--kind", "book", "--language", "de")
    more = (
        "--year",
        "2025",
        "--price",
        "€7,50",
        "--minimum",
        "2",
        "--licence",
        "cc by 4.0",
        "--doors",
        "pay, have_copy",
    )
    code, said = shop.json("publish", tmp_path / "a.pdf", *options, *more)
    assert (code, said["works"][0]["slug"]) == (0, "the-river")
    code, listed = shop.json("works")
    assert listed["works"] == [
        {
            "slug": "the-river",
            "title": "River",
            "kind": "book",
            "state": "published",
            "currency": "EUR",
            "price": "7.50",
            "minimum": "2.00",
            "edition": 1,
            "published_at": listed["works"][0]["published_at"],
            "files": 1,
            "size": len(PDF),
            "address": "https://alice.example/w/the-river",
        }
    ]


def test_a_declaration_on_the_command_line_is_enough(shop: Shop, tmp_path: Path) -> None:
    lay(tmp_path, {"a.pdf": PDF, "b.pdf": PDF})
    code, out, err = shop.run("publish", tmp_path / "a.pdf")
    assert (code, out, err.splitlines()[0]) == (1, "", "Say by what right you publish this work.")
    assert shop.run("publish", tmp_path / "a.pdf", "--i-made-this")[0] == 0
    assert shop.run("publish", tmp_path / "b.pdf", "--rights", "licensed")[0] == 0


def test_everything_wrong_is_said_at_once_and_the_exit_code_is_one(shop: Shop, book: Path) -> None:
    code, out, err = shop.run("publish", book, "--price", "1e9", "--year", "soon", "--doors", "window")
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        "--year: It is a year, such as 2026.",
        "--price: “1e9” is not an amount. Write it in the digits 0 to 9, like 5.00.",
        "--doors: “window” is not known. It is one of: pay, cant_pay, have_copy.",
    ]
    code, said = shop.json("publish", book, "--price", "-5")
    assert (code, said["error"]["code"]) == (1, "manifest_broken")
    assert shop.json("works")[1] == {"works": []}


@pytest.mark.parametrize(
    "arguments",
    [
        ["publish"],
        ["publish", "x", "--i-made-this", "--rights", "own"],
        ["publish", "x", "--rights", "mine"],
        ["retire"],
        ["withhold", "x"],
    ],
)
def test_wrong_use_is_exit_code_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "usage: headwaters" in capsys.readouterr().err


def test_files_and_folders_at_once_are_exit_code_two(shop: Shop, book: Path) -> None:
    code, out, err = shop.run("publish", book, book / "book.pdf")
    assert (code, out) == (2, "")
    assert err.startswith("Name files (they make one work) or folders")


def test_of_several_works_the_good_are_published_and_the_bad_are_named(shop: Shop, tmp_path: Path) -> None:
    shelf = lay(tmp_path / "works", {"a/a.pdf": PDF, "b/b.pdf": "no pdf", "c/c.pdf": PDF})
    code, out, err = shop.run("publish", shelf, "--i-made-this")
    assert code == 1
    assert out.count(" is published: ") == 2
    assert err == (
        f"{shelf / 'b'}: “b.pdf” is called PDF, but its content is text.\n"
        "Look whether it is the right file; if it is, correct its name.\n"
    )
    code, said = shop.json("publish", shelf, "--i-made-this")
    assert (code, [work["change"] for work in said["works"]]) == (1, ["nothing", "nothing"])
    assert [(item["place"], item["code"]) for item in said["refused"]] == [(str(shelf / "b"), "file_wrong_kind")]


def test_names_that_would_play_tricks_on_a_terminal_are_written_out(shop: Shop, book: Path) -> None:
    lay(book, {".\x1b[2Jhidden": "x"})
    code, out, _ = shop.run("publish", book)
    assert code == 0
    assert "\x1b" not in out
    assert r"left out: .\x1b[2Jhidden" in out
    lay(book, {"evil\x1b[2J.pdf": PDF})
    code, out, err = shop.run("publish", book)
    assert (code, "\x1b" in out + err) == (1, False)


def test_a_work_goes_comes_back_and_is_withheld(shop: Shop, book: Path) -> None:
    assert shop.run("works")[1].startswith("There is no work yet.")
    shop.run("publish", book)
    assert shop.json("retire", "high-water") == (0, {"slug": "high-water", "state": "retired", "changed": True})
    assert shop.json("retire", "high-water") == (0, {"slug": "high-water", "state": "retired", "changed": False})
    assert "  retired  " in shop.run("works")[1]
    assert "It is retired, so only its holders see it." in shop.run("publish", book)[1]
    assert shop.run("restore", "high-water") == (0, "high-water is back.\n", "")
    assert shop.json("withhold", "high-water", "A court said so.")[1]["changed"] is True
    code, _, err = shop.run("publish", book)
    assert (code, "is withheld" in err) == (1, True)
    for command in (["retire", "x"], ["restore", "x"], ["withhold", "x", "why"]):
        code, said = shop.json(*command)
        assert (code, said["error"]["code"]) == (1, "work_unknown")


def test_a_link_keeps_the_creators_file_and_makes_no_copy(shop: Shop, book: Path) -> None:
    assert shop.run("publish", book, "--link")[0] == 0
    assert (book / "book.pdf").stat().st_nlink == 2


# ── progress ─────────────────────────────────────────────────────────────────────────────────────


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_progress_is_one_line_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    meter = commands.Meter(patience=0)
    meter.show(Progress("film.mp4", 500_000, 2_000_000))
    meter.show(Progress("film.mp4", 600_000, 2_000_000))  # too soon for another word
    meter.clear()
    assert screen.getvalue() == "\r\033[K25 %  500 kB of 2 MB  film.mp4\r\033[K"


def test_elsewhere_progress_is_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    meter = commands.Meter(patience=0)
    meter.show(Progress("film.mp4", 500_000, 2_000_000))
    meter.show(Progress("film.mp4", 600_000, 2_000_000))
    meter.clear()
    assert log.getvalue() == "25 %  500 kB of 2 MB  film.mp4\n"


def test_what_is_done_in_a_moment_is_not_worth_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    meter = commands.Meter(patience=60)
    meter.show(Progress("film.mp4", 0, 0))
    meter.show(Progress("film.mp4", 500_000, 2_000_000))
    meter.clear()
    assert screen.getvalue() == ""


# ── as processes ─────────────────────────────────────────────────────────────────────────────────


def large(folder: Path) -> Path:
    """A work of a size that takes a moment to keep."""
    with (lay(folder, {"work.toml": TOML}) / "book.pdf").open("wb") as file:
        beginning, end = samples.pdf(b"|").split(b"|")
        file.write(beginning)
        for _ in range(300):
            file.write(os.urandom(1_000_000))
        file.write(end)
    return folder


@pytest.fixture
def keeping(tmp_path: Path) -> Iterator[tuple[Path, Path, subprocess.Popen[bytes]]]:
    """(shop, work, a `publish` that is in the middle of keeping it)."""
    shop, work = tmp_path / "shop", large(tmp_path / "work")
    assert headwaters("init", shop).code == 0
    process = subprocess.Popen(
        [*COMMAND, "publish", str(work), "--shop", str(shop)],
        env=environment({}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    incoming = shop / "files" / "incoming"
    deadline = time.monotonic() + 30
    while not (incoming.exists() and any(incoming.iterdir())):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    yield shop, work, process
    process.kill()
    process.communicate()


def check_that_it_goes_through(shop: Path, work: Path) -> None:
    assert headwaters("works", "--shop", shop, "--json").json == {"works": []}
    assert headwaters("publish", work, "--shop", shop, "--json").json["works"][0]["change"] == "new_work"
    assert headwaters("publish", work, "--shop", shop, "--json").json["works"][0]["change"] == "nothing"


def test_ctrl_c_leaves_nothing_and_the_next_time_it_goes_through(
    keeping: tuple[Path, Path, subprocess.Popen[bytes]],
) -> None:
    shop, work, process = keeping
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, b"Traceback" in err) == (130, b"", False)
    assert list((shop / "files" / "incoming").iterdir()) == []
    check_that_it_goes_through(shop, work)


def test_killed_in_the_middle_it_leaves_nothing_to_be_seen_and_the_next_time_it_goes_through(
    keeping: tuple[Path, Path, subprocess.Popen[bytes]],
) -> None:
    shop, work, process = keeping
    process.kill()
    process.communicate(timeout=30)
    check_that_it_goes_through(shop, work)


def test_two_processes_at_once_make_one_edition(tmp_path: Path, database_settings: dict[str, str]) -> None:
    shop = tmp_path / "shop"
    folder = lay(tmp_path / "work", {"work.toml": TOML, "book.pdf": PDF})
    samples.picture(folder / "cover.png")
    assert headwaters("init", shop, settings=database_settings).code == 0
    processes = [
        subprocess.Popen(
            [*COMMAND, "publish", str(folder), "--shop", str(shop), "--json"],
            env=environment(database_settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    said = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], said
    assert sorted(json.loads(out)["works"][0]["change"] for out, _ in said) == ["new_work", "nothing", "nothing"]


def test_on_a_real_terminal_it_says_how_far_it_is(tmp_path: Path) -> None:
    shop, work = tmp_path / "shop", large(tmp_path / "work")
    assert headwaters("init", shop).code == 0
    ours, theirs = pty.openpty()
    command = [*COMMAND, "publish", str(work), "--shop", str(shop)]
    process = subprocess.Popen(command, env=environment({}), stdin=theirs, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    out, _ = process.communicate(timeout=60)
    os.set_blocking(ours, False)
    try:
        shown = os.read(ours, 65_536).decode()
    except OSError:  # nothing was said, and the other side is closed (EIO)
        shown = ""
    os.close(ours)
    assert process.returncode == 0
    assert out.startswith(b"High Water is published")
    assert shown == "" or (" of 300 MB  book.pdf" in shown and shown.endswith("\r\033[K"))


# ── order, collections, what is new ──────────────────────────────────────────────────────────────


def publish_three(shop: Shop, folder: Path) -> None:
    for name in ("rain", "river", "sea"):
        path = lay(folder / "works", {f"{name}.pdf": PDF + name.encode()}) / f"{name}.pdf"
        assert shop.run("publish", path, "--i-made-this")[0] == 0


def test_works_are_put_in_order_and_belong_together(shop: Shop, tmp_path: Path) -> None:
    publish_three(shop, tmp_path)
    code, told = shop.json("works", "--order", "rain, sea")
    assert (code, [work["slug"] for work in told["works"]]) == (0, ["rain", "sea", "river"])
    assert shop.run("works", "--order", "nowhere")[0] == 1

    assert shop.json("collections") == (0, {"collections": []})
    assert shop.run("collections", "water")[0] == 1
    assert shop.run("collections", "--title", "Water")[0] == 2
    code, told = shop.json("collections", "water", "--title", "All Water", "--works", "sea,rain", "--words", "Wet.")
    one = {
        "slug": "water",
        "title": "All Water",
        "words": "Wet.",
        "state": "published",
        "address": "https://alice.example/c/water",
        "works": ["sea", "rain"],
    }
    assert (code, told) == (0, {"collections": [one]})
    assert shop.run("collections", "water", "--title", "Water", "--works", "sea,nowhere")[0] == 1
    assert shop.json("collections") == (0, {"collections": [one]})  # all or nothing
    code, told = shop.json("collections", "water", "--works", "river", "--retire")
    assert told == {"collections": [{**one, "works": ["river"], "state": "retired"}]}
    assert "retired" in shop.run("collections")[1]
    assert shop.json("collections", "water", "--restore")[1]["collections"][0]["state"] == "published"


def test_what_is_new_is_said_of_one_work(shop: Shop, tmp_path: Path) -> None:
    publish_three(shop, tmp_path)
    new = lay(tmp_path / "new", {"rain.pdf": PDF + b"more"}) / "rain.pdf"
    code, told = shop.json("publish", new, "--edition-of", "rain", "--changes", "A page more.", "--i-made-this")
    assert (code, told["works"][0]["edition"]) == (0, 2)
    folder = lay(tmp_path / "two", {"a/a.pdf": PDF, "b/b.pdf": PDF})
    assert shop.run("publish", folder, "--changes", "Both.", "--i-made-this")[0] == 2

"""A process of its own for each question: whatever happens in it, the shop has an answer or is told that there is none,
and nothing else is disturbed."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from headwaters.adapters.apart.client import Apart, Lost, Task, lent
from headwaters.adapters.apart.limits import Limits
from headwaters.adapters.media import apart as media
from headwaters.adapters.stamp import apart as stamp
from headwaters.adapters.stamp.base import TAKES_TOO_MUCH
from headwaters.core.errors import Code, Conflict, HeadwatersError, Refused
from headwaters.core.works.makings import Skip
from headwaters.ports import Look, StampWish
from tests.support import samples

FOLDER = Path(__file__).parent
LIMITS = Limits(wall=60, cpu=30, memory=1 << 30, output=64 << 20, nice=0)
PATIENCE = 30.0


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    """One zygote for all of these."""
    apart = Apart(folders=[FOLDER])
    yield apart
    apart.close()


def task(name: str, gives: type = int) -> Task:
    return Task("hostile", name, gives)


def is_gone(pid: int) -> bool:
    """Gone, or a corpse that nobody took away yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("name", "arguments", "limits"),
    [
        ("crash", (), LIMITS),
        ("leave", (), LIMITS),
        ("bug", (), LIMITS),
        ("lie", (), LIMITS),
        ("eat", (), LIMITS),
        ("spin", (), replace(LIMITS, cpu=1)),
        ("spin", (), replace(LIMITS, wall=0.2)),
        ("shout", (10 << 20,), replace(LIMITS, output=1 << 20)),
    ],
)
def test_without_an_answer_it_is_lost_and_the_next_has_one(
    apart: Apart, name: str, arguments: tuple[object, ...], limits: Limits
) -> None:
    with pytest.raises(Lost):
        apart.ask(task(name), limits, *arguments)
    zygote = apart.pid
    assert apart.ask(task("noise"), LIMITS, 21) == 42
    assert apart.pid == zygote


def test_it_writes_no_more_than_it_may(apart: Apart, tmp_path: Path) -> None:
    with pytest.raises(Lost):
        apart.ask(task("write"), replace(LIMITS, output=3 << 20), tmp_path / "much")
    assert (tmp_path / "much").stat().st_size == 3 << 20


def test_errors_come_back_as_themselves(apart: Apart) -> None:
    found: list[HeadwatersError] = []
    for kind in ("refused", "conflict", "skip"):
        with pytest.raises(HeadwatersError) as caught:
            apart.ask(task("refuse"), LIMITS, kind)
        found.append(caught.value)
    assert [type(one) for one in found] == [Refused, Conflict, Skip]
    first = found[0]
    assert (first.code, str(first), first.hint_text) == (Code.FILE_WRONG_KIND, "“a” is none.", "Try 3.")
    assert (first.field, first.values) == ("files", {"name": "a", "n": 3})
    assert str(found[2]) == "Not worth it, Alice."
    with pytest.raises(OSError, match="No space left") as full:
        apart.ask(task("refuse"), LIMITS, "disk")
    assert full.value.errno == errno.ENOSPC


def test_large_questions_and_answers(apart: Apart, tmp_path: Path) -> None:
    assert apart.ask(task("shout", bytes), LIMITS, 9 << 20) == bytes(9 << 20)
    with pytest.raises(OSError, match="No space"):
        apart.ask(task("refuse"), LIMITS, "x" * (4 << 20))


def test_it_has_little_and_knows_nothing_of_the_shop(apart: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWATERS_SECRET", "x")
    fresh = Apart(folders=[FOLDER])
    try:
        kinds = tuple[list[str], list[int], list[int]]
        environment, limits, files = fresh.ask(task("about", kinds), replace(LIMITS, nice=7))
    finally:
        fresh.close()
    assert set(environment) <= {"PATH", "HOME", "LC_ALL", "LC_CTYPE", "IMAGEIO_FFMPEG_EXE"}
    assert limits == [30, 1 << 30, 0, os.nice(0) + 7]
    assert len(files) <= 6  # nothing three times, its question, its answer, and this folder


def test_a_file_that_is_lent_is_the_same_under_its_own_number(apart: Apart, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"mine")
    numbers = [os.open(tmp_path / "a", os.O_RDONLY | os.O_CLOEXEC) for _ in range(5)]
    try:
        for number in (*numbers, os.dup2(numbers[0], 200)):
            (link := tmp_path / f"link-{number}.jpg").symlink_to(f"/proc/self/fd/{number}")
            assert lent(link) == (number,)
            assert apart.ask(task("read", bytes), LIMITS, link, lend=lent(link)) == b"mine"
    finally:
        for number in (*numbers, 200):
            os.close(number)
    assert lent(tmp_path / "a") == ()


def test_names_that_are_no_letters(apart: Apart, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.bin"))
    path.write_bytes(b"1")
    assert apart.ask(task("read", bytes), LIMITS, path) == b"1"


def test_twenty_at_once_while_others_crash_and_spin(apart: Apart) -> None:
    def one(number: int) -> int:
        if number % 7 == 0:
            with pytest.raises(Lost):
                apart.ask(task("crash" if number % 2 else "spin"), replace(LIMITS, cpu=1))
        return apart.ask(task("noise"), LIMITS, number)

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(one, range(20))) == [2 * number for number in range(20)]


async def test_cancelled_it_takes_its_whole_family_along(apart: Apart, tmp_path: Path) -> None:
    asking = asyncio.create_task(apart.ask_async(task("wait"), LIMITS, tmp_path / "pids", True))
    await asyncio.to_thread(until, (tmp_path / "pids").exists)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert is_gone(pids[0])  # waited for
    await asyncio.to_thread(until, lambda: all(map(is_gone, pids)))
    assert await apart.ask_async(task("noise"), LIMITS, 1) == 2


def test_killed_hard_the_shop_takes_all_along(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path\n"
        "from headwaters.adapters.apart.client import Apart, Task\n"
        "from headwaters.adapters.apart.limits import Limits\n"
        f"apart, place = Apart(folders=[Path({str(FOLDER)!r})]), Path({str(tmp_path)!r})\n"
        "apart.ask(Task('hostile', 'noise', int), Limits(60, 60), 1)\n"
        "(place / 'zygote').write_text(str(apart.pid))\n"
        "apart.ask(Task('hostile', 'wait', int), Limits(60, 60), place / 'pids', True)\n"
    )
    shop = subprocess.Popen([sys.executable, "-c", code])
    try:
        until(lambda: (tmp_path / "pids").exists() or shop.poll() is not None)
        pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
        pids.append(int((tmp_path / "zygote").read_text()))
        assert not any(map(is_gone, pids))
    finally:
        shop.kill()
        shop.wait()
    until(lambda: all(map(is_gone, pids)))


def test_it_ends_when_the_shop_says_so_and_not_when_a_service_is_stopped(apart: Apart) -> None:
    assert apart.ask(task("noise"), LIMITS, 1) == 2
    zygote = apart.pid
    assert zygote is not None
    for wish in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(zygote, wish)
        assert apart.ask(task("noise"), LIMITS, 2) == 4
    assert apart.pid == zygote
    apart.close()
    assert is_gone(zygote)


def test_a_zygote_that_is_killed_is_started_again(apart: Apart, tmp_path: Path) -> None:
    lost: list[bool] = []

    def wait() -> None:
        try:
            apart.ask(task("wait"), LIMITS, tmp_path / "pids", False)
        except Lost:
            lost.append(True)

    (waiting := threading.Thread(target=wait)).start()
    until((tmp_path / "pids").exists)
    before = apart.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    waiting.join(PATIENCE)
    assert lost == [True]
    until(lambda: is_gone(int((tmp_path / "pids").read_text().split()[0])))
    assert apart.ask(task("noise"), LIMITS, 4) == 8
    assert apart.pid != before


def test_it_goes_when_nobody_asks_and_comes_back() -> None:
    apart = Apart(idle=0.05, folders=[FOLDER])
    try:
        for number in range(4):
            assert apart.ask(task("noise"), LIMITS, number) == 2 * number
            if number % 2:
                until(lambda: apart.pid is None)
        for number in range(15):  # also asked while it goes
            assert apart.ask(task("noise"), LIMITS, number) == 2 * number
            time.sleep(0.043 + number / 1000)
    finally:
        apart.close()


def test_what_only_tests_have_is_out_of_reach_of_a_shop() -> None:
    apart = Apart()
    try:
        with pytest.raises(Lost):
            apart.ask(task("noise"), LIMITS, 1)
        assert "hostile" not in sys.modules
    finally:
        apart.close()


def test_the_shop_itself_loads_no_library_that_reads_files() -> None:
    code = (
        "import sys, headwaters.wiring; "
        "print([name for name in ('PIL', 'mutagen', 'pikepdf', 'lxml', 'imageio_ffmpeg') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ── real files, real ports ───────────────────────────────────────────────────────────────────────


def test_a_picture_that_takes_too_much_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (9000, 9000)).save(bomb := tmp_path / "bomb.png", compress_level=1)
    good = samples.picture(tmp_path / "good.png")
    monkeypatch.setattr(media, "PICTURING", replace(media.PICTURING, memory=400 << 20))
    adapter = media.MediaApart()
    with pytest.raises(Refused) as refused:
        adapter.pictures(bomb, (100,))
    assert refused.value.code is Code.FILE_WRONG_KIND
    assert str(refused.value) == "“bomb.png” takes too much time or memory to make a picture of."
    assert [one.width for one in adapter.pictures(good, (100,))] == [100, 320]


def test_what_takes_too_long_to_look_at_is_published_without_its_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = samples.wav(tmp_path / "a.wav")
    monkeypatch.setattr(media, "LOOKING", replace(media.LOOKING, wall=0))
    assert media.MediaApart().look(path) == Look("audio/wav")


def test_a_file_that_takes_too_long_to_stamp_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, target = samples.picture(tmp_path / "a.png"), tmp_path / "copy"
    (tmp_path / "copy-clean").write_bytes(b"half")
    monkeypatch.setattr(stamp, "PATIENCE", 0)
    assert stamp.StamperApart().examine(path, "a.png", None).why == TAKES_TOO_MUCH
    done = stamp.StamperApart().stamp(path, "a.png", target, StampWish(clean=True))
    assert (done.made, done.why) == (False, TAKES_TOO_MUCH)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.png"]

"""The workshop: queued with the edition, made once, taken over, put back, tried again, and never in the way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from headwaters.core.errors import N_, Code, Refused, Unavailable
from headwaters.core.works.editions import Role
from headwaters.core.works.makings import LEASE, MOST_ATTEMPTS, Lane, MakingState, wait_after
from headwaters.errands.bench import Bench, MadeFile, Maker, Product, Recipe, Skip, encoder_of
from headwaters.errands.house import House
from headwaters.errands.workshop import Workshop
from headwaters.store import tables
from headwaters.store.db import Database
from headwaters.store.works import FileRow
from tests.support import samples
from tests.support.house import Clock, build_house
from tests.support.makings import made, makings, path_of, published

S = MakingState
NEVER_ENDED = "It was begun again and again, and never ended. Look into the shop’s log before you try again."


def workshop(house: House, make: Maker, lane: Lane = Lane.QUICK) -> Workshop:
    """One where every picture is made by `make`."""
    return Workshop(house, {"webp-2048": Recipe(make, lane), "webp-512": Recipe(make, lane)})


async def nothing(bench: Bench) -> Product:
    return Product()


async def publish_picture(house: House, folder: Path, colour: str = "steelblue") -> None:
    folder.mkdir(exist_ok=True)
    await published(house, samples.picture(folder / "River.png", (800, 600), colour), title="River")


async def states(house: House) -> list[MakingState]:
    return [row.state for row in await makings(house, "river")]


async def test_what_an_edition_wants_is_queued_with_it_and_made(house: House, tmp_path: Path) -> None:
    picture = tmp_path / "River.tiff"
    Image.effect_noise((3000, 1000), 90).convert("RGB").save(picture)
    await published(house, picture, title="River")
    assert [(row.recipe, row.state, row.done) for row in await makings(house, "river")] == [
        ("webp-2048", S.WAITING, 0),
        ("webp-512", S.WAITING, 0),
    ]
    version = house.now.version
    assert await Workshop(house).make_due(Lane.QUICK) == 2
    assert house.now.version > version
    files = await made(house, "river")
    assert [(file.role, file.recipe, file.width, file.height, file.media_type) for file in files.values()] == [
        (Role.MADE, "webp-2048", 2048, 683, "image/webp"),
        (Role.MADE, "webp-512", 512, 171, "image/webp"),
    ]
    for file in files.values():
        with Image.open(path_of(house, file.sha256)) as opened:
            assert (opened.format, opened.size) == ("WEBP", (file.width, file.height))
    assert [(row.state, row.done, row.error) for row in await makings(house, "river")] == [(S.MADE, 1000, "")] * 2
    assert await Workshop(house).make_due(Lane.QUICK) == 0
    assert list(house.config.workshop_dir.iterdir()) == []


async def test_what_is_not_smaller_is_skipped_with_a_word(house: House, tmp_path: Path) -> None:
    await publish_picture(house, tmp_path / "a")
    await Workshop(house).make_due(Lane.QUICK)
    (large, small) = await makings(house, "river")
    assert {large.state, small.state} <= {S.SKIPPED, S.MADE}
    tiny = tmp_path / "Dot.png"
    samples.picture(tiny, (2, 2))
    await published(house, tiny, title="Dot")
    await Workshop(house).make_due(Lane.QUICK)
    assert {row.error for row in await makings(house, "dot")} <= {"It would be no smaller than the original.", ""}


async def test_a_file_is_called_what_its_creator_calls_it(house: House, tmp_path: Path) -> None:
    """On the bench it has another name, which is said to nobody."""

    async def view(bench: Bench) -> Product:
        async with bench.open() as original:
            original.path.unlink()
            original.path.write_bytes(b"\x89PNG\r\n\x1a\nno picture")
            if bench.making.recipe == "webp-512":
                await encoder_of(house).shrink(original, 512, bench.folder / "small.webp")
            house.media.pictures(original.path, (64,))
        return Product()

    await publish_picture(house, tmp_path)
    assert await workshop(house, view).make_due(Lane.QUICK) == 2
    broken = "“River.png” cannot be read as a picture."
    hint = "Save it anew as JPEG, PNG or WebP."
    assert [(row.state, row.error) for row in await makings(house, "river")] == [
        (S.FAILED, f"{broken} {hint}"),
        (S.FAILED, f"This picture cannot be made smaller: {broken} {hint}"),
    ]


async def test_what_is_made_of_a_damaged_file_waits_and_says_it_to_the_creator(house: House, tmp_path: Path) -> None:
    await publish_picture(house, tmp_path)
    mine = tables.blobs.c.sha256.in_(select(tables.files.c.sha256).where(tables.files.c.role == Role.WORK.value))
    await house.db.write(lambda conn: conn.execute(tables.blobs.update().where(mine).values(fault="changed")))
    assert await Workshop(house).make_due(Lane.QUICK) == 2
    words = (
        "“River.png” is damaged, so nothing is made of it until it is whole again. "
        "Publish the same file again, or put it back from your backup."
    )
    assert [(row.state, row.error) for row in await makings(house, "river")] == [(S.WAITING, words)] * 2


async def test_the_same_bytes_in_a_new_edition_are_taken_over(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "River"
    folder.mkdir()
    Image.effect_noise((900, 900), 90).convert("RGB").save(folder / "River.tiff")
    await published(house, folder)
    await Workshop(house).make_due(Lane.QUICK)
    before = await made(house, "river")
    (folder / "Notes.txt").write_text("More.", encoding="utf-8")
    await published(house, folder)

    async def never(bench: Bench) -> Product:
        raise AssertionError("made again")

    assert await workshop(house, never).make_due(Lane.QUICK) == 2
    after = await made(house, "river")
    assert {name: file.sha256 for name, file in after.items()} == {name: file.sha256 for name, file in before.items()}
    assert {file.ref for file in after.values()}.isdisjoint({file.ref for file in before.values()})
    assert await states(house) == [S.MADE, S.MADE]


@pytest.mark.parametrize(
    ("raised", "state", "words"),
    [
        (Skip(N_("Not worth it.")), S.SKIPPED, "Not worth it."),
        (Refused(Code.FILE_WRONG_KIND, "It is broken.", hint="Mend it."), S.FAILED, "It is broken. Mend it."),
        (Refused(Code.DISK_FULL, "The disk is full."), S.WAITING, "The disk is full."),
        (Unavailable(Code.BLOB_MISSING, "It is away."), S.WAITING, "It is away."),
        (
            ZeroDivisionError("secret"),
            S.FAILED,
            "That was our mistake, and nothing was made. Try again; if it stays, look into the shop’s log.",
        ),
    ],
)
async def test_how_it_ends(house: House, tmp_path: Path, raised: Exception, state: MakingState, words: str) -> None:
    async def raising(bench: Bench) -> Product:
        raise raised

    await publish_picture(house, tmp_path)
    assert await workshop(house, raising).make_due(Lane.QUICK) == 2
    assert [(row.state, row.error) for row in await makings(house, "river")] == [(state, words)] * 2
    assert await made(house, "river") == {}


async def test_what_may_go_well_later_is_tried_again_and_given_up_at_last(
    house: House, clock: Clock, tmp_path: Path
) -> None:
    async def full(bench: Bench) -> Product:
        raise Refused(Code.DISK_FULL, "The disk is full.")

    await publish_picture(house, tmp_path)
    for attempt in range(1, MOST_ATTEMPTS + 1):
        assert await workshop(house, full).make_due(Lane.QUICK) == 2, attempt
        assert await workshop(house, full).make_due(Lane.QUICK) == 0
        clock.now += wait_after(attempt)
    assert [(row.state, row.error) for row in await makings(house, "river")] == [(S.FAILED, "The disk is full.")] * 2


async def test_of_two_processes_one_makes_at_a_time(house: House, database: Database, tmp_path: Path) -> None:
    running, most, count = 0, 0, 0

    async def slow(bench: Bench) -> Product:
        nonlocal running, most, count
        running, count = running + 1, count + 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return Product()

    await publish_picture(house, tmp_path)
    other = Database(database.url.render_as_string(hide_password=False))
    async with other:
        houses = [house, await build_house(other, house.config.shop, house.clock)]
        while S.WAITING in await states(house):
            await asyncio.gather(*(workshop(each, slow).make_due(Lane.QUICK) for each in houses))
    assert (most, count) == (1, 2)


async def test_at_the_end_it_goes_back_into_the_queue_and_the_next_process_goes_on(
    house: House, tmp_path: Path
) -> None:
    begun = asyncio.Event()
    folders: list[Path] = []

    async def endless(bench: Bench) -> Product:
        folders.append(bench.folder)
        (bench.folder / "half").write_bytes(b"x")
        begun.set()
        await asyncio.sleep(3600)
        raise AssertionError

    await publish_picture(house, tmp_path)
    shop = workshop(house, endless)
    working = asyncio.create_task(shop.make_due(Lane.QUICK))
    await begun.wait()
    shop.stop()
    assert await working == 1
    assert [(row.state, row.attempts) for row in await makings(house, "river")] == [(S.WAITING, 0)] * 2
    assert not folders[0].exists()
    assert await workshop(house, nothing).make_due(Lane.QUICK) == 2
    assert await states(house) == [S.MADE, S.MADE]


async def test_cancelled_it_goes_back_as_well(house: House, tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def endless(bench: Bench) -> Product:
        begun.set()
        await asyncio.sleep(3600)
        raise AssertionError

    await publish_picture(house, tmp_path)
    working = asyncio.create_task(workshop(house, endless).make_due(Lane.QUICK))
    await begun.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert await states(house) == [S.WAITING, S.WAITING]


async def test_after_a_crash_it_is_taken_up_when_the_lease_is_over(house: House, clock: Clock, tmp_path: Path) -> None:
    from headwaters.actions.makings import take_making

    await publish_picture(house, tmp_path)
    taken = await house.db.write(lambda conn: take_making(conn, ["webp-2048", "webp-512"], clock()))
    assert taken is not None
    assert await workshop(house, nothing).make_due(Lane.QUICK) == 0  # one at a time, and somebody is at it
    clock.now += LEASE
    assert await workshop(house, nothing).make_due(Lane.QUICK) == 2
    assert await states(house) == [S.MADE, S.MADE]


async def test_what_ends_every_process_is_given_up(house: House, clock: Clock, tmp_path: Path) -> None:
    from headwaters.actions.makings import take_making

    await publish_picture(house, tmp_path)
    names = ["webp-2048"]
    for _ in range(MOST_ATTEMPTS):
        assert await house.db.write(lambda conn: take_making(conn, names, clock())) is not None
        clock.now += LEASE
    assert await house.db.write(lambda conn: take_making(conn, names, clock())) is None
    (first, _) = await makings(house, "river")
    assert (first.state, first.error) == (S.FAILED, NEVER_ENDED)


async def test_a_maker_opens_the_original_and_gives_files(house: House, tmp_path: Path) -> None:
    original = samples.picture(tmp_path / "River.png", (80, 60))

    async def copy(bench: Bench) -> Product:
        async with bench.open() as material:
            assert material.path.suffix == ".png"
            assert material.path.read_bytes() == original.read_bytes()
            bench.report(500)
            target = bench.folder / "copy"
            target.write_bytes(material.path.read_bytes() + bench.making.recipe.encode())
        blob = await bench.keep(target)
        return Product((MadeFile(Role.MADE, f"{bench.making.recipe}.bin", "image/webp", blob, details='{"a": 1}'),))

    await published(house, original, title="River")
    await workshop(house, copy).make_due(Lane.QUICK)
    files: Mapping[str, FileRow] = await made(house, "river")
    assert set(files) == {"webp-2048.bin", "webp-512.bin"}
    assert files["webp-512.bin"].details == '{"a": 1}'
    data = path_of(house, files["webp-512.bin"].sha256).read_bytes()
    assert data == original.read_bytes() + b"webp-512"


async def test_another_choice_of_the_shop_queues_what_is_missing(house: House, tmp_path: Path) -> None:
    from headwaters.actions.shop import change_settings
    from headwaters.errands.house import refresh

    await house.db.write(lambda conn: change_settings(conn, {"formats": "none"}))
    await refresh(house)
    await publish_picture(house, tmp_path)
    shop = Workshop(house)
    assert await shop.queue_missing() == 0
    assert await states(house) == []
    await house.db.write(lambda conn: change_settings(conn, {"formats": "webp,mp3"}))
    await refresh(house)
    assert [await shop.queue_missing(), await shop.queue_missing()] == [2, 0]
    await house.db.write(lambda conn: change_settings(conn, {"formats": "mp3"}))
    await refresh(house)
    assert await shop.queue_missing() == 0
    assert await states(house) == []

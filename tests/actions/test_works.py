"""Publishing, retiring, restoring, withholding: each happy, refused, twice, and twice at once."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from headwaters.actions import works as verbs
from headwaters.actions.works import Change, Publication, Published
from headwaters.core.errors import Code, NotFound, Refused
from headwaters.core.sales.money import Money
from headwaters.core.works.details import Defaults
from headwaters.core.works.editions import EditionFile, Rights, Role, WorkState
from headwaters.core.works.manifest import Said
from headwaters.core.works.media import WorkKind
from headwaters.store import tables
from headwaters.store import works as rows
from headwaters.store.db import Connection, Database
from headwaters.store.shop import catalogue_version
from headwaters.store.works import BlobRow

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
DEFAULTS = Defaults("High Water", "Alice", WorkKind.FILM, "en", "EUR")
_numbers = itertools.count(1)


def file(name: str = "film.mp4", digit: str = "a", role: Role = Role.WORK) -> EditionFile:
    return EditionFile(role, name, "", "video/mp4", digit * 64, 5)


def publication(
    *files: EditionFile,
    source: str = "file:///alice/high-water",
    said: Said | None = None,
    edition_of: str | None = None,
) -> Publication:
    given = files or (file(),)
    blobs = tuple(BlobRow(item.sha256, 1, item.size, "copy") for item in given)
    return Publication(source, said or Said(rights=Rights.OWN), DEFAULTS, edition_of, given, blobs)


def refs(publication: Publication) -> Sequence[str]:
    return [f"ref{next(_numbers):010}" for _ in publication.files]


async def publish(database: Database, what: Publication, now: datetime = NOW) -> Published:
    made = refs(what)
    return await database.write(lambda conn: verbs.publish_edition(conn, what, made, now))


Counts = dict[str, int]


async def counts(database: Database) -> Counts:
    def read(conn: Connection) -> Counts:
        found = {
            name: int(conn.execute(select(func.count()).select_from(tables.metadata.tables[name])).scalar_one())
            for name in ("works", "editions", "files", "blobs")
        }
        return {**found, "catalogue": catalogue_version(conn)}

    return await database.read(read)


async def test_a_first_publication_makes_work_edition_files_and_blobs_at_once(database: Database) -> None:
    what = publication(file(), file("cover.png", "b", Role.COVER))
    made = await publish(database, what)
    assert made == Published(made.work_id, "high-water", "High Water", WorkState.PUBLISHED, 1, Change.NEW_WORK)
    assert await counts(database) == {"works": 1, "editions": 1, "files": 2, "blobs": 2, "catalogue": 1}

    def read(conn: Connection) -> tuple[object, ...]:
        edition = rows.newest_edition(conn, made.work_id)
        assert edition is not None
        declared = conn.execute(
            select(tables.editions.c.rights, tables.editions.c.rights_text, tables.editions.c.published_at)
        ).one()
        return [(row.role, row.name, row.label) for row in rows.files_of(conn, edition.id)], tuple(declared)

    files, declared = await database.read(read)
    assert files == [("work", "film.mp4", "The film"), ("cover", "cover.png", "The cover")]
    assert declared == ("own", "1", 1_795_348_800_000_000)


async def test_the_same_again_changes_nothing(database: Database) -> None:
    first = await publish(database, publication())
    before = await counts(database)
    again = await publish(database, publication(), LATER)
    assert again == replace(first, change=Change.NOTHING)
    assert await counts(database) == before


async def test_other_words_change_the_page_and_make_no_edition(database: Database) -> None:
    await publish(database, publication())
    said = Said(rights=Rights.OWN, title="Higher Water", price=Money(900, "EUR"))
    made = await publish(database, publication(said=said), LATER)
    assert (made.slug, made.title, made.edition, made.change) == ("high-water", "Higher Water", 1, Change.NEW_WORDS)
    assert await counts(database) == {"works": 1, "editions": 1, "files": 1, "blobs": 1, "catalogue": 2}
    work = await database.read(lambda conn: rows.work_at(conn, "high-water"))
    assert (work.details.title, work.details.price) == ("Higher Water", Money(900, "EUR"))


async def test_other_files_make_a_new_edition_and_the_old_one_stays(database: Database) -> None:
    await publish(database, publication())
    made = await publish(database, publication(file(digit="c"), file("subs.vtt", "d")), LATER)
    assert (made.edition, made.change) == (2, Change.NEW_EDITION)
    assert await counts(database) == {"works": 1, "editions": 2, "files": 3, "blobs": 3, "catalogue": 2}


async def test_what_was_said_once_stays_when_it_is_not_said_again(database: Database) -> None:
    said = Said(rights=Rights.OWN, title="River", price=Money(700, "EUR"), words="Hello")
    await publish(database, publication(said=said))
    made = await publish(database, publication(file(digit="c")), LATER)
    work = await database.read(lambda conn: rows.work_at(conn, "river"))
    assert (made.slug, work.details.title, work.details.price.minor, work.details.words) == (
        "river",
        "River",
        700,
        "Hello",
    )


async def test_the_same_address_from_elsewhere_is_refused_and_nothing_changed(database: Database) -> None:
    await publish(database, publication())
    before = await counts(database)
    with pytest.raises(Refused) as refused:
        await publish(database, publication(file(digit="c"), source="file:///bob"), LATER)
    assert refused.value.code is Code.SLUG_TAKEN
    assert "--edition-of high-water" in refused.value.hint_text
    assert await counts(database) == before


async def test_an_edition_of_a_work_may_come_from_elsewhere_and_then_is_from_there(database: Database) -> None:
    await publish(database, publication())
    moved = publication(file(digit="c"), source="file:///new/disk", edition_of="high-water")
    assert (await publish(database, moved, LATER)).change is Change.NEW_EDITION
    again = await publish(database, replace(moved, edition_of=None), LATER)
    assert (again.slug, again.change) == ("high-water", Change.NOTHING)
    with pytest.raises(NotFound) as refused:
        await publish(database, publication(edition_of="nowhere"))
    assert refused.value.code is Code.WORK_UNKNOWN


async def test_the_address_of_a_work_stays(database: Database) -> None:
    await publish(database, publication())
    with pytest.raises(Refused) as refused:
        await publish(database, publication(said=Said(rights=Rights.OWN, slug="river")))
    assert refused.value.code is Code.SLUG_TAKEN
    assert (await counts(database))["works"] == 1


async def test_without_a_declaration_or_an_open_licence_nothing_is_published(database: Database) -> None:
    with pytest.raises(Refused) as refused:
        await publish(database, publication(said=Said()))
    assert refused.value.code is Code.RIGHTS_MISSING
    assert await counts(database) == {"works": 0, "editions": 0, "files": 0, "blobs": 0, "catalogue": 0}
    assert (await publish(database, publication(said=Said(licence="CC-BY-4.0")))).change is Change.NEW_WORK


async def test_each_edition_is_declared_anew(database: Database) -> None:
    await publish(database, publication())
    assert (await publish(database, publication(said=Said()))).change is Change.NOTHING
    with pytest.raises(Refused) as refused:
        await publish(database, publication(file(digit="c"), said=Said()))
    assert refused.value.code is Code.RIGHTS_MISSING
    assert (await counts(database))["editions"] == 1


async def test_published_twice_at_once_there_is_one_edition(database: Database) -> None:
    other = Database(str(database.url.render_as_string(hide_password=False)))
    async with other:
        made = await asyncio.gather(*(publish(each, publication()) for each in [database, other] * 4))
    assert sorted(item.change for item in made) == [Change.NEW_WORK] + [Change.NOTHING] * 7
    assert await counts(database) == {"works": 1, "editions": 1, "files": 1, "blobs": 1, "catalogue": 1}


async def test_new_files_published_twice_at_once_are_one_edition(database: Database) -> None:
    await publish(database, publication())
    other = Database(str(database.url.render_as_string(hide_password=False)))
    async with other:
        new = publication(file(digit="c"))
        made = await asyncio.gather(*(publish(each, new, LATER) for each in [database, other] * 4))
    assert sorted(item.change for item in made) == [Change.NEW_EDITION] + [Change.NOTHING] * 7
    assert await counts(database) == {"works": 1, "editions": 2, "files": 2, "blobs": 2, "catalogue": 2}


async def test_of_two_who_want_one_address_at_once_one_gets_it(database: Database) -> None:
    other = Database(str(database.url.render_as_string(hide_password=False)))
    async with other:
        made = await asyncio.gather(
            publish(database, publication()),
            publish(other, publication(source="file:///bob")),
            return_exceptions=True,
        )
    refused = [item for item in made if isinstance(item, Refused)]
    assert [item.code for item in refused] == [Code.SLUG_TAKEN]
    assert (await counts(database))["works"] == 1


async def test_a_blob_that_was_a_link_and_is_a_copy_now_is_known_as_one(database: Database) -> None:
    what = publication()
    linked = replace(what, blobs=(BlobRow("a" * 64, 1, 5, "link", 7, 8, 9),))
    await publish(database, linked)
    assert await database.read(rows.all_blobs) == linked.blobs
    assert (await publish(database, what)).change is Change.NOTHING
    assert await database.read(rows.all_blobs) == what.blobs


async def test_a_file_that_is_kept_otherwise_now_is_news_to_a_shop_that_is_open(database: Database) -> None:
    """The page is as it was; but what is remembered of the file would refuse it as changed."""
    what = publication()
    first, second = (replace(what, blobs=(BlobRow("a" * 64, 1, 5, "link", 7, 8, seen),)) for seen in (9, 10))
    await publish(database, first)
    before = await counts(database)
    assert (await publish(database, second, LATER)).change is Change.NOTHING
    assert await database.read(rows.all_blobs) == second.blobs
    assert await counts(database) == {**before, "catalogue": before["catalogue"] + 1}
    await publish(database, second, LATER)
    assert await counts(database) == {**before, "catalogue": before["catalogue"] + 1}


async def test_what_was_damaged_and_is_published_again_is_mended_once(database: Database) -> None:
    what = publication()
    assert (await publish(database, what)).mended == 0
    await database.write(lambda conn: conn.execute(tables.blobs.update().values(fault="changed")))
    made = [await publish(database, what) for _ in range(2)]
    assert [(one.change, one.edition, one.mended) for one in made] == [(Change.NOTHING, 1, 1), (Change.NOTHING, 1, 0)]


async def test_a_retired_work_goes_and_comes_back_once_each(database: Database) -> None:
    await publish(database, publication())
    assert await database.write(lambda conn: verbs.retire_work(conn, "high-water", NOW))
    assert not await database.write(lambda conn: verbs.retire_work(conn, "high-water", NOW))
    work = await database.read(lambda conn: rows.work_at(conn, "high-water"))
    assert (work.state, (await counts(database))["catalogue"]) == (WorkState.RETIRED, 2)
    assert await database.write(lambda conn: verbs.restore_work(conn, "high-water", NOW))
    assert not await database.write(lambda conn: verbs.restore_work(conn, "high-water", NOW))
    work = await database.read(lambda conn: rows.work_at(conn, "high-water"))
    assert (work.state, (await counts(database))["catalogue"]) == (WorkState.PUBLISHED, 3)


async def test_a_retired_work_gets_editions_for_its_holders_and_stays_retired(database: Database) -> None:
    await publish(database, publication())
    await database.write(lambda conn: verbs.retire_work(conn, "high-water", NOW))
    made = await publish(database, publication(file(digit="c")), LATER)
    assert (made.state, made.edition) == (WorkState.RETIRED, 2)


async def test_of_a_withheld_work_nothing_new_is_published(database: Database) -> None:
    await publish(database, publication())
    assert await database.write(lambda conn: verbs.withhold_work(conn, "high-water", " A court said so. ", NOW))
    assert not await database.write(lambda conn: verbs.withhold_work(conn, "high-water", "Another", NOW))
    with pytest.raises(Refused) as refused:
        await publish(database, publication(file(digit="c")), LATER)
    assert refused.value.code is Code.WORK_WITHHELD
    note = await database.read(lambda conn: conn.execute(select(tables.works.c.note)).scalar())
    assert (note, (await counts(database))["editions"]) == ("A court said so.", 1)
    assert await database.write(lambda conn: verbs.restore_work(conn, "high-water", NOW))
    note = await database.read(lambda conn: conn.execute(select(tables.works.c.note)).scalar())
    assert note == ""


async def test_retired_by_two_at_once_it_is_retired_once(database: Database) -> None:
    await publish(database, publication())
    done = await asyncio.gather(
        *(database.write(lambda conn: verbs.retire_work(conn, "high-water", NOW)) for _ in range(8))
    )
    assert sorted(done) == [False] * 7 + [True]


@pytest.mark.parametrize("verb", [verbs.retire_work, verbs.restore_work])
async def test_an_unknown_work_is_refused(database: Database, verb) -> None:
    with pytest.raises(NotFound) as refused:
        await database.write(lambda conn: verb(conn, "nowhere", NOW))
    assert refused.value.code is Code.WORK_UNKNOWN


async def test_what_would_be_refused_later_is_refused_before_files_are_kept(database: Database) -> None:
    assert await database.read(lambda conn: verbs.check_publishable(conn, publication())) is None
    with pytest.raises(Refused) as refused:
        await database.read(lambda conn: verbs.check_publishable(conn, publication(said=Said())))
    assert refused.value.code is Code.RIGHTS_MISSING
    await publish(database, publication())
    found = await database.read(lambda conn: verbs.check_publishable(conn, publication(said=Said())))
    assert found is not None
    assert found.slug == "high-water"
    with pytest.raises(Refused) as refused:
        await database.read(lambda conn: verbs.check_publishable(conn, publication(source="file:///bob")))
    assert refused.value.code is Code.SLUG_TAKEN


async def test_the_list_has_every_work_with_its_newest_edition(database: Database) -> None:
    await publish(database, publication())
    await publish(database, publication(file(digit="c"), file("b.vtt", "d"), file("c.png", "e", Role.COVER)), LATER)
    await publish(
        database,
        publication(source="file:///other", said=Said(rights=Rights.OWN, title="River", kind=WorkKind.MUSIC)),
        LATER,
    )
    await database.write(lambda conn: verbs.retire_work(conn, "river", LATER))
    listed = await database.read(rows.list_works)
    assert [(work.slug, work.state, work.kind, work.edition, work.files, work.size) for work in listed] == [
        ("river", "retired", "music", 1, 1, 5),
        ("high-water", "published", "film", 2, 3, 15),  # the cover counts: who takes it has it
    ]


# ── words and order ──────────────────────────────────────────────────────────────────────────────


async def test_words_are_changed_by_who_saw_them_last(database: Database) -> None:
    await publish(database, publication())
    before = await database.read(lambda conn: rows.work_at(conn, "high-water"))
    other = replace(before.details, title="Low Water")
    assert await database.write(lambda conn: verbs.change_words(conn, "high-water", 0, other, LATER))
    assert not await database.write(lambda conn: verbs.change_words(conn, "high-water", 0, other, LATER))
    third = replace(before.details, title="No Water")
    with pytest.raises(Refused) as refused:
        await database.write(lambda conn: verbs.change_words(conn, "high-water", 0, third, LATER))
    assert refused.value.code is Code.CHANGED_MEANWHILE
    work = await database.read(lambda conn: rows.work_at(conn, "high-water"))
    assert (work.details, work.revision, (await counts(database))["catalogue"]) == (other, 1, 2)


async def test_words_changed_by_two_at_once_are_those_of_one(database: Database) -> None:
    await publish(database, publication())
    details = (await database.read(lambda conn: rows.work_at(conn, "high-water"))).details
    other = Database(str(database.url.render_as_string(hide_password=False)))
    async with other:
        changing = (
            each.write(
                lambda conn, n=n: verbs.change_words(conn, "high-water", 0, replace(details, words=str(n)), LATER)
            )
            for n, each in enumerate([database, other] * 4)
        )
        done = await asyncio.gather(*changing, return_exceptions=True)
    assert [one for one in done if one is True] == [True]
    assert {one.code for one in done if isinstance(one, Refused)} == {Code.CHANGED_MEANWHILE}


async def test_publishing_again_with_other_words_tells_an_editor_whose_form_is_open(database: Database) -> None:
    await publish(database, publication())
    await publish(database, publication(said=Said(rights=Rights.OWN, words="Hello")), LATER)
    work = await database.read(lambda conn: rows.work_at(conn, "high-water"))
    assert work.revision == 1


async def test_works_stand_in_the_order_that_was_chosen_and_new_ones_first(database: Database) -> None:
    for name in ("a", "b", "c"):
        await publish(database, publication(source=f"file:///{name}", said=Said(rights=Rights.OWN, title=name)))

    async def order() -> list[str]:
        return [work.slug for work in await database.read(rows.list_works)]

    assert await order() == ["c", "b", "a"]
    assert await database.write(lambda conn: verbs.order_works(conn, ["a", "c", "a"]))
    assert await order() == ["a", "c", "b"]
    version = (await counts(database))["catalogue"]
    assert not await database.write(lambda conn: verbs.order_works(conn, ["a", "c"]))
    with pytest.raises(NotFound):
        await database.write(lambda conn: verbs.order_works(conn, ["b", "nowhere"]))
    assert ((await counts(database))["catalogue"], await order()) == (version, ["a", "c", "b"])
    assert await database.write(lambda conn: verbs.shift_work(conn, "b", -1))
    assert not await database.write(lambda conn: verbs.shift_work(conn, "a", -1))
    assert not await database.write(lambda conn: verbs.shift_work(conn, "c", 1))
    assert await order() == ["a", "b", "c"]
    await publish(database, publication(source="file:///d", said=Said(rights=Rights.OWN, title="d")), LATER)
    assert await order() == ["d", "a", "b", "c"]
    await database.write(lambda conn: verbs.retire_work(conn, "a", LATER))
    assert await database.write(
        lambda conn: verbs.shift_work(conn, "b", -1)
    )  # past the one that is shown, not the other
    assert [slug for slug in await order() if slug != "a"] == ["b", "d", "c"]
    assert not await database.write(lambda conn: verbs.shift_work(conn, "a", 1))


async def test_what_is_new_is_kept_with_its_edition_and_the_log_says_who(database: Database) -> None:
    first = publication()
    second = replace(publication(file(digit="c")), changes="Louder.")
    for what, who in ((first, None), (first, None), (second, None)):
        made = refs(what)
        await database.write(
            lambda conn, what=what, made=made, who=who: verbs.publish_noted(conn, what, made, who, NOW)
        )

    def read(conn: Connection) -> tuple[list[tuple[int, str]], list[tuple[object, ...]]]:
        work = rows.work_at(conn, "high-water")
        log = conn.execute(select(tables.audit_log.c.deed, tables.audit_log.c.subject).order_by(tables.audit_log.c.id))
        return [(one.number, one.changes) for one in rows.editions_of(conn, work.id)], [tuple(row) for row in log]

    editions, log = await database.read(read)
    assert editions == [(2, "Louder."), (1, "")]
    assert log == [("work.published", "work:high-water"), ("work.edition", "work:high-water")]

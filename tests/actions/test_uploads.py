"""Uploads: each verb happy, refused, twice, and twice at once, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from headwaters.actions import uploads as verbs
from headwaters.actions.drafts import open_draft
from headwaters.actions.uploads import NewUpload
from headwaters.core.errors import Code, Conflict, NotFound, Refused
from headwaters.core.works.uploads import Announced, UploadState
from headwaters.store import tables
from headwaters.store import uploads as rows
from headwaters.store.db import Connection, Database
from headwaters.store.uploads import UploadRow
from tests.support.databases import side_by_side

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


async def draft(database: Database, ref: str = "draft") -> int:
    return await database.write(partial(open_draft, ref=ref, work_id=None, who=None, form="{}", now=NOW))


async def begin(database: Database, *names: str, draft_ref: str = "draft", size: int = 100) -> list[str]:
    new = [NewUpload(f"ref-{name}", Announced(name, size)) for name in names]
    return await database.write(lambda conn: verbs.begin_uploads(conn, draft_ref, new, NOW))


async def at(database: Database, ref: str) -> UploadRow:
    return await database.read(partial(rows.upload_at, ref=ref))


async def arrived(database: Database, name: str) -> str:
    (ref,) = await begin(database, name)
    await database.write(lambda conn: verbs.count_bytes(conn, ref, 0, 100, NOW))
    return ref


async def names(database: Database, draft_id: int) -> list[str]:
    return [row.name for row in await database.read(partial(rows.uploads_of, draft_id=draft_id))]


async def everything(database: Database) -> list[object]:
    return await database.read(lambda conn: list(conn.execute(select(tables.uploads))))


async def refused(database: Database, verb: object, kind: type[Refused], code: Code) -> None:
    before = await everything(database)
    with pytest.raises(kind) as error:
        await database.write(verb)  # type: ignore[arg-type]
    assert error.value.code is code
    assert await everything(database) == before


async def test_a_draft_begins_open(database: Database) -> None:
    number = await draft(database)
    found = await database.read(lambda conn: rows.find_draft(conn, "draft"))
    assert (found.id, found.state) == (number, "open")
    assert (await database.read(partial(rows.draft_by_id, draft_id=number))).ref == "draft"


async def test_files_are_announced_all_or_none_and_in_order(database: Database) -> None:
    number = await draft(database)
    await begin(database, "b.txt")
    await begin(database, "a.txt", "c.txt")
    assert await names(database, number) == ["b.txt", "a.txt", "c.txt"]
    row = await at(database, "ref-a.txt")
    assert (row.state, row.size, row.done, row.position, row.draft_ref) == (UploadState.COMING, 100, 0, 2, "draft")
    new = [NewUpload("r1", Announced("d.txt", 1)), NewUpload("r2", Announced("A.TXT", 1))]
    await refused(database, lambda conn: verbs.begin_uploads(conn, "draft", new, NOW), Refused, Code.NAMES_COLLIDE)
    await refused(database, lambda conn: verbs.begin_uploads(conn, "nowhere", new, NOW), NotFound, Code.PAGE_UNKNOWN)


async def test_of_two_files_of_one_name_at_once_one_is_refused(database: Database) -> None:
    number = await draft(database)

    def add(conn: Connection, ref: str) -> list[str]:
        return verbs.begin_uploads(conn, "draft", [NewUpload(ref, Announced("a.txt", 1))], NOW)

    came = await side_by_side(database, partial(add, ref="one"), partial(add, ref="two"))
    assert sorted(type(each).__name__ for each in came) == ["Refused", "list"]
    assert await names(database, number) == ["a.txt"]


async def test_a_draft_that_is_not_open_keeps_its_files(database: Database) -> None:
    await draft(database)
    await begin(database, "a.txt", "b.txt")
    await database.write(lambda conn: conn.execute(tables.drafts.update().values(state="publishing")) and None)
    new = [NewUpload("r", Announced("c.txt", 1))]
    words = {"name": "c.txt", "role": "", "label": ""}
    for verb in (
        lambda conn: verbs.begin_uploads(conn, "draft", new, NOW),
        lambda conn: verbs.remove_upload(conn, "draft", "ref-a.txt"),
        lambda conn: verbs.order_upload(conn, "draft", "ref-a.txt", 1, NOW),
        lambda conn: verbs.describe_upload(conn, "draft", "ref-a.txt", **words, now=NOW),
    ):
        await refused(database, verb, Conflict, Code.UPLOAD_CLOSED)


async def test_bytes_are_counted_once_and_the_last_one_makes_it_wait_for_its_check(database: Database) -> None:
    await draft(database)
    (ref,) = await begin(database, "a.txt")
    count = partial(verbs.count_bytes, ref=ref, now=LATER)
    assert await database.write(partial(count, before=0, done=60)) is UploadState.COMING
    await refused(database, partial(count, before=0, done=60), Conflict, Code.UPLOAD_OFFSET)
    await refused(database, partial(count, before=60, done=101), Conflict, Code.UPLOAD_OFFSET)
    assert await database.write(partial(count, before=60, done=100)) is UploadState.CHECKING
    await refused(database, partial(count, before=100, done=100), Conflict, Code.UPLOAD_OFFSET)
    await refused(database, partial(count, ref="nobody", before=0, done=1), NotFound, Code.UPLOAD_UNKNOWN)
    assert await database.read(rows.bytes_to_come) == 0


async def test_two_who_count_at_once_do_not_count_twice(database: Database) -> None:
    await draft(database)
    (ref,) = await begin(database, "a.txt")
    came = await side_by_side(
        database,
        lambda conn: verbs.count_bytes(conn, ref, 0, 40, NOW),
        lambda conn: verbs.count_bytes(conn, ref, 0, 50, NOW),
    )
    assert sorted(type(each).__name__ for each in came) == ["Conflict", "UploadState"]
    assert (await at(database, ref)).done in {40, 50}


async def test_a_check_ends_once_and_only_for_the_name_it_was_of(database: Database) -> None:
    await draft(database)
    ref = await arrived(database, "a.txt")
    accept = partial(verbs.accept_upload, ref=ref, sha256="f" * 64, media_type="text/plain", now=NOW)
    assert not await database.write(partial(accept, name="other.txt"))
    assert await database.write(partial(accept, name="a.txt"))
    assert not await database.write(partial(accept, name="a.txt"))
    assert not await database.write(lambda conn: verbs.refuse_upload(conn, ref, "a.txt", "no", NOW))
    row = await at(database, ref)
    assert (row.state, row.sha256, row.media_type) == (UploadState.HERE, "f" * 64, "text/plain")


async def test_an_upload_that_is_still_coming_is_not_accepted(database: Database) -> None:
    await draft(database)
    (ref,) = await begin(database, "a.txt")
    assert not await database.write(lambda conn: verbs.accept_upload(conn, ref, "a.txt", "f" * 64, "text/plain", NOW))
    assert not await database.write(lambda conn: verbs.refuse_upload(conn, ref, "a.txt", "no", NOW))


async def test_another_name_is_checked_again(database: Database) -> None:
    await draft(database)
    ref = await arrived(database, "a.mp4")
    await begin(database, "b.txt")
    await database.write(lambda conn: verbs.refuse_upload(conn, ref, "a.mp4", "It is text.", NOW))
    assert (await at(database, ref)).error == "It is text."
    describe = partial(verbs.describe_upload, draft_ref="draft", ref=ref, role="sample", label=" A  label ", now=NOW)
    assert await database.write(partial(describe, name=" a.txt "))
    row = await at(database, ref)
    assert (row.name, row.state, row.error, row.role, row.label) == (
        "a.txt",
        UploadState.CHECKING,
        "",
        "sample",
        "A label",
    )
    assert not await database.write(partial(describe, name="a.txt"))
    await refused(database, partial(describe, name="B.txt"), Refused, Code.NAMES_COLLIDE)
    await refused(database, partial(describe, name="a.xyz"), Refused, Code.FILE_UNKNOWN_KIND)
    await refused(database, partial(describe, name="../a.txt"), Refused, Code.NAME_INVALID)


async def test_other_words_alone_are_not_checked_again(database: Database) -> None:
    await draft(database)
    ref = await arrived(database, "a.txt")
    await database.write(lambda conn: verbs.accept_upload(conn, ref, "a.txt", "f" * 64, "text/plain", NOW))
    describe = partial(verbs.describe_upload, draft_ref="draft", ref=ref, name="a.txt", now=NOW)
    assert await database.write(partial(describe, role="art", label="x"))
    row = await at(database, ref)
    assert (row.state, row.role, row.label) == (UploadState.HERE, "", "x")


async def test_files_are_put_in_order(database: Database) -> None:
    number = await draft(database)
    await begin(database, "a.txt", "b.txt", "c.txt")
    move = partial(verbs.order_upload, draft_ref="draft", ref="ref-c.txt", now=NOW)
    assert await database.write(partial(move, by=-1))
    assert await names(database, number) == ["a.txt", "c.txt", "b.txt"]
    assert await database.write(partial(move, by=-1))
    assert not await database.write(partial(move, by=-1))
    assert await names(database, number) == ["c.txt", "a.txt", "b.txt"]


async def test_a_file_is_taken_out_of_its_own_draft_alone(database: Database) -> None:
    number, other = await draft(database), await draft(database, "other")
    await begin(database, "a.txt")
    await begin(database, "b.txt", draft_ref="other")
    assert not await database.write(lambda conn: verbs.remove_upload(conn, "draft", "ref-b.txt"))
    assert await database.write(lambda conn: verbs.remove_upload(conn, "draft", "ref-a.txt"))
    assert not await database.write(lambda conn: verbs.remove_upload(conn, "draft", "ref-a.txt"))
    assert await names(database, number) == []
    assert await names(database, other) == ["b.txt"]


async def test_a_draft_is_forgotten(database: Database) -> None:
    number, other = await draft(database), await draft(database, "other")
    await begin(database, "a.txt", "b.txt")
    await begin(database, "c.txt", draft_ref="other")
    assert await database.write(partial(verbs.forget_uploads, draft_id=number)) == ["ref-a.txt", "ref-b.txt"]
    assert await database.write(partial(verbs.forget_uploads, draft_id=number)) == []
    assert await names(database, other) == ["c.txt"]


async def test_what_stands_still_for_a_week_is_given_up(database: Database) -> None:
    number = await draft(database)
    await begin(database, "old.txt", "new.txt")
    whole = await arrived(database, "whole.txt")
    await database.write(lambda conn: verbs.count_bytes(conn, "ref-new.txt", 0, 1, LATER))
    give_up = partial(verbs.give_up_uploads)
    assert await database.write(partial(give_up, now=NOW + timedelta(days=7))) == []
    assert await database.write(partial(give_up, now=NOW + timedelta(days=7, seconds=1))) == ["ref-old.txt"]
    assert await names(database, number) == ["new.txt", "whole.txt"]
    assert (await at(database, whole)).state is UploadState.CHECKING

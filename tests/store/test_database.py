"""The two verbs, the same on both databases."""

from __future__ import annotations

import asyncio
import itertools
import threading
import traceback
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import bindparam, insert, select, text

from headwaters.core.errors import Code, NotFound, Unavailable
from headwaters.store.db import Connection, ConstraintBroken, Database, Prepared
from headwaters.store.tables import settings
from tests.store.support import (
    add,
    at_once,
    count,
    count_up,
    keys,
    make_promises,
    outcomes,
    promise,
    start_counting,
    start_process,
)


async def test_what_a_write_returns_is_answered_and_kept(database: Database) -> None:
    assert await database.write(add("a", "1")) == 1
    assert await database.read(keys) == ["a"]


async def test_what_a_write_raises_goes_to_its_caller_and_nothing_of_it_is_kept(database: Database) -> None:
    def job(conn: Connection) -> None:
        add("gone")(conn)
        raise NotFound(Code.WORK_UNKNOWN, "no such work")

    with pytest.raises(NotFound, match="no such work"):
        await database.write(job)
    assert await database.read(keys) == []


async def test_a_failing_write_takes_no_other_down(database: Database) -> None:
    def broken(conn: Connection) -> None:
        add("gone")(conn)
        raise LookupError("mine alone")

    jobs = [broken if number % 3 == 1 else add(f"{number:02}") for number in range(30)]
    answers = await outcomes(*at_once(database, *jobs))
    assert [repr(answer) for answer in answers[1::3]] == ["LookupError('mine alone')"] * 10
    assert answers[0::3] == answers[2::3] == [1] * 10
    assert await database.read(keys) == [f"{number:02}" for number in range(30) if number % 3 != 1]


async def test_a_constraint_refuses_one_write_alone(database: Database) -> None:
    first, second, other = await outcomes(*at_once(database, add("a", "first"), add("a", "second"), add("b")))
    assert sorted([type(first), type(second)], key=str) == [ConstraintBroken, int]
    assert other == 1
    assert await database.read(keys) == ["a", "b"]


async def test_a_constraint_broken_in_core_statements_is_the_same_error(database: Database) -> None:
    await database.write(add("a"))
    with pytest.raises(ConstraintBroken):
        await database.write(lambda conn: conn.execute(insert(settings).values(key="a", value="")).rowcount)


async def test_an_error_of_the_database_quotes_nothing_that_was_written(database: Database) -> None:
    def job(conn: Connection) -> None:
        row = {"key": "bob@example.org", "value": "a secret"}
        conn.execute(insert(settings), [row, row])

    with pytest.raises(ConstraintBroken) as broken:
        await database.write(job)
    assert "bob@" not in str(broken.value)
    assert "a secret" not in "".join(traceback.format_exception(broken.value)), "the values of a statement"


async def test_a_write_that_makes_light_of_a_failed_statement_is_refused_all_the_same(database: Database) -> None:
    await database.write(add("a"))

    def job(conn: Connection) -> str:
        add("half")(conn)
        with pytest.raises(ConstraintBroken):
            add("a")(conn)
        return "fine"

    with pytest.raises(ConstraintBroken):
        await database.write(job)
    assert await database.read(keys) == ["a"]


async def test_after_a_failed_statement_no_other_is_run(database: Database) -> None:
    await database.write(add("a"))
    seen: list[str] = []

    def job(conn: Connection) -> None:
        with pytest.raises(ConstraintBroken):
            add("a")(conn)
        for after in (add("b"), lambda conn: conn.execute(select(settings)).all()):
            with pytest.raises(Exception, match="this transaction is over") as raised:
                after(conn)
            seen.append(type(raised.value).__name__)

    with pytest.raises(ConstraintBroken):
        await database.write(job)
    assert set(seen) == {"TransactionLost"}
    assert await database.read(keys) == ["a"]


async def test_a_commit_that_fails_fails_for_its_own_write_alone(database: Database) -> None:
    await database.write(make_promises)
    await database.write(add("a"))  # before the others: PostgreSQL commits in an order of its own
    jobs: list[Callable[[Connection], object]] = [promise(1, "nowhere"), add("b"), promise(2, "a"), add("c")]
    answers = await outcomes(*at_once(database, *jobs))
    assert [type(answer) for answer in answers] == [ConstraintBroken, int, type(None), int]
    assert await database.read(keys) == ["a", "b", "c"]
    promised = await database.read(lambda conn: conn.execute(text("SELECT id, to_key FROM promises")).all())
    assert [tuple(row) for row in promised] == [(2, "a")]


async def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises(Unavailable) as raised:
        await database.read(add("a"))
    assert raised.value.code == Code.DATABASE_DOWN
    assert await database.read(keys) == []


async def test_a_read_has_one_snapshot_whatever_is_written_meanwhile(database: Database) -> None:
    await database.write(add("a"))
    looked, written = threading.Event(), threading.Event()

    def twice(conn: Connection) -> tuple[list[str], list[str]]:
        first = keys(conn)
        looked.set()
        assert written.wait(10)
        return first, keys(conn)

    reading = asyncio.create_task(database.read(twice))
    await asyncio.to_thread(looked.wait, 10)
    await database.write(add("b"))
    written.set()
    assert await reading == (["a"], ["a"])
    assert await database.read(keys) == ["a", "b"]


async def test_reads_never_see_half_a_write(database: Database) -> None:
    def pair(number: int) -> Callable[[Connection], None]:
        def job(conn: Connection) -> None:
            add(f"left-{number}")(conn)
            add(f"right-{number}")(conn)

        return job

    async def look() -> None:
        while not done.is_set():
            seen = await database.read(keys)
            left, right = (
                {key.partition("-")[2] for key in seen if key.startswith(side)} for side in ("left", "right")
            )
            assert left == right

    done = asyncio.Event()
    looking = [asyncio.create_task(look()) for _ in range(3)]
    await asyncio.gather(*(database.write(pair(number)) for number in range(100)))
    done.set()
    await asyncio.gather(*looking)
    assert len(await database.read(keys)) == 200


async def test_a_read_after_an_answered_write_sees_it(database: Database) -> None:
    async def write_and_look(number: int) -> bool:
        await database.write(add(f"{number:03}"))
        return f"{number:03}" in await database.read(keys)

    assert all(await asyncio.gather(*map(write_and_look, range(100))))


async def test_a_connection_is_of_no_use_outside_its_function(database: Database) -> None:
    await database.write(add("a"))
    kept = await database.write(lambda conn: conn)
    for use in (keys, add("b"), lambda conn: conn.execute(select(settings)).all()):
        with pytest.raises(RuntimeError, match="outside its function"):
            use(kept)
    assert await database.read(keys) == ["a"]


async def test_a_result_is_of_no_use_outside_its_function(database: Database) -> None:
    await database.write(add("a"))
    result = await database.read(lambda conn: conn.execute(select(settings)))
    with pytest.raises(Exception, match="closed"):
        result.all()


async def test_a_generator_that_outlives_its_function_finds_the_connection_closed(database: Database) -> None:
    def lazily(conn: Connection) -> Iterator[list[str]]:
        yield keys(conn)

    late = await database.read(lazily)
    with pytest.raises(RuntimeError, match="outside its function"):
        next(late)


async def test_a_caller_that_goes_away_disturbs_nobody(database: Database) -> None:
    held = threading.Event()
    blocking = asyncio.create_task(database.write(lambda conn: held.wait(10)))
    await asyncio.sleep(0.01)
    writes = at_once(database, *(add(f"{number:02}") for number in range(20)))
    await asyncio.sleep(0)
    for task in writes[::2]:
        task.cancel()
    held.set()
    answers = await outcomes(*writes)
    assert await blocking is True
    assert answers[1::2] == [1] * 10
    assert [type(answer) for answer in answers[::2]] == [asyncio.CancelledError] * 10
    answered = {f"{number:02}" for number in range(1, 20, 2)}
    assert answered <= set(await database.read(keys))


async def test_a_caller_that_goes_away_while_its_write_runs_disturbs_nobody(database: Database) -> None:
    started, held = threading.Event(), threading.Event()

    def job(conn: Connection) -> None:
        started.set()
        assert held.wait(10)
        add("done")(conn)

    going = asyncio.create_task(database.write(job))
    await asyncio.to_thread(started.wait, 10)
    going.cancel()
    held.set()
    assert await database.write(add("other")) == 1
    with pytest.raises(asyncio.CancelledError):
        await going
    while "done" not in await database.read(keys):
        await asyncio.sleep(0.005)
    assert await database.read(keys) == ["done", "other"]


async def test_stop_iteration_and_its_like_reach_the_caller(database: Database) -> None:
    with pytest.raises(RuntimeError, match="StopIteration"):
        await database.write(lambda conn: next(iter(())))
    with pytest.raises(SystemExit):
        await database.write(lambda conn: exec("raise SystemExit(3)"))
    assert await database.write(add("a")) == 1


def test_sixteen_threads_with_their_own_event_loops_lose_no_count(database_url: str) -> None:
    numbers: list[int] = []

    async def all_threads() -> None:
        async with Database(database_url) as database:
            await database.write(start_counting)

            async def four_at_a_time() -> None:
                for _ in range(5):
                    numbers.extend(await asyncio.gather(*(database.write(count_up) for _ in range(4))))

            async def in_a_thread() -> None:
                await asyncio.to_thread(asyncio.run, four_at_a_time())

            await asyncio.gather(*(in_a_thread() for _ in range(16)))
            assert await database.read(count) == 320

    asyncio.run(all_threads())
    assert sorted(numbers) == list(range(1, 321))


async def test_two_processes_lose_no_count_and_nobody_is_told_of_a_lock(database: Database, database_url: str) -> None:
    await database.write(start_counting)
    with start_process("count", database_url, "320") as other:
        await asyncio.gather(*(database.write(count_up) for _ in range(320)))
        assert await asyncio.to_thread(other.wait, 60) == 0
    assert await database.read(count) == 640


async def test_closing_carries_out_what_waits_and_then_refuses(database_url: str) -> None:
    database = Database(database_url)
    await database.open()
    writes = at_once(database, *(add(f"{number:02}") for number in range(50)))
    await asyncio.sleep(0)
    await database.close()
    assert await outcomes(*writes) == [1] * 50
    for verb in (database.write, database.read):
        with pytest.raises(Unavailable) as raised:
            await verb(keys)
        assert raised.value.code == Code.DATABASE_DOWN
    async with database:  # and it may be opened again
        assert len(await database.read(keys)) == 50


async def test_a_database_that_is_not_there_is_unavailable(tmp_path: object) -> None:
    for url in (f"sqlite:///{tmp_path}/no/such/folder.db", "postgresql+psycopg://nobody@127.0.0.1:1/none"):
        with pytest.raises(Unavailable) as raised:
            await Database(url).open()
        assert raised.value.code == Code.DATABASE_DOWN


@pytest.mark.parametrize("url", ["mysql://localhost/x", "sqlite://", "sqlite:///:memory:"])
def test_other_databases_are_no_database(url: str) -> None:
    with pytest.raises(ValueError, match="a database is"):
        Database(url)


async def test_the_bell_rings_after_the_commit_and_only_for_what_was_kept(database: Database) -> None:
    def ring_and_fail(conn: Connection) -> None:
        conn.ring()
        raise LookupError

    def ring(conn: Connection) -> None:
        conn.ring()

    with database.bell.listen() as bell:
        with pytest.raises(LookupError):
            await database.write(ring_and_fail)
        await database.write(add("a"))
        await asyncio.sleep(0.02)
        assert not bell.is_set()
        await database.write(ring)
        await asyncio.wait_for(bell.wait(), 5)


_BY_KEYS = Prepared(
    select(settings.c.key, settings.c.value)
    .where(settings.c.key.in_(["a", "b"]), settings.c.value != bindparam("not_this"))
    .order_by(settings.c.key)
    .limit(5)
)
_NEW = Prepared(insert(settings).values(key=bindparam("key"), value="100 % sure: ?").returning(settings.c.value))
_NOTHING = Prepared(select(text("1")))


async def test_a_prepared_statement_keeps_its_constants_and_takes_its_values(database: Database) -> None:
    assert await database.write(lambda conn: _NEW.scalar(conn, key="a")) == "100 % sure: ?"
    await database.write(lambda conn: _NEW.first(conn, key="c"))
    await database.write(add("b", "2"))
    assert await database.read(lambda conn: _BY_KEYS.all(conn, not_this="")) == [("a", "100 % sure: ?"), ("b", "2")]
    assert await database.read(lambda conn: _BY_KEYS.first(conn, not_this="2")) == ("a", "100 % sure: ?")
    assert await database.read(lambda conn: _BY_KEYS.first(conn, not_this="") and _NOTHING.scalar(conn)) == 1


async def test_a_prepared_statement_runs_for_many_rows(database: Database) -> None:
    many = Prepared(insert(settings), columns=("key", "value"))
    rows = [{"key": f"{number}", "value": "v"} for number in range(5)]
    await database.write(lambda conn: many.many(conn, rows))
    assert await database.read(keys) == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(("values", "wrong"), [({}, "not_this"), ({"not_this": "", "no_this": ""}, "no_this")])
async def test_a_prepared_statement_wants_its_values_and_no_others(
    database: Database, values: dict[str, str], wrong: str
) -> None:
    with pytest.raises(TypeError, match=f"missing or unknown: {wrong}$"):
        await database.read(lambda conn: _BY_KEYS.all(conn, **values))


async def test_core_and_prepared_statements_share_the_transaction(database: Database) -> None:
    def job(conn: Connection) -> list[str]:
        add("prepared")(conn)
        conn.execute(insert(settings).values(key="core", value=""))
        found = [row.key for row in conn.execute(select(settings.c.key).order_by(settings.c.key))]
        assert found == keys(conn)
        return found

    assert await database.write(job) == ["core", "prepared"]


async def test_what_was_queued_first_is_done_first(sqlite_url: str) -> None:
    order = itertools.count()
    async with Database(sqlite_url) as database:
        numbers = await asyncio.gather(*(database.write(lambda conn: next(order)) for _ in range(300)))
    assert list(numbers) == list(range(300))

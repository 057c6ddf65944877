"""SIGKILL in the middle of writes: what was answered is there, nothing is there by half, and it goes on."""

from __future__ import annotations

import asyncio
import random
import subprocess
import time

from headwaters.store.db import Database
from tests.store.support import add, keys, start_process


def _kill_while_it_writes(url: str, name: str, seconds: float) -> list[str]:
    """What another process had answered when it was killed after about that long."""
    with start_process("pairs", url, name) as process:
        assert process.stdout is not None
        first = process.stdout.readline().strip()
        time.sleep(seconds)
        process.kill()
        return [first, *process.stdout.read().split()]


async def test_what_was_answered_before_a_kill_is_there(database_url: str) -> None:
    answered: list[str] = []
    for name in ("one", "two", "three"):
        answered += await asyncio.to_thread(_kill_while_it_writes, database_url, name, random.uniform(0.05, 0.4))
        async with Database(database_url) as database:
            there = set(await database.read(keys))
            assert await database.write(add(f"after-{name}")) == 1
        left = {key.removesuffix("-left") for key in there if key.endswith("-left")}
        right = {key.removesuffix("-right") for key in there if key.endswith("-right")}
        assert left == right
        assert set(answered) <= left
    assert len(answered) > 48


async def test_a_kill_during_a_migration_leaves_a_database_that_can_be_migrated(
    database_settings: dict[str, str], tmp_path: object
) -> None:
    url = database_settings.get("HEADWATERS_DATABASE", f"sqlite:///{tmp_path}/headwaters.db")
    for wait in (0.15, 0.3, 0.4, 0.5):
        with start_process("migrate", url) as process:
            try:
                await asyncio.to_thread(process.wait, wait)
            except subprocess.TimeoutExpired:
                process.kill()
    database = Database(url)
    await database.migrate()
    await database.check()

"""Books to be read on a page: the whole for whoever has it, and the first chapters or pages for everybody."""

from __future__ import annotations

import json
from collections.abc import Mapping

from headwaters.core.errors import N_
from headwaters.core.works.editions import Role
from headwaters.core.works.formats import made_name
from headwaters.core.works.makings import Lane, Skip
from headwaters.core.works.reading import READING, Reading, excerpt, pack
from headwaters.core.works.taste_recipes import BOOK, PAGES, READ, read_count
from headwaters.errands.bench import Bench, MadeFile, Product, Recipe


async def make_reading(bench: Bench) -> Product:
    """The whole book, for its holders."""
    return await _kept(bench, await _read(bench), Role.MADE)


async def make_taste(bench: Bench) -> Product:
    """Its first chapters, for everybody."""
    return await _kept(bench, excerpt(await _read(bench), read_count(bench.argument)), Role.TASTE)


async def make_pages(bench: Bench) -> Product:
    """The first pages of a PDF, for everybody."""
    count = read_count(bench.argument)
    async with bench.open() as original:
        data, pages, of = await bench.house.books.first_pages(original, count)
    blob = await bench.keep_bytes(data)
    name = made_name(bench.file.name, f".{pages}.pdf")
    details = json.dumps({"pages": pages, "of": of})
    return Product((MadeFile(Role.TASTE, name, "application/pdf", blob, details=details),))


async def _read(bench: Bench) -> Reading:
    async with bench.open() as original:
        return await bench.house.books.read(original, bench.subject.language)


async def _kept(bench: Bench, reading: Reading, role: Role) -> Product:
    if not reading.parts:
        raise Skip(N_("There is nothing in it that could be read on a page."))
    blob = await bench.keep_bytes(pack(reading))
    first = next((part for part in reading.parts if part.chapter), reading.parts[0])
    details = {
        "chapters": sum(part.chapter for part in reading.parts),
        "of": reading.chapters,
        "opening": first.opening,
        "language": reading.language,
    }
    name = made_name(bench.file.name, f".{role.value}.book")
    return Product((MadeFile(role, name, READING, blob, details=json.dumps(details, ensure_ascii=False)),))


RECIPES: Mapping[str, Recipe] = {
    READ: Recipe(make_reading, Lane.QUICK),
    BOOK: Recipe(make_taste, Lane.QUICK),
    PAGES: Recipe(make_pages, Lane.QUICK),
}

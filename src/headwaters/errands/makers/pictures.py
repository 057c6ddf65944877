"""Pictures for screens: WebP, upright, in sRGB, never larger than the original."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial

from headwaters.core.errors import N_
from headwaters.core.works.editions import Role
from headwaters.core.works.formats import made_name
from headwaters.core.works.makings import Lane
from headwaters.errands.bench import Bench, MadeFile, Maker, Product, Recipe, Skip

SIDES = (2048, 512)


async def _shrink(side: int, bench: Bench) -> Product:
    async with bench.open() as original:
        picture = (await asyncio.to_thread(bench.house.media.pictures, original.path, (side,)))[0]
    if len(picture.data) >= original.size:
        raise Skip(N_("It would be no smaller than the original."))
    blob = await bench.keep_bytes(picture.data)
    name = made_name(bench.file.name, f".{side}.webp")
    made = MadeFile(Role.MADE, name, picture.media_type, blob, width=picture.width, height=picture.height)
    return Product((made,))


def _maker(side: int) -> Maker:
    return partial(_shrink, side)


RECIPES: Mapping[str, Recipe] = {f"webp-{side}": Recipe(_maker(side), Lane.QUICK) for side in SIDES}

"""Pictures for screens: WebP, upright, in sRGB, never larger than the original."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from headwaters.core.works.editions import Role
from headwaters.core.works.formats import made_name
from headwaters.core.works.makings import Lane
from headwaters.errands.bench import Bench, MadeFile, Product, Recipe, encoder_of

SIDES = (2048, 512)


async def _shrink(side: int, bench: Bench) -> Product:
    encoder, target = encoder_of(bench.house), bench.folder / "picture.webp"
    async with bench.open() as original:
        width, height = await encoder.shrink(original, side, target)
    name = made_name(bench.file.name, f".{side}.webp")
    blob = await bench.finish(target, name)
    return Product((MadeFile(Role.MADE, name, "image/webp", blob, width=width, height=height),))


RECIPES: Mapping[str, Recipe] = {f"webp-{side}": Recipe(partial(_shrink, side), Lane.QUICK) for side in SIDES}

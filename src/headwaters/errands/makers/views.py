"""Pictures to be tried: a small one for the page, and one to look at, far from what a print would take."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from headwaters.core.works.editions import Role
from headwaters.core.works.formats import made_name
from headwaters.core.works.makings import Lane
from headwaters.core.works.taste_recipes import PICTURE
from headwaters.errands.bench import Bench, MadeFile, Product, Recipe

SMALL, LARGE = 480, 1280  # pixels wide


async def make_views(bench: Bench) -> Product:
    """Both, or one where the picture is small itself."""
    async with bench.open() as original:
        pictures = await asyncio.to_thread(bench.house.media.pictures, original.path, (SMALL, LARGE))
    made = []
    for picture in pictures:
        if picture.media_type == "image/webp":
            blob = await bench.keep_bytes(picture.data)
            name = made_name(bench.file.name, f".{picture.width}.webp")
            made.append(
                MadeFile(Role.TASTE, name, picture.media_type, blob, width=picture.width, height=picture.height)
            )
    return Product(tuple(made))


RECIPES: Mapping[str, Recipe] = {PICTURE: Recipe(make_views, Lane.QUICK)}

"""Films as MP4 that plays everywhere, in a large and a small size; and subtitles as browsers show them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from headwaters.core.works.editions import Role
from headwaters.core.works.formats import SUBTITLES, chosen, made_name
from headwaters.core.works.makings import Lane
from headwaters.core.works.reels import plan_film
from headwaters.errands.bench import Bench, MadeFile, Product, Recipe, encoder_of

_SIDES = (1080, 480)


async def _make(side: int, bench: Bench) -> Product:
    encoder, target = encoder_of(bench.house), bench.folder / "film.mp4"
    wanted = chosen(bench.subject.formats or bench.house.now.settings.formats)
    smaller = [other for other in _SIDES if other < side and str(other) in wanted]
    async with bench.open() as original:
        reel = await encoder.probe(original)
        plan = plan_film(reel, side, smaller)
        await encoder.film(original, reel, plan, side, target, bench.report)
    name = made_name(bench.file.name, f".{side}.mp4")
    blob = await bench.finish(target, name)
    made = MadeFile(
        role=Role.MADE,
        name=name,
        media_type="video/mp4",
        blob=blob,
        seconds=reel.seconds,
        width=plan.width,
        height=plan.height,
    )
    return Product((made,))


async def _subtitles(bench: Bench) -> Product:
    encoder, target = encoder_of(bench.house), bench.folder / "subtitles.vtt"
    async with bench.open() as original:
        await encoder.subtitles(original, target)
    blob = await bench.keep(target)
    return Product((MadeFile(Role.MADE, made_name(bench.file.name, ".vtt"), "text/vtt", blob),))


RECIPES: Mapping[str, Recipe] = {
    **{f"h264-{side}": Recipe(partial(_make, side)) for side in _SIDES},
    SUBTITLES: Recipe(_subtitles, Lane.QUICK),
}

"""Films as MP4 that plays everywhere, in a large and a small size; and subtitles as browsers show them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial

from headwaters.core.works.editions import Role
from headwaters.core.works.formats import SUBTITLES, chosen, made_name
from headwaters.core.works.makings import Lane
from headwaters.core.works.media import Family, default_labels, family_of
from headwaters.core.works.reels import plan_film, texts_of
from headwaters.errands.bench import Bench, MadeFile, Product, Recipe, encoder_of

_MOST_TEXTS = 40
_LANGUAGE = re.compile(r"[a-z]{2,3}", re.ASCII)
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


async def _texts(bench: Bench) -> Product:
    """Those inside of a film, a file for each. Browsers show none that are in an MP4."""
    encoder = encoder_of(bench.house)
    async with bench.open() as original:
        streams = texts_of(await encoder.probe(original))[:_MOST_TEXTS]
        paths = {stream.index: bench.folder / f"{stream.index}.vtt" for stream in streams}
        if paths:
            await encoder.texts(original, paths)
    spoken = [stream for stream in streams if b"-->" in paths[stream.index].read_bytes()]
    files = []
    for stream, ending in zip(spoken, _endings([stream.language for stream in spoken]), strict=True):
        blob = await bench.keep(paths[stream.index])
        name = made_name(bench.file.name, f".{ending}")
        files.append(MadeFile(Role.MADE, name, "text/vtt", blob, default_labels([(name, "text/vtt")])[0]))
    return Product(tuple(files))


def _endings(languages: Sequence[str]) -> list[str]:
    """`de.vtt`, and for the second of a language `2.de.vtt`."""
    known = [language if _LANGUAGE.fullmatch(language) and language != "und" else "" for language in languages]
    numbers = [known[:place].count(language) + 1 for place, language in enumerate(known)]
    return [
        "".join([f"{number}." if number > 1 else "", f"{language}." if language else "", "vtt"])
        for number, language in zip(numbers, known, strict=True)
    ]


async def _subtitles(bench: Bench) -> Product:
    if family_of(bench.file.media_type) is Family.FILM:
        return await _texts(bench)
    encoder, target = encoder_of(bench.house), bench.folder / "subtitles.vtt"
    async with bench.open() as original:
        await encoder.subtitles(original, target)
    blob = await bench.keep(target)
    return Product((MadeFile(Role.MADE, made_name(bench.file.name, ".vtt"), "text/vtt", blob),))


RECIPES: Mapping[str, Recipe] = {
    **{f"h264-{side}": Recipe(partial(_make, side)) for side in _SIDES},
    SUBTITLES: Recipe(_subtitles, Lane.QUICK),
}

"""Music in the formats that people expect: FLAC where nothing was lost, MP3 that plays everywhere, small Opus."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import partial

from headwaters.core.errors import HeadwatersError
from headwaters.core.works.editions import Role
from headwaters.core.works.formats import made_name
from headwaters.core.works.media import Family, family_of
from headwaters.core.works.reels import plan_sound
from headwaters.errands.bench import Bench, MadeFile, Product, Recipe, encoder_of
from headwaters.ports import Tags

_MEDIA_TYPES = {"flac": "audio/flac", "mp3": "audio/mpeg", "opus": "audio/ogg"}
_COVER_SIDE = 1200


async def _make(codec: str, bench: Bench) -> Product:
    encoder, target = encoder_of(bench.house), bench.folder / f"sound.{codec}"
    tags = await _tags(bench)
    async with bench.open() as original:
        reel = await encoder.probe(original)
        plan = plan_sound(reel, codec)
        await encoder.sound(original, reel, plan, tags, target, bench.report)
    name = made_name(bench.file.name, f".{codec}")
    blob = await bench.finish(target, name)
    return Product((MadeFile(Role.MADE, name, _MEDIA_TYPES[codec], blob, seconds=reel.seconds),))


async def _tags(bench: Bench) -> Tags:
    """What the edition says of a piece whose file says nothing."""
    pieces = [file for file in bench.files if file.role == Role.WORK and family_of(file.media_type) is Family.MUSIC]
    names = list(dict.fromkeys(made_name(file.name, "") for file in pieces))  # one piece in two formats is one
    number = names.index(made_name(bench.file.name, "")) + 1 if len(names) > 1 else 0
    return Tags(
        title=bench.file.label or bench.subject.title,
        artist=bench.subject.by,
        album=bench.subject.title if number else "",
        track=number,
        tracks=len(names) if number else 0,
        cover=await _cover(bench),
    )


async def _cover(bench: Bench) -> bytes:
    """The work's cover, for a piece that carries none."""
    for file in bench.files:
        if file.role == Role.COVER:
            with suppress(HeadwatersError):
                async with bench.open(file) as material:
                    pictures = await asyncio.to_thread(bench.house.media.pictures, material.path, (_COVER_SIDE,))
                return pictures[-1].data
    return b""


RECIPES: Mapping[str, Recipe] = {codec: Recipe(partial(_make, codec)) for codec in _MEDIA_TYPES}

"""Pieces of sounds and films, to be tried on a work's page; and where the chapters of either begin."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence

from headwaters.core.errors import N_
from headwaters.core.works.chapters import Moment, chapters_for, read_chapters
from headwaters.core.works.editions import Role
from headwaters.core.works.formats import made_name
from headwaters.core.works.makings import Lane, Skip
from headwaters.core.works.media import stem
from headwaters.core.works.pieces import cut_piece, piece_size
from headwaters.core.works.reels import Kind
from headwaters.core.works.taste_recipes import CHAPTERS, FILM, SOUND, read_piece
from headwaters.core.works.waves import wave_of
from headwaters.errands.bench import Bench, MadeFile, Product, Recipe
from headwaters.ports import Cutter, Encoder
from headwaters.store.db import Connection
from headwaters.store.tastes import note_details

POSTER_WIDTH = 960
LONGEST_LIST = 1 << 20  # bytes of a file with chapters


def _tools(bench: Bench) -> tuple[Encoder, Cutter]:
    if bench.house.encoder is None or bench.house.cutter is None:
        raise Skip(
            N_("There is no ffmpeg on the shop’s machine."),
            hint=N_("Install it (for Debian: apt install ffmpeg) or “headwaters[formats]”, and try again."),
        )
    return bench.house.encoder, bench.house.cutter


async def make_sound(bench: Bench) -> Product:
    """A piece of a track as MP3, with the shape of its sound."""
    encoder, cutter = _tools(bench)
    path = bench.folder / "piece.mp3"
    async with bench.open() as original:
        reel = await encoder.probe(original)
        if not reel.of(Kind.AUDIO):
            raise Skip(N_("There is no sound in this file."))
        whole = reel.seconds or original.seconds
        piece = cut_piece(whole, *read_piece(bench.argument))
        await cutter.sound(original, reel, piece, path)
    bench.report(700)
    wave = wave_of(await cutter.peaks(path, piece.seconds))
    details = json.dumps({"wave": wave, "of": round(whole or 0)})
    blob = await bench.keep(path)
    name = made_name(bench.file.name, ".taste.mp3")
    return Product((MadeFile(Role.TASTE, name, "audio/mpeg", blob, seconds=piece.seconds, details=details),))


async def make_film(bench: Bench) -> Product:
    """A piece of a film as MP4, and a picture of it."""
    encoder, cutter = _tools(bench)
    path, still = bench.folder / "piece.mp4", bench.folder / "poster.png"
    async with bench.open() as original:
        reel = await encoder.probe(original)
        size = piece_size(reel)
        if size is None:
            raise Skip(N_("There is no moving picture in this file."))
        whole = reel.seconds or original.seconds
        piece = cut_piece(whole, *read_piece(bench.argument))
        await cutter.film(original, reel, piece, size, path, bench.report)
    await cutter.poster(path, piece, still)
    poster = (await asyncio.to_thread(bench.house.media.pictures, still, (POSTER_WIDTH,)))[0]
    details = json.dumps({"of": round(whole or 0)})
    clip = await bench.keep(path)
    name = made_name(bench.file.name, ".taste.mp4")
    return Product(
        (
            MadeFile(
                Role.TASTE,
                name,
                "video/mp4",
                clip,
                seconds=piece.seconds,
                width=size[0],
                height=size[1],
                details=details,
            ),
            MadeFile(
                Role.TASTE,
                made_name(bench.file.name, ".taste.webp"),
                poster.media_type,
                await bench.keep_bytes(poster.data),
                width=poster.width,
                height=poster.height,
            ),
        )
    )


async def note_chapters(bench: Bench) -> Product:
    """Where the chapters begin: by the creator's own list beside the file, else by what the file says."""
    found = await _listed(bench)
    if not found:
        _, cutter = _tools(bench)
        async with bench.open() as original:
            found = await cutter.chapters(original)
    details = json.dumps({"chapters": [[one.seconds, one.title] for one in found]}, ensure_ascii=False) if found else ""
    file_id = bench.file.id

    def note(conn: Connection) -> None:
        note_details(conn, file_id, details)

    return Product(then=note)


async def _listed(bench: Bench) -> Sequence[Moment]:
    own = stem(bench.file.name).casefold()
    for file in bench.files:
        if chapters_for(file.name) == own and file.size <= LONGEST_LIST:
            async with bench.open(file) as original:
                return read_chapters((await asyncio.to_thread(original.path.read_bytes)).decode("utf-8", "replace"))
    return ()


RECIPES: Mapping[str, Recipe] = {
    SOUND: Recipe(make_sound, Lane.QUICK),
    FILM: Recipe(make_film, Lane.QUICK),
    CHAPTERS: Recipe(note_chapters, Lane.QUICK),
}

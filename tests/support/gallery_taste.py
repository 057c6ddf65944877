"""Works of the gallery that can be tried: an album, a film, a book and pictures. Books and pictures are made by the
workshop; what an encoder would make of sounds and films only pretends to be some, as nobody plays it here."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

from headwaters.core.works.editions import Role
from headwaters.core.works.makings import Lane
from headwaters.core.works.media import WorkKind
from headwaters.core.works.taste_recipes import CHAPTERS, FILM, SOUND
from headwaters.errands.bench import Bench, MadeFile, Product, Recipe
from headwaters.errands.house import House
from headwaters.errands.makers import books, pictures, views
from headwaters.errands.workshop import Workshop
from headwaters.store.tastes import note_details
from tests.support import samples
from tests.support.books import Book, page
from tests.support.pages import Part, order, painted, publish

TASTE = "30 seconds, 1 chapter, 3 pictures"
_PROSE = (
    "The river does not know its own name. It was there before anybody had a word for it, and it will be there when the"
    " last of the words is forgotten; and yet all who live on its banks are sure that it belongs to them, each of them,"
    " and to nobody else."
)
_WAVE = "".join("0123456789ABCDEF"[round(8 + 6 * math.sin(at / 3) * math.sin(at / 31))] for at in range(96))


def river_book() -> Book:
    """Two chapters with what books have: verse, a quotation, notes, a picture, a table."""
    first = (
        '<h1>The source</h1><p class="motto"><i>For all who were there</i></p>'
        f'<p>{_PROSE}</p><p>{_PROSE}<a epub:type="noteref" href="#n1">1</a></p><h2>What the miller said</h2>'
        '<div class="poem"><p>Water, take the wheel around,<br/>take the morning with you;<br/>'
        "nothing that the river found</p><p>will it keep, or give you.</p></div>"
        f'<blockquote><p>{_PROSE}</p></blockquote><figure><img src="map.png" alt="A map of the river"/>'
        "<figcaption>The river, from above</figcaption></figure>"
        "<table><tr><th>Month</th><th>Water</th></tr><tr><td>March</td><td>high</td></tr></table>"
        f"<p>{_PROSE}</p><hr/><ul><li>stones</li><li>reeds</li></ul>"
        '<aside epub:type="footnote" id="n1"><p>1. See the <a href="c2.xhtml">second chapter</a>.</p></aside>'
    )
    second = f"<h1>The mill</h1>{f'<p>{_PROSE}</p>' * 8}"
    return Book(
        {"c1.xhtml": page(first), "c2.xhtml": page(second)},
        [("The source", "c1.xhtml"), ("The mill", "c2.xhtml")],
        title="A River Book",
        others={"map.png": samples.png((800, 400), "darkseagreen")},
    )


async def _sound(bench: Bench) -> Product:
    blob = await bench.keep_bytes(b"no sound of " + bench.file.name.encode())
    details = json.dumps({"wave": _WAVE, "of": 215})
    return Product((MadeFile(Role.TASTE, "piece.mp3", "audio/mpeg", blob, seconds=30, details=details),))


async def _film(bench: Bench) -> Product:
    clip = await bench.keep_bytes(b"no film of " + bench.file.name.encode())
    still = bench.house.media.pictures(samples.picture(bench.folder / "still.png", (640, 360)), (640,))[0]
    poster = await bench.keep_bytes(still.data)
    of = json.dumps({"of": 3720})
    return Product(
        (
            MadeFile(Role.TASTE, "piece.mp4", "video/mp4", clip, seconds=30, width=640, height=360, details=of),
            MadeFile(Role.TASTE, "piece.webp", "image/webp", poster, width=640, height=360),
        )
    )


async def _chapters(bench: Bench) -> Product:
    details = json.dumps({"chapters": [[0, "Drops"], [90, "Rings"], [3601, "Waves"]]})
    film = bench.file.media_type.startswith("video/")
    return Product(then=lambda conn: note_details(conn, bench.file.id, details if film else ""))


PRETENDED = {SOUND: Recipe(_sound), FILM: Recipe(_film), CHAPTERS: Recipe(_chapters)}


async def fill_tastes(house: House) -> dict[str, str]:
    """Publish them, make what can be tried, and take one of each."""
    songs = [Part(f"{n:02} Song.wav", b"%d" % n, "audio/wav", label=f"Song {n}", seconds=215) for n in range(1, 13)]
    said: dict[str, Any] = {"licence": "CC-BY-4.0", "taste": TASTE}
    await publish(house, "Humming", [*songs, painted((900, 900))], kind=WorkKind.MUSIC, **said)
    film = [Part("Ripples.mp4", b"f", "video/mp4", seconds=3720), painted((1280, 720))]
    await publish(house, "Ripples", film, kind=WorkKind.FILM, **said)
    book = [Part("A River Book.epub", river_book().data(), "application/epub+zip"), painted((600, 900))]
    await publish(house, "A River Book", book, kind=WorkKind.BOOK, **said)
    stones = [replace(painted((900, 500 + 90 * n), f"Stone {n}.webp"), role=Role.WORK) for n in range(1, 6)]
    await publish(house, "Stones", [*stones, painted((900, 600))], kind=WorkKind.PICTURE, **said)
    shop = Workshop(house, {**PRETENDED, **books.RECIPES, **views.RECIPES, **pictures.RECIPES})
    for lane in Lane:
        await shop.make_due(lane)
    found: dict[str, str] = {}
    for slug in ("humming", "ripples", "a-river-book", "stones"):
        taken = await order(house, slug)
        found |= {f"taste of {slug}": f"/w/{slug}", f"all of {slug}": f"/o/{taken.token}"}
    return {**found, "reading": "/w/a-river-book/read/1/1"}

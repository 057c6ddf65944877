"""Puts the three works into folders that `headwaters publish` understands."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from headwaters.core.errors import N_
from headwaters.demo import book, ffmpeg, film, music, pictures, workers
from headwaters.demo.film import Cut

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Size:
    """How large to make the works. `share`: how much of each piece of music; a test takes a little of everything."""

    film: Cut = field(default_factory=Cut)
    share: float = 1.0
    picture: float = 1.0


WHOLE = Size()
_STUDIO = ".making-"  # how the folder in which they are made begins


def quiet(what: str, share: float) -> None:
    """Say nothing."""


def make_works(into: Path, progress: Progress = quiet, size: Size = WHOLE) -> list[Path]:
    """Three folders in `into`, each with its files, `work.toml` and cover; those of an earlier time are replaced.

    `progress(what, share)` is told what is being made (a msgid) and how far it all is, 0…1. Without ffmpeg (the extra
    `formats`) there is no film, and the music is plain WAV.
    """
    into.mkdir(parents=True, exist_ok=True)
    for left in into.glob(f"{_STUDIO}*"):  # by one that was killed
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=_STUDIO, dir=into) as name:
        made = _make(Path(name), ffmpeg.find(), progress, size)
        return sorted(_moved(folder, into / folder.name) for folder in made)


def _make(studio: Path, exe: str | None, progress: Progress, size: Size) -> list[Path]:
    draw = N_("Playing the music and drawing the covers")
    progress(draw, 0.0)
    _prepare(studio, exe is not None, size, lambda share: progress(draw, share * 0.3))
    progress(N_("Binding the book"), 0.3)
    book_folder = _book(studio)
    if exe is None:
        made = [book_folder, _wav_music(studio)]
        progress(
            N_("There is no ffmpeg here: no film, and the music stays WAV. Install the extra “formats” for both"), 1.0
        )
        return made
    progress(N_("Encoding the music"), 0.35)
    made = [book_folder, _music(studio, exe, size.share)]
    made += [_film(studio, exe, size.film, lambda share: progress(N_("Filming"), 0.4 + share * 0.59))]
    progress(N_("The works are ready"), 1.0)
    return made


def _prepare(studio: Path, with_film: bool, size: Size, done: Callable[[float], None]) -> None:
    """Every sound and still picture, on all cores."""
    (studio / "bands").mkdir()
    names = [*music.ALBUM, *(["soundtrack"] if with_film else [])]
    tasks = [["piece", name, str(size.share), str(studio / f"{name}.wav")] for name in names]
    tasks += [["picture", name, str(size.picture), str(studio / f"{name}.jpg")] for name in ("film", "music", "book")]
    tasks += [["picture", "bands", str(size.picture * 0.9), str(studio / "bands")]]
    workers.run_all(tasks, lambda count: done(count / len(tasks)))


def _said(work: str) -> str:
    """What `about/` says of a work: the start of its work.toml."""
    return (files("headwaters.demo") / "about" / f"{work}.toml").read_text(encoding="utf-8")


def _folder(studio: Path, name: str, about: str, cover: str) -> Path:
    folder = studio / name
    folder.mkdir()
    (folder / "work.toml").write_text(about, encoding="utf-8")
    shutil.copyfile(studio / cover, folder / "cover.jpg")
    return folder


def _music(studio: Path, exe: str, share: float) -> Path:
    folder = _folder(studio, "tributaries", _said("music") + music.tables("flac", "mp3"), "music.jpg")
    small = studio / "music-small.jpg"
    ffmpeg.run(
        exe,
        "-i",
        str(studio / "music.jpg"),
        "-vf",
        "scale=500:500:flags=lanczos",
        "-q:v",
        "4",
        *ffmpeg.EXACT,
        str(small),
    )
    music.encode(exe, [studio / f"{name}.wav" for name in music.ALBUM], small, folder, share)
    return folder


def _wav_music(studio: Path) -> Path:
    folder = _folder(studio, "tributaries", _said("music") + music.tables("wav"), "music.jpg")
    for number, name in enumerate(music.ALBUM, 1):
        shutil.move(studio / f"{name}.wav", folder / f"{number} {music.title(name)}.wav")
    return folder


def _film(studio: Path, exe: str, cut: Cut, progress: Callable[[float], None]) -> Path:
    folder = _folder(studio, "one-day-downstream", _said("film"), "film.jpg")
    film.encode(exe, cut, studio / "soundtrack.wav", folder, progress)
    (folder / f"{film.TITLE}.en.vtt").write_text(film.subtitles(cut), encoding="utf-8")
    return folder


def _book(studio: Path) -> Path:
    folder = _folder(studio, "nobody-in-between", _said("book"), "book.jpg")
    bands = sorted((studio / "bands").glob("*.jpg"))
    book.bind(folder / f"{book.TITLE}.epub", studio / "book.jpg", bands)
    pictures.poster(bands, folder / "The river of chapters.jpg")
    return folder


def _moved(folder: Path, to: Path) -> Path:
    """The finished folder to its place; what was there before goes."""
    if to.exists():
        shutil.rmtree(to)
    folder.rename(to)
    return to

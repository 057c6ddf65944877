"""What a piece of music says of itself, carried into another format: ffmpeg brings the words along; the cover, and what
the original does not say, are written here. Nothing about when or by which program: the same gives the same."""

from __future__ import annotations

import base64
import contextlib
import io
from collections.abc import Callable, Mapping
from pathlib import Path

from mutagen.easyid3 import EasyID3
from mutagen.flac import FLAC
from mutagen.flac import Picture as FlacPicture
from mutagen.id3 import APIC, ID3
from mutagen.oggopus import OggOpus
from PIL import Image

from headwaters.adapters.media.embedded import carried_picture
from headwaters.adapters.media.pictures import encode_pictures
from headwaters.core.errors import Refused
from headwaters.core.works.media import Family
from headwaters.ports import Tags

_COVER_SIDE = 1200
_MOST_COVER = 1_000_000  # bytes; larger ones are made smaller
_KINDS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}
# True of the file that they were in, and of no other: the gaps and the loudness of an encoder, and its name.
_OWN = frozenset(
    [
        *("itunsmpb", "itunnorm", "itunpgap", "encoder", "encoded_by", "encoding", "tsse", "tenc", "tlen"),
        *("major_brand", "minor_version", "compatible_brands", "creation_time", "handler_name", "vendor_id"),
    ]
)
_FRONT = 3


def write_tags(path: Path, codec: str, original: Path, tags: Tags) -> None:
    """Into the new file at `path`. Blocks."""
    _WRITERS[codec](path, _cover(original, tags), tags)


def _cover(original: Path, tags: Tags) -> bytes:
    with contextlib.suppress(Refused):
        data = carried_picture(original, Family.MUSIC).getvalue()
        if len(data) <= _MOST_COVER and _kind(data):
            return data
        return encode_pictures(io.BytesIO(data), original.name, (_COVER_SIDE,))[-1].data
    return tags.cover


def _kind(data: bytes) -> str:
    return next((kind for start, kind in _KINDS.items() if data.startswith(start)), "")


def _missing(tags: Tags) -> Mapping[str, str]:
    numbered = f"{tags.track}/{tags.tracks}" if tags.tracks else ""
    words = {"title": tags.title, "artist": tags.artist, "album": tags.album, "tracknumber": numbered}
    return {name: word for name, word in words.items() if word}


def _write_mp3(path: Path, cover: bytes, tags: Tags) -> None:
    easy = _easy_id3(path)
    for name, word in _missing(tags).items():
        if not easy.get(name):
            easy[name] = [word]
    easy.save(path, v1=0, v2_version=3)
    full = ID3(path)
    for key, frame in list(full.items()):
        if frame.FrameID.casefold() in _OWN or getattr(frame, "desc", "").casefold() in _OWN:
            del full[key]
    if cover:
        full.add(APIC(encoding=0, mime=_kind(cover), type=_FRONT, desc="", data=cover))
    full.save(path, v1=0, v2_version=3)


def _easy_id3(path: Path) -> EasyID3:
    with contextlib.suppress(Exception):
        return EasyID3(path)
    return EasyID3()


def _write_vorbis(file: FLAC | OggOpus, tags: Tags) -> None:
    """Words as Vorbis comments have them: a track's number, and how many there are, each for itself."""
    kept = {name.casefold(): list(file[name]) for name in file if name.casefold() not in _OWN}
    if kept.get("language") == ["und"]:  # how MP4 says that nobody said
        del kept["language"]
    for name, word in _missing(tags).items():
        if name in kept:
            continue
        number, _, total = word.partition("/") if name == "tracknumber" else (word, "", "")
        kept |= {name: [number], "tracktotal": [total]} if total else {name: [number]}
    file.delete()
    for name, words in kept.items():
        file[name] = words


def _picture(cover: bytes) -> FlacPicture:
    picture = FlacPicture()
    picture.type, picture.mime, picture.data = _FRONT, _kind(cover), cover
    with Image.open(io.BytesIO(cover), formats=("JPEG", "PNG")) as opened:
        picture.width, picture.height = opened.size
    picture.depth = 24
    return picture


def _write_flac(path: Path, cover: bytes, tags: Tags) -> None:
    file = FLAC(path)
    _write_vorbis(file, tags)
    file.clear_pictures()
    if cover:
        file.add_picture(_picture(cover))
    file.save()


def _write_opus(path: Path, cover: bytes, tags: Tags) -> None:
    file = OggOpus(path)
    _write_vorbis(file, tags)
    file.pop("metadata_block_picture", None)
    if cover:
        file["metadata_block_picture"] = [base64.b64encode(_picture(cover).write()).decode("ascii")]
    file.save()


_WRITERS: Mapping[str, Callable[[Path, bytes, Tags], None]] = {
    "flac": _write_flac,
    "mp3": _write_mp3,
    "opus": _write_opus,
}

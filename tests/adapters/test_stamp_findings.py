"""What cameras and telephones write into pictures and films: found, and gone once somebody says so."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from headwaters.adapters.stamp.apart import StamperApart
from headwaters.adapters.stamp.base import BROKEN
from headwaters.core.works.stamps import NO_PLACE, Facts, Finding, Kind
from headwaters.ports import Stamped, StampWish
from tests.support import samples
from tests.support.exif import exif, write

STAMPER = StamperApart()
FACTS = Facts("Tale", "Alice", "© Alice", "", "https://a.b/w/t", "https://a.b/w/t?from=copy", "", False)
CAMERA = (
    *("-GPSLatitude=53.5506", "-GPSLatitudeRef=N", "-GPSLongitude=9.9937", "-GPSLongitudeRef=W"),
    *("-ExifIFD:SerialNumber=SN123", "-ExifIFD:OwnerName=Bob", "-XMP-photoshop:City=Hamburg", "-ImageDescription=Keep"),
)
DESK = ("-IPTC:By-line=Carol", "-IPTC:City=Bremen", "-IPTC:Caption-Abstract=Keep")
PHONE = (
    *("-UserData:GPSCoordinates=53.5, 9.9, 10", "-Keys:GPSCoordinates=53.5, 9.9, 10", "-Keys:Make=Phone"),
    *("-Keys:Model=X9", "-Keys:Author=Bob", "-Keys:Title=Keep", "-UserData:Make=Cam"),
)
OF_CAMERA = {
    (Kind.PLACE, "Exif GPS", "53.55060, -9.99370"),
    (Kind.PERSON, "Exif CameraOwnerName", "Bob"),
    (Kind.DEVICE, "Exif BodySerialNumber", "SN123"),
    (Kind.PLACE, "XMP photoshop:City", "Hamburg"),
}
OF_DESK = {(Kind.PERSON, "IPTC By-line", "Carol"), (Kind.PLACE, "IPTC City", "Bremen")}
OF_PHONE = {
    (Kind.PLACE, "MP4 udta ©xyz", "+53.500+009.900+10.000/"),
    (Kind.PLACE, "MP4 com.apple.quicktime.location.ISO6709", "+53.500+009.900+10.000/"),
    (Kind.DEVICE, "MP4 com.apple.quicktime.make", "Phone"),
    (Kind.DEVICE, "MP4 com.apple.quicktime.model", "X9"),
    (Kind.PERSON, "MP4 com.apple.quicktime.author", "Bob"),
}
SECRETS = (b"SN123", b"Bob", b"Hamburg", b"Carol", b"Bremen", b"+53.5", b"Phone", b"X9")


def picture() -> Image.Image:
    return Image.linear_gradient("L").convert("RGB")


def pages(path: Path) -> None:
    picture().save(path, compression="tiff_lzw", save_all=True, append_images=[picture().rotate(90)])


def cleaned(path: Path) -> tuple[Stamped, Path]:
    target, before = path.with_name(f"copy-{path.name}"), path.read_bytes()
    done = STAMPER.stamp(path, path.name, target, StampWish(clean=True))
    assert path.read_bytes() == before
    assert target.exists() == done.made
    return done, target


def told(path: Path) -> set[tuple[Kind, str, str]]:
    return {(one.kind, one.where, one.value) for one in STAMPER.examine(path, path.name, None).findings}


@pytest.mark.needs("exiftool")
@pytest.mark.parametrize(
    ("name", "make", "words", "found"),
    [
        ("a.jpg", lambda path: picture().save(path), (*CAMERA, *DESK), OF_CAMERA | OF_DESK),
        ("pages.tiff", pages, (*CAMERA, *DESK), OF_CAMERA | OF_DESK),
        ("a.avif", lambda path: picture().save(path), CAMERA, OF_CAMERA),
    ],
)
def test_of_pictures(
    tmp_path: Path, name: str, make: Callable[[Path], object], words: tuple[str, ...], found: set[object]
) -> None:
    make(path := tmp_path / name)
    write(path, *words)
    assert told(path) == found
    done, target = cleaned(path)
    assert (done.made, done.left, len(done.removed)) == (True, (), len(found))
    after, data = exif(target), target.read_bytes()
    assert after["IFD0:ImageDescription"] == "Keep"
    assert after.get("IPTC:Caption-Abstract") == ("Keep" if words != CAMERA else None)
    assert not [key for key in after if any(word in key for word in ("GPS", "Serial", "Owner", "City", "By-line"))]
    assert not [word for word in SECRETS if word in data]
    with Image.open(path) as one, Image.open(target) as other:
        for number in range(getattr(one, "n_frames", 1)):
            one.seek(number)
            other.seek(number)
            assert one.tobytes() == other.tobytes()
    assert told(target) == set()


@pytest.mark.needs("exiftool")
@pytest.mark.parametrize("name", ["a.mov", "a.mp4"])
def test_of_films(tmp_path: Path, name: str) -> None:
    path = samples.film(tmp_path / name)
    write(path, *PHONE)
    assert told(path) - {(Kind.DEVICE, "MP4 udta ©mak", "Cam")} == OF_PHONE
    done, target = cleaned(path)
    assert (done.made, done.left) == (True, ())
    after = exif(target)
    assert after["Keys:Title"] == "Keep"
    assert not [key for key in after if any(word in key for word in ("GPS", "Make", "Model", "Author"))]
    assert not [word for word in SECRETS if word in target.read_bytes()]
    frames = [
        subprocess.run(["ffmpeg", "-v", "error", "-i", one, "-f", "streamhash", "-"], capture_output=True, check=True)
        for one in (path, target)
    ]
    assert frames[0].stdout == frames[1].stdout
    assert told(target) == set()


def test_what_nobody_wants_gone_stays_and_there_is_no_place_for_a_colophon(tmp_path: Path) -> None:
    for path in (tmp_path / "a.tif", tmp_path / "a.avif"):
        exif = Image.Exif()
        exif[0x013C] = "bobs-laptop"
        picture().save(path, exif=exif)
        assert told(path) == {(Kind.DEVICE, "Exif HostComputer", "bobs-laptop")}
        done = STAMPER.stamp(path, path.name, tmp_path / "copy", StampWish(FACTS))
        assert (done.made, done.why) == (False, NO_PLACE)
    path = samples.film(tmp_path / "a.mov")
    assert STAMPER.stamp(path, "a.mov", tmp_path / "copy", StampWish(FACTS)).why == NO_PLACE
    assert not (tmp_path / "copy").exists()


def test_a_track_of_places_is_named_and_stays(tmp_path: Path) -> None:
    path = samples.film(tmp_path / "a.mov")
    path.write_bytes(path.read_bytes().replace(b"avc1", b"gpmd"))
    track = Finding(Kind.PLACE, "MP4 track", "gpmd", removable=False)
    assert STAMPER.examine(path, "a.mov", None).findings == (track,)
    done, _ = cleaned(path)
    assert (done.made, done.left) == (False, (track,))


def box(kind: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4) + kind + body


@pytest.mark.parametrize("method", [0, 1, 2])
def test_an_item_of_other_items_is_named_and_stays(tmp_path: Path, method: int) -> None:
    block = b"\0\0\0\6Exif\0\0II*\0\10\0\0\0\1\0" + b"\x3c\1\2\0\4\0\0\0bob\0" + bytes(4)
    entry = box(b"infe", b"\2\0\0\0" + b"\0\7\0\0" + b"Exif\0")
    begin = box(b"ftyp", b"avif\0\0\0\0")

    def meta(offset: int) -> bytes:
        place = b"\0\7" + bytes([0, method]) + b"\0\0" + b"\0\1" + offset.to_bytes(4) + len(block).to_bytes(4)
        iloc = box(b"iloc", b"\1\0\0\0\x44\0\0\1" + place)
        idat = box(b"idat", block if method == 1 else b"")
        return box(b"meta", bytes(4) + box(b"iinf", b"\0\0\0\0\0\1" + entry) + iloc + idat)

    offset = {0: len(begin) + len(meta(0)) + 8}.get(method, 0)
    (path := tmp_path / "a.avif").write_bytes(begin + meta(offset) + box(b"mdat", block if method == 0 else b"x"))
    found = STAMPER.examine(path, "a.avif", None)
    if method == 2:
        assert found.findings == (Finding(Kind.HIDDEN, "HEIF item", "Exif", removable=False),)
        return
    assert found.findings == (Finding(Kind.DEVICE, "Exif HostComputer", "bob"),)
    done, target = cleaned(path)
    assert (done.made, target.stat().st_size) == (True, path.stat().st_size)
    assert b"bob" not in target.read_bytes()


@pytest.mark.needs("exiftool")
@pytest.mark.parametrize("name", ["a.tif", "a.avif", "a.mov", "a.jpg"])
def test_broken_and_lying_files_are_left_alone(tmp_path: Path, name: str) -> None:
    from headwaters.adapters.stamp import FileStamper

    if name == "a.mov":
        write(path := samples.film(tmp_path / name), *PHONE)
    else:
        picture().resize((32, 32)).save(path := tmp_path / name)
        write(path, *CAMERA, *(DESK if name != "a.avif" else ()))
    whole, stamper, target = path.read_bytes(), FileStamper(), tmp_path / "copy"
    step = max(1, len(whole) // 25)
    broken = [whole[:at] for at in range(0, len(whole), step)]
    broken += [whole[:at] + b"\xff" * 4 + whole[at + 4 :] for at in range(0, len(whole), step)]
    for data in broken:
        path.write_bytes(data)
        done = stamper.stamp(path, name, target, StampWish(clean=True))
        assert done.made == target.exists()
        target.unlink(missing_ok=True)
    path.write_bytes(b"II+\0" + whole[4:] if name == "a.tif" else b"x" + whole[1:])
    assert stamper.examine(path, name, None).why == BROKEN

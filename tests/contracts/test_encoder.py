"""The Encoder port: what it makes is looked at by Debian's ffprobe, which is another build of another version."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mutagen.flac import FLAC
from mutagen.id3 import ID3
from mutagen.oggopus import OggOpus
from PIL import Image, ImageCms

from headwaters.adapters.apart.limits import Limits
from headwaters.adapters.apart.program import Done, run_child
from headwaters.adapters.media.encoder import FfmpegEncoder, _broken
from headwaters.core.errors import Code, Refused
from headwaters.core.works.makings import Skip
from headwaters.core.works.reels import Kind, plan_film, plan_sound
from headwaters.ports import Encoder, Material, Tags
from tests.support import samples

pytestmark = pytest.mark.needs("ffprobe")

TYPES = {
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".aiff": "audio/aiff",
    ".wv": "audio/x-wavpack",
    ".mp3": "audio/mpeg",
    ".opus": "audio/ogg",
    ".mkv": "video/matroska",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".avi": "video/vnd.avi",
    ".srt": "application/x-subrip",
    ".ass": "text/x-ssa",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".tiff": "image/tiff",
}
NO_TAGS = Tags()


@pytest.fixture(params=[FfmpegEncoder])
def encoder(request: pytest.FixtureRequest) -> Encoder:
    made: Encoder = request.param()
    return made


def material(path: Path, media_type: str = "") -> Material:
    return Material(path, (), path.name, media_type or TYPES[path.suffix], path.stat().st_size, None)


def ffprobe(path: Path) -> Any:
    shown = ["-show_format", "-show_streams", "-show_chapters"]
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-of", "json", *shown, str(path)], capture_output=True, check=True, text=True
    )
    assert done.stderr == ""
    return json.loads(done.stdout)


def streams(found: Any, kind: str) -> list[Any]:
    return [one for one in found["streams"] if one["codec_type"] == kind]


def noise(path: Path, seconds: float = 2, rate: int = 44100, *more: str) -> Path:
    source = f"anoisesrc=d={seconds}:c=pink:r={rate}:seed=7"
    samples.ffmpeg("-f", "lavfi", "-i", source, "-ac", "2", *more, str(path))
    return path


def moving(path: Path, size: str, *more: str, seconds: float = 2, sound: bool = True) -> Path:
    """A film that is large for what it shows, so that anything of it is smaller."""
    tone = ("-f", "lavfi", "-i", f"sine=d={seconds}") if sound else ()
    picture = f"testsrc2=size={size}:rate=24:duration={seconds}"
    samples.ffmpeg("-f", "lavfi", "-i", picture, *tone, "-c:v", "mpeg4", "-q:v", "1", *more, str(path))
    return path


async def sound_of(encoder: Encoder, original: Material, codec: str, tags: Tags = NO_TAGS) -> Path:
    into = original.path.with_name(f"made.{codec}")
    reel = await encoder.probe(original)
    told: list[int] = []
    await encoder.sound(original, reel, plan_sound(reel, codec), tags, into, told.append)
    assert told == sorted(told)
    assert not told or told[-1] < 1000
    return into


async def film_of(encoder: Encoder, original: Material, side: int) -> Path:
    into = original.path.with_name(f"made-{side}.mp4")
    reel = await encoder.probe(original)
    await encoder.film(original, reel, plan_film(reel, side, ()), side, into, lambda done: None)
    return into


# ── music ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("source", "options"),
    [
        ("a.wav", ()),
        ("a.aiff", ()),
        ("a.m4a", ("-c:a", "alac")),
        ("a.wv", ()),
        ("a.flac", ("-sample_fmt", "s32")),
    ],
)
async def test_what_lost_nothing_becomes_each_format_as_long_as_it_was(
    encoder: Encoder, tmp_path: Path, source: str, options: tuple[str, ...]
) -> None:
    original = material(noise(tmp_path / source, 2, 44100, "-metadata", "title=Rain", *options))
    for codec in ("flac", "mp3", "opus"):
        if source == f"a.{codec}":
            continue
        made = await sound_of(encoder, original, codec)
        (stream,) = streams(found := ffprobe(made), "audio")
        assert stream["codec_name"] == codec
        words = {
            name.casefold(): text for one in (stream, found["format"]) for name, text in one.get("tags", {}).items()
        }
        assert words["title"] == "Rain"
        pcm = ("-v", "error", "-i", str(made), "-f", "s16le", "-ac", "2", "-ar", "44100", "-")
        played = subprocess.run(["ffmpeg", *pcm], capture_output=True, check=True).stdout
        assert len(played) == 2 * 44100 * 4  # no gap before or after: albums play through


async def test_flac_of_24_bits_keeps_them_and_every_sample(encoder: Encoder, tmp_path: Path) -> None:
    original = noise(tmp_path / "a.wav", 1, 48000, "-c:a", "pcm_s24le")
    made = await sound_of(encoder, material(original), "flac")
    assert streams(ffprobe(made), "audio")[0]["bits_per_raw_sample"] == "24"
    digests = [
        subprocess.run(
            ["ffmpeg", "-v", "error", "-i", str(path), "-f", "s24le", "-"], capture_output=True, check=True
        ).stdout
        for path in (original, made)
    ]
    assert digests[0] == digests[1]


async def test_the_same_gives_the_same_bytes(encoder: Encoder, tmp_path: Path) -> None:
    original = material(noise(tmp_path / "a.wav"))
    for codec in ("flac", "mp3", "opus"):
        first = (await sound_of(encoder, original, codec, Tags("Rain", "Alice"))).read_bytes()
        assert (await sound_of(encoder, original, codec, Tags("Rain", "Alice"))).read_bytes() == first


async def test_words_and_the_cover_go_along_and_gaps_are_filled(encoder: Encoder, tmp_path: Path) -> None:
    cover = samples.picture(tmp_path / "cover.jpg", (300, 300))
    source = noise(tmp_path / "plain.flac", 1)
    file = FLAC(source)
    file["title"], file["license"], file["encoder"] = "Rain", "CC-BY-4.0", "Something 1.0"
    file.save()
    with_cover = tmp_path / "a.flac"
    attach = ["-i", str(source), "-i", str(cover), "-map", "0", "-map", "1", "-c", "copy"]
    samples.ffmpeg(*attach, "-disposition:v", "attached_pic", str(with_cover))
    tags = Tags("Not this", "Alice", "The River", 3, 12)
    id3 = ID3(await sound_of(encoder, material(with_cover), "mp3", tags))
    assert [str(id3[frame]) for frame in ("TIT2", "TPE1", "TALB", "TRCK")] == ["Rain", "Alice", "The River", "3/12"]
    assert id3.getall("APIC")[0].data == cover.read_bytes()
    assert "TSSE" not in id3
    opus = OggOpus(await sound_of(encoder, material(with_cover), "opus", tags))
    assert (opus["title"], opus["artist"], opus["tracknumber"], opus["tracktotal"]) == (
        ["Rain"],
        ["Alice"],
        ["3"],
        ["12"],
    )
    assert opus["license"] == ["CC-BY-4.0"]
    assert "metadata_block_picture" in opus


async def test_a_piece_without_a_cover_gets_the_works(encoder: Encoder, tmp_path: Path) -> None:
    cover = samples.png((64, 64))
    made = await sound_of(encoder, material(noise(tmp_path / "a.wav", 1)), "flac", Tags(cover=cover))
    assert [(one.mime, one.width, one.data) for one in FLAC(made).pictures] == [("image/png", 64, cover)]


async def test_never_up_from_lossy(encoder: Encoder, tmp_path: Path) -> None:
    noise(tmp_path / "a.wav", 1)
    for name, options in (("b.mp3", ("-b:a", "320k")), ("b.m4a", ("-b:a", "320k"))):
        samples.ffmpeg("-i", str(tmp_path / "a.wav"), *options, str(tmp_path / name))
        with pytest.raises(Skip) as skipped:
            await sound_of(encoder, material(tmp_path / name), "flac")
        assert "lost something already" in str(skipped.value)
    assert streams(ffprobe(await sound_of(encoder, material(tmp_path / "b.mp3"), "opus")), "audio")
    samples.ffmpeg("-i", str(tmp_path / "a.wav"), "-b:a", "96k", str(tmp_path / "c.mp3"))
    with pytest.raises(Skip):
        await sound_of(encoder, material(tmp_path / "c.mp3"), "opus")


# ── films ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_film_becomes_an_mp4_with_its_subtitles_and_chapters(encoder: Encoder, tmp_path: Path) -> None:
    (tmp_path / "s.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHello <i>there</i>\n", encoding="utf-8")
    (tmp_path / "c.txt").write_text(
        ";FFMETADATA1\ntitle=The River\nlocation=+52.0+013.0/\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=1000\nEND=2000\ntitle=Two\n",
        encoding="utf-8",
    )
    plain, path = moving(tmp_path / "plain.mkv", "1922x1082"), tmp_path / "a.mkv"
    inputs = [part for name in (plain, tmp_path / "s.srt", tmp_path / "c.txt") for part in ("-i", str(name))]
    maps = ["-map", "0", "-map", "1", "-map_metadata", "2", "-map_chapters", "2", "-c", "copy", "-c:s", "srt"]
    samples.ffmpeg(*inputs, *maps, "-metadata:s:s:0", "language=deu", "-metadata:s:a:0", "language=eng", str(path))
    for side, size in ((1080, (1918, 1080)), (480, (852, 480))):
        made = await film_of(encoder, material(path), side)
        found = ffprobe(made)
        (video,), (audio,), (words,) = (streams(found, kind) for kind in ("video", "audio", "subtitle"))
        assert (video["codec_name"], video["pix_fmt"], video["width"], video["height"]) == ("h264", "yuv420p", *size)
        assert (audio["codec_name"], audio["tags"]["language"]) == ("aac", "eng")
        assert (words["codec_name"], words["tags"]["language"]) == ("mov_text", "deu")
        assert [one["tags"]["title"] for one in found["chapters"]] == ["One", "Two"]
        assert found["format"]["tags"]["title"] == "The River"
        assert float(found["format"]["duration"]) == pytest.approx(2, abs=0.1)
        data = made.read_bytes()
        assert 0 < data.index(b"moov") < data.index(b"mdat")  # it begins at once
        assert b"+52.0" not in data


async def test_a_film_that_stands_on_its_side_without_sound_of_an_odd_size(encoder: Encoder, tmp_path: Path) -> None:
    flat, turned = moving(tmp_path / "flat.mp4", "1921x1079", sound=False, seconds=1), tmp_path / "a.mp4"
    samples.ffmpeg("-display_rotation", "90", "-i", str(flat), "-c", "copy", str(turned))
    found = ffprobe(await film_of(encoder, material(turned), 480))
    (video,) = streams(found, "video")
    assert (video["width"], video["height"]) == (478, 852)
    assert "side_data_list" not in video
    assert streams(found, "audio") == []


async def test_hdr_becomes_ordinary_and_nothing_grows(encoder: Encoder, tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    colours = ["-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"]
    source = ("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=12:duration=1")
    samples.ffmpeg(*source, "-pix_fmt", "yuv444p10le", "-c:v", "libx264", "-qp", "4", *colours, str(path))
    (video,) = streams(ffprobe(await film_of(encoder, material(path), 1080)), "video")
    assert (video["width"], video["height"], video["pix_fmt"]) == (640, 360, "yuv420p")
    assert video.get("color_transfer", "bt709") == "bt709"


async def test_what_would_come_out_larger_is_given_up(encoder: Encoder, tmp_path: Path) -> None:
    path = tmp_path / "a.webm"
    source = ("-f", "lavfi", "-i", "testsrc2=size=640x480:rate=24:duration=2")
    samples.ffmpeg(*source, "-c:v", "libvpx-vp9", "-crf", "60", "-b:v", "0", "-deadline", "realtime", str(path))
    with pytest.raises(Skip) as skipped:
        await film_of(encoder, material(path), 480)
    assert str(skipped.value) == "It would be no smaller than the original."


async def test_frames_at_uneven_times_keep_their_times(encoder: Encoder, tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    source = ("-f", "lavfi", "-i", "testsrc2=size=640x480:rate=24:duration=3")
    uneven = ("-vf", "select='not(between(t,1,2))'", "-fps_mode", "vfr", "-c:v", "mpeg4", "-q:v", "1")
    samples.ffmpeg(*source, *uneven, str(path))
    (video,) = streams(ffprobe(await film_of(encoder, material(path), 480)), "video")
    assert float(video["duration"]) == pytest.approx(3, abs=0.2)
    assert 45 <= int(video["nb_frames"]) <= 50


# ── subtitles and pictures ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
async def test_subtitles_become_webvtt_in_utf_8(encoder: Encoder, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes("1\r\n00:00:01,000 --> 00:00:02,500\r\nDélicieux – <i>oui</i>\r\n".encode(encoding))
    await encoder.subtitles(material(path), tmp_path / "a.vtt")
    text = (tmp_path / "a.vtt").read_text(encoding="utf-8")
    assert text.startswith("WEBVTT\n")
    assert "00:01.000 --> 00:02.500\nDélicieux – <i>oui</i>" in text


async def test_pictures_are_upright_in_srgb_and_say_nothing_else(encoder: Encoder, tmp_path: Path) -> None:
    path, exif = tmp_path / "a.jpg", Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera 3000"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.linear_gradient("L").resize((800, 400)).convert("RGB").save(path, exif=exif, icc_profile=profile)
    assert await encoder.shrink(material(path), 512, tmp_path / "a.webp") == (256, 512)
    with Image.open(tmp_path / "a.webp") as made:
        assert (made.format, made.size) == ("WEBP", (256, 512))
        assert not made.getexif()
        assert "icc_profile" not in made.info
    assert await encoder.shrink(material(path), 2048, tmp_path / "b.webp") == (400, 800)


# ── what is broken, or means harm ────────────────────────────────────────────────────────────────


def _bomb(path: Path, side: int = 100_000) -> Path:
    """A PNG of some kilobytes that says it has `side` × `side` pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1 << 22), 9)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b""))
    return path


async def test_a_picture_that_unpacks_to_gigabytes_is_refused(encoder: Encoder, tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        await encoder.shrink(material(_bomb(tmp_path / "a.png")), 512, tmp_path / "a.webp")
    assert refused.value.code is Code.NOT_MADE
    assert "too large" in str(refused.value)


async def test_a_film_that_was_cut_off_says_so(encoder: Encoder, tmp_path: Path) -> None:
    path = moving(tmp_path / "a.mkv", "640x480", seconds=6)
    os.truncate(path, path.stat().st_size // 3)
    with pytest.raises(Refused) as refused:
        await film_of(encoder, material(path), 480)
    assert refused.value.code is Code.NOT_MADE
    assert not isinstance(refused.value, Skip)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.flac", "a.mp3", "a.wav"])
async def test_rubbish_under_any_name_is_refused_in_words(encoder: Encoder, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(hashlib.shake_128(name.encode()).digest(50_000))
    with pytest.raises(Refused) as refused:
        await sound_of(encoder, material(path), "opus")
    assert str(tmp_path) not in str(refused.value)


@pytest.mark.parametrize("wrapped", ["concat", "hls", "playlist in a film"])
async def test_no_other_file_is_ever_opened(encoder: Encoder, tmp_path: Path, wrapped: str) -> None:
    """Lists of other files, under the names of films and songs: not one of them is read."""
    secret = noise(tmp_path / "secret.wav", 1)
    texts = {
        "concat": f"ffconcat version 1.0\nfile {secret}\n",
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n",
        "playlist in a film": f"#EXTM3U\n#EXTINF:1,\nconcat:{secret}|file:///etc/passwd\n",
    }
    for media_type, suffix in (("video/mp4", ".mp4"), ("audio/mpeg", ".mp3"), ("video/mp2t", ".avi")):
        path = tmp_path / f"a{suffix}"
        path.write_text(texts[wrapped], encoding="utf-8")
        with pytest.raises(Refused):
            await encoder.probe(material(path, media_type))


async def test_a_length_that_lies_does_not_keep_it_for_ever(encoder: Encoder, tmp_path: Path) -> None:
    path = noise(tmp_path / "a.wav", 1)
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = struct.pack("<I", 0xFFFFFFF0)
    path.write_bytes(data)
    made = await sound_of(encoder, material(path), "flac")
    assert float(ffprobe(made)["format"]["duration"]) == pytest.approx(1, abs=0.01)


# ── the child ────────────────────────────────────────────────────────────────────────────────────

LIMITS = Limits(wall=20, cpu=20)


async def test_a_child_may_not_write_more_than_it_is_given(tmp_path: Path) -> None:
    command = ["sh", "-c", "head -c 100000 /dev/zero > big"]
    with pytest.raises(Skip):
        await run_child(
            ["dd", "if=/dev/zero", "of=big", "bs=1000", "count=100"], tmp_path, Limits(20, 20, output=50_000)
        )
    assert (tmp_path / "big").stat().st_size <= 50_000
    assert (await run_child(command, tmp_path, LIMITS)).code == 0


async def test_a_child_that_takes_too_much_memory_or_time_ends(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        await run_child(["python3", "-c", "x = bytes(1 << 30)"], tmp_path, Limits(20, 20, memory=1 << 28))
    assert "memory" in str(refused.value)
    with pytest.raises(Refused) as refused:
        await run_child(["python3", "-c", "while True: pass"], tmp_path, Limits(20, 1))
    assert "too long" in str(refused.value)
    with pytest.raises(Refused) as refused:
        await run_child(["sleep", "60"], tmp_path, Limits(wall=1, cpu=9))
    assert "too long" in str(refused.value)
    with pytest.raises(Refused) as refused:  # as the kernel does without memory
        await run_child(["sh", "-c", "kill -9 $$"], tmp_path, LIMITS)
    assert str(refused.value) == "The machine ran out of memory, and ended it."


@pytest.mark.parametrize(
    ("done", "kind", "message", "hint"),
    [
        (Done(1, b"", "Unknown encoder 'libopus'\n"), Skip, "cannot make this. It says: Unknown encoder", "Install"),
        (Done(-11, b"", ""), Refused, "ffmpeg broke off in the middle of this file (signal 11).", "Make it yourself"),
        (Done(1, b"", "Invalid data found\n"), Refused, "cannot be read through", "Does it play to its end?"),
    ],
)
def test_each_failure_says_what_happened_and_what_to_do(
    done: Done, kind: type[Refused], message: str, hint: str, tmp_path: Path
) -> None:
    error = _broken(done, Material(tmp_path / "a.wav", (), "a.wav", "audio/wav", 9, None))
    assert type(error) is kind
    assert message in str(error)
    assert error.hint_text.startswith(hint)


async def test_a_child_is_nice_and_knows_nothing_of_the_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWATERS_SECRET", "x")
    done = await run_child(["sh", "-c", "nice; env; ulimit -c"], tmp_path, LIMITS)
    lines = done.out.decode().splitlines()
    assert int(lines[0]) >= 15
    assert lines[-1] == "0"
    assert not [line for line in lines if "HEADWATERS" in line]


async def test_cancelled_it_takes_its_whole_family_along(tmp_path: Path) -> None:
    script = "sleep 300 & echo $! > child; echo $$ > parent; wait"
    running = asyncio.create_task(run_child(["sh", "-c", script], tmp_path, LIMITS))
    while not (tmp_path / "parent").exists() or not (tmp_path / "parent").read_text().strip():
        await asyncio.sleep(0.02)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    for name in ("child", "parent"):
        assert _is_gone(int((tmp_path / name).read_text()))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux binds a child to its parent")
async def test_killed_hard_the_shop_takes_its_child_along(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys\nfrom pathlib import Path\n"
        "from headwaters.adapters.apart.limits import Limits\nfrom headwaters.adapters.apart.program import run_child\n"
        f"asyncio.run(run_child(['sh', '-c', 'echo $$ > pid; exec sleep 300'], Path({str(tmp_path)!r}), Limits(99, 9)))"
    )
    shop = await asyncio.create_subprocess_exec(sys.executable, "-c", code, env=dict(os.environ))
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().strip():
        assert shop.returncode is None
        await asyncio.sleep(0.02)
    shop.kill()
    await shop.wait()
    while not _is_gone(int((tmp_path / "pid").read_text())):
        await asyncio.sleep(0.02)


def _is_gone(pid: int) -> bool:
    """Gone, or a corpse that nobody took away yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


async def test_a_disk_that_fills_ends_it_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    statvfs: Callable[..., Any] = lambda path: os.statvfs_result((4096, 4096, 100, 10, 10, 0, 0, 0, 0, 255))  # noqa: E731
    monkeypatch.setattr("headwaters.adapters.apart.program.os.statvfs", statvfs)
    with pytest.raises(Refused) as refused:
        await run_child(["sleep", "60"], tmp_path, LIMITS)
    assert refused.value.code is Code.DISK_FULL


async def test_a_probe_says_what_is_inside(encoder: Encoder, tmp_path: Path) -> None:
    reel = await encoder.probe(material(moving(tmp_path / "a.mkv", "640x480")))
    assert [(one.kind, one.codec) for one in reel.streams][:1] == [(Kind.VIDEO, "mpeg4")]
    assert reel.seconds == pytest.approx(2, abs=0.1)
    assert encoder.about().startswith("ffmpeg version")

"""What ffmpeg says of files, read: versions 5 to 9, and titles that would like to be streams."""

from __future__ import annotations

from headwaters.adapters.media.probing import read_probe
from headwaters.core.works.reels import Kind

FILM = """\
Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'rot2.mp4':
  Metadata:
    title           : A tricky
                    :   Stream #0:9: Video: h264, yuv420p, 9999x9999
  Duration: 01:02:03.50, start: 0.000000, bitrate: 1290 kb/s
  Chapters:
    Chapter #0:0: start 0.000000, end 1.000000
      Metadata:
        title           : One
    Chapter #0:1: start 1.000000, end 2.000000
  Stream #0:0[0x1](und): Video: h264 (High) (avc1 / 0x31637661), yuv420p(tv, bt2020nc/bt2020/smpte2084, top first), \
720x576 [SAR 16:15 DAR 4:3], 44 kb/s, 24 fps, 24 tbr, 12288 tbn (default)
    Metadata:
      handler_name    : VideoHandler
    Side data:
      %s: rotation of 90.00 degrees
  Stream #0:1[0x2](deu): Audio: aac (LC) (mp4a / 0x6134706D), 48000 Hz, 5.1(side), fltp, 384 kb/s (default)
  Stream #0:2[0x3](eng): Subtitle: mov_text (tx3g / 0x67337874), 0 kb/s
  Stream #0:3: Video: mjpeg (Baseline), yuvj420p(pc), 300x300, 90k tbr, 90k tbn (attached pic)
"""


def test_a_film_is_read_whole() -> None:
    for words in ("Display Matrix", "displaymatrix"):
        reel = read_probe(FILM % words)
        assert reel is not None
        assert (reel.container, reel.seconds, reel.chapters, reel.bit_rate) == (
            "mov,mp4,m4a,3gp,3g2,mj2",
            3723.5,
            2,
            1_290_000,
        )
        assert [(one.index, one.kind, one.codec, one.language) for one in reel.streams] == [
            (0, Kind.VIDEO, "h264", ""),
            (1, Kind.AUDIO, "aac", "deu"),
            (2, Kind.SUBTITLE, "mov_text", "eng"),
            (3, Kind.VIDEO, "mjpeg", ""),
        ]
        video, sound, _, cover = reel.streams
        assert (video.width, video.height, video.turned, video.transfer) == (720, 576, True, "smpte2084")
        assert (round(video.shape, 3), video.pixels, video.interlaced, video.cover) == (1.067, "yuv420p", True, False)
        assert (sound.channels, sound.rate, sound.bit_rate) == (6, 48000, 384_000)
        assert cover.cover
        assert reel.of(Kind.VIDEO) == [video]


def test_music_says_its_bits() -> None:
    flac = "Input #0, flac, from 'a':\n  Duration: 00:00:03.00, bitrate: 2000 kb/s\n"
    reel = read_probe(flac + "  Stream #0:0: Audio: flac, 96000 Hz, stereo, s32 (24 bit)\n")
    assert reel is not None
    assert (reel.streams[0].bits, reel.streams[0].channels) == (24, 2)
    wave = "Input #0, wav, from 'a':\n  Duration: N/A, bitrate: 705 kb/s\n"
    found = read_probe(
        wave + "  Stream #0:0: Audio: pcm_s16le ([1][0][0][0] / 0x0001), 44100 Hz, 1 channels, s16, 705 kb/s\n"
    )
    assert found is not None
    assert (found.seconds, found.streams[0].bits, found.streams[0].channels) == (None, 16, 1)


def test_a_file_without_a_stream_has_none() -> None:
    reel = read_probe("Input #0, mov,mp4, from 'a.mp4':\n  Duration: N/A, bitrate: N/A\nAt least one output file\n")
    assert reel is not None
    assert (reel.streams, reel.seconds) == ((), None)


def test_what_could_not_be_opened_is_nothing() -> None:
    assert read_probe("a.mp4: Invalid data found when processing input\n") is None

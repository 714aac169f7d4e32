"""Recordings of phones become MP3, and hostile ones do no harm."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import wave
from array import array
from io import BytesIO
from itertools import pairwise
from struct import pack

import av
import pytest

from channels.contract import File
from workers import audio

SPEEX = "audio/x-speex-with-header-byte"
NO_DATA = b"\x7c"  # an AMR frame of 20 ms in which nothing is said
SILENCE = b"\x04\x3c"  # the same in speex, wideband


def tone(seconds: int, hertz: int = 440) -> bytes:
    """AMR as a phone records it, at 8 kHz."""
    result = BytesIO()
    with av.open(result, "w", format="amr") as target:
        stream = target.add_stream("libopencore_amrnb", rate=8000, layout="mono")
        stream.bit_rate = 12_200
        for start in range(0, 8000 * seconds, 160):
            wave = (9000 * math.sin(2 * math.pi * hertz * (start + place) / 8000) for place in range(160))
            frame = av.AudioFrame(format="s16", layout="mono", samples=160)
            frame.planes[0].update(array("h", map(int, wave)).tobytes())
            frame.sample_rate = 8000
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return result.getvalue()


def ogg_speex(frames: int) -> bytes:
    header = pack("<8s20siiiiiiiiiiiii", b"Speex   ", b"1.2", 1, 80, 16_000, 1, 4, 1, -1, 320, 0, 1, 0, 0, 0)
    comment = pack("<I4sI", 4, b"test", 0)
    pages = [[header], [comment], *([SILENCE] * 50 for _ in range(frames // 50))]
    return b"".join(ogg_page(number, packets, 16_000 * max(0, number - 1)) for number, packets in enumerate(pages))


def ogg_page(number: int, packets: list[bytes], samples: int) -> bytes:
    lengths = bytes(map(len, packets))
    fields = pack("<4sBBqIII", b"OggS", 0, 2 * (number == 0), samples, 7, number, 0)
    page = fields + bytes([len(lengths)]) + lengths + b"".join(packets)
    return page[:22] + pack("<I", ogg_checksum(page)) + page[26:]


def ogg_checksum(page: bytes) -> int:
    checksum = 0
    for byte in page:
        checksum ^= byte << 24
        for _ in range(8):
            checksum = (checksum << 1 ^ (0x04C11DB7 if checksum >> 31 else 0)) & 0xFFFFFFFF
    return checksum


def played(file: File) -> File:
    return audio.playable(file)[0]


def heard(file: File) -> tuple[float, int]:
    """How many seconds it plays, and the pitch of what is heard in hertz."""
    assert (file.mime, file.name) == ("audio/mpeg", "voice.mp3")
    with av.open(BytesIO(file.content)) as source:
        assert source.duration is not None
        sound = [sample for frame in source.decode(audio=0) for sample in memoryview(frame.planes[0]).cast("f")]
        second = sound[8_000:24_000]  # the middle: at its ends it is no pure tone
        return source.duration / 1_000_000, sum(one < 0 <= other for one, other in pairwise(second))


def test_amr_becomes_an_mp3_that_sounds_the_same() -> None:
    seconds, hertz = heard(played(File("voice.amr", "audio/amr", tone(2, 440))))
    assert (seconds, hertz) == (pytest.approx(2, abs=0.05), pytest.approx(440, abs=10))


@pytest.mark.parametrize(
    ("mime", "content"),
    [
        ("audio/amr", b"#!AMR\n" + NO_DATA * 150),
        ("audio/amr-wb", b"#!AMR-WB\n" + NO_DATA * 150),
        ("audio/amr", b"#!AMR\n" + (b"\x3c" + bytes(31) + b"\x44" + bytes(5) + NO_DATA) * 50),
        ("audio/amr-wb", b"#!AMR-WB\n" + (b"\x44" + bytes(60) + b"\x4c" + bytes(5) + NO_DATA) * 50),
        (SPEEX, (bytes([len(SILENCE)]) + SILENCE) * 150),
        ("audio/ogg", ogg_speex(150)),
        ("application/octet-stream", b"#!AMR\n" + NO_DATA * 150),
    ],
    ids=[
        "amr",
        "wideband amr",
        "amr with pauses",
        "wideband amr with pauses",
        "framed speex",
        "speex in ogg",
        "amr that nobody names",
    ],
)
def test_what_phones_record_keeps_its_length(mime: str, content: bytes) -> None:
    assert heard(played(File("voice.x", mime, content)))[0] == pytest.approx(3, abs=0.05)


def test_of_a_damaged_recording_the_rest_is_heard() -> None:
    cut_off = tone(2)[:-7]
    assert heard(played(File("voice.amr", "audio/amr", cut_off)))[0] == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize(
    "file",
    [
        File("voice.mp3", "audio/mpeg", b"ID3" + bytes(100)),
        File("voice.ogg", "audio/ogg", ogg_page(0, [b"OpusHead" + bytes(11)], 0)),
        File("voice", SPEEX, b"\x05none"),
        File("voice", SPEEX, b""),
        File("voice", SPEEX, b"\0" * 50),
        File("list.amr", "audio/amr", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"),
    ],
    ids=["mp3", "opus", "speex cut off", "empty", "frames of nothing", "playlist"],
)
def test_what_browsers_play_or_nobody_knows_is_left_alone(file: File) -> None:
    assert played(file) is file


@pytest.mark.parametrize(
    "content",
    [
        b"#!AMR\n",
        ogg_page(0, [b"Speex   " + b"\xff" * 72], 0) + bytes(range(256)),
        b"#!AMR-WB\n" + NO_DATA * 50 * 301,
        b"#!AMR\n" + bytes(audio.LARGEST),
    ],
    ids=["empty", "nonsense", "too long", "too large"],
)
def test_what_cannot_be_converted_stays_as_it_came(content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    file = File("voice.amr", "audio/amr", content)
    assert played(file) is file
    assert "stays as it came" in caplog.text


def wav(*seconds: int, seconds_each: float = 0.5) -> bytes:
    """A second of sound for each of these heights, of 32767."""
    result = BytesIO()
    with wave.open(result, "wb") as target:
        target.setparams((1, 2, 8_000, 0, "NONE", ""))
        for height in seconds:
            swing = [height, -height] * int(4_000 * seconds_each)
            target.writeframes(b"".join(pack("<h", each) for each in swing))
    return result.getvalue()


def test_how_loud_it_is_from_beginning_to_end() -> None:
    file, peaks = audio.playable(File("call.wav", "audio/x-wav", wav(0, 32767, 16384)))
    assert file.mime == "audio/x-wav"
    assert peaks
    assert len(peaks) == 48
    assert max(peaks[:14]) <= 5
    assert min(peaks[18:30]) >= 90
    assert all(40 <= peak <= 60 for peak in peaks[36:])


def test_what_is_converted_is_listened_to_as_well() -> None:
    peaks = audio.playable(File("voice.amr", "audio/amr", tone(2, 440)))[1]
    assert peaks
    assert max(peaks) > 3


def test_nobody_knows_how_loud_a_damaged_file_is(caplog: pytest.LogCaptureFixture) -> None:
    file = File("voice.mp3", "audio/mpeg", b"ID3" + bytes(100))
    assert audio.playable(file) == (file, None)


def test_a_conversion_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio, "PATIENCE_SECONDS", 0.01)
    with pytest.raises(audio.NotConverted, match="no end after"):
        audio.heard("amr", tone(1), "mp3")


@pytest.mark.parametrize(
    ("deed", "error"),
    [
        ("open('/etc/hostname')", "OSError"),
        ("socket.socket()", "OSError"),
        ("bytearray(600 * 1024 * 1024)", "MemoryError"),
        pytest.param("os.fork()", "BlockingIOError", marks=pytest.mark.skipif(os.getuid() == 0, reason="root may")),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="macOS limits less")
def test_who_takes_over_the_transcoder_gets_nowhere(deed: str, error: str) -> None:
    script = f"""
import os, socket, sys
sys.path.insert(0, {str(audio.TRANSCODER.parent)!r})
import transcoder
transcoder._confine()
try:
    {deed}
except Exception as error:
    print(type(error).__name__)
"""
    ended = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True)
    assert ended.stdout == f"{error}\n", ended.stderr


def test_the_library_is_not_loaded_before_it_is_needed() -> None:
    script = "import sys, workers.tasks, workers.audio; print('av' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ended.stdout == "False\n", ended.stderr

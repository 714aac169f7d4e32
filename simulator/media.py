"""What files are, how long they play, and sample clips as a phone would record them."""

from __future__ import annotations

import io
import math
import re
import struct
import wave
from functools import cache
from pathlib import Path

MIMES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"#!AMR-WB\n"), "audio/amr-wb"),
    (re.compile(rb"#!AMR\n"), "audio/amr"),
    (re.compile(rb"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]"), "audio/mpeg"),
    (re.compile(rb"RIFF....WAVE", re.DOTALL), "audio/wav"),
    (re.compile(rb"....ftyp", re.DOTALL), "video/mp4"),
)
FRAMES_PER_SECOND = 50
# bytes after the header byte, by frame type (RFC 4867); what is not listed cannot be
NARROW = {0: 12, 1: 13, 2: 15, 3: 17, 4: 19, 5: 20, 6: 26, 7: 31, 8: 5, 15: 0}
WIDE = {0: 17, 1: 23, 2: 32, 3: 36, 4: 40, 5: 46, 6: 50, 7: 58, 8: 60, 9: 5, 14: 0, 15: 0}
AMR = ((b"#!AMR-WB\n", WIDE), (b"#!AMR\n", NARROW))
SILENT_FRAME = bytes.fromhex("3c911716be6679e1e001e7aff000000080") + bytes(15)  # 12.2 kbit/s
SILENCE_WIDE, NOTHING = b"\x4c" + bytes(5), b"\x7c"  # comfort noise, then seven frames without data
SAMPLE_SECONDS = 3
SAMPLE_RATE = 8000
PAGE = Path(__file__).parent / "page"


def mime_of(data: bytes) -> str:
    return next((mime for magic, mime in MIMES if magic.match(data)), "application/octet-stream")


def amr_seconds(data: bytes) -> float | None:
    """How long an AMR file plays; None if it is none, or broken."""
    for magic, sizes in AMR:
        if data.startswith(magic):
            at, frames = len(magic), 0
            while at < len(data):
                size = sizes.get(data[at] >> 3 & 15)
                if size is None:
                    return None
                at, frames = at + 1 + size, frames + 1
            return frames / FRAMES_PER_SECOND if at == len(data) else None
    return None


def voice_narrow() -> bytes:
    return b"#!AMR\n" + SILENT_FRAME * (SAMPLE_SECONDS * FRAMES_PER_SECOND)


def voice_wide() -> bytes:
    eighths, rest = divmod(SAMPLE_SECONDS * FRAMES_PER_SECOND, 8)
    return b"#!AMR-WB\n" + (SILENCE_WIDE + NOTHING * 7) * eighths + NOTHING * rest


@cache
def voice_to_play() -> bytes:
    """What stands for the sample on the page: browsers play no AMR."""
    count = SAMPLE_SECONDS * SAMPLE_RATE
    swell = (math.sin(math.pi * n / count) for n in range(count))
    tone = (math.sin(2 * math.pi * (330 + 60 * math.sin(n / 2400)) * n / SAMPLE_RATE) for n in range(count))
    samples = b"".join(struct.pack("<h", int(6000 * a * b)) for a, b in zip(swell, tone, strict=True))
    file = io.BytesIO()
    with wave.open(file, "wb") as clip:
        clip.setnchannels(1)
        clip.setsampwidth(2)
        clip.setframerate(SAMPLE_RATE)
        clip.writeframes(samples)
    return file.getvalue()


@cache
def cover() -> bytes:
    return (PAGE / "cover.png").read_bytes()


@cache
def clip() -> bytes:
    return (PAGE / "clip.mp4").read_bytes()

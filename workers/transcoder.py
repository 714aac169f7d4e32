"""A process of its own: takes a stranger's recording on stdin and writes on stdout how it sounds, and as what it plays.

First a line of JSON: how loud it is, in PEAKS steps from its beginning to its end, each from 0 to 100. Then, where that
was asked for, the recording as MP3.

Started by `workers.audio`, never imported. What parses the bytes of strangers is C code, so from the first byte on
this process can open no file and no connection, start nothing, and use only so much memory and time.
"""

from __future__ import annotations

import json
import resource
import sys
from array import array
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from itertools import pairwise
from typing import Any, cast

import av

LONGEST_SECONDS = 300
PEAKS, LOUDEST = 48, 2**15 - 1
RATE, BITS_PER_SECOND = 16_000, 48_000  # speech; every browser plays it, a constant rate can be sought in
# FFmpeg's own cannot do the silence that phones leave out
OPENCORE = {"amrnb": "libopencore_amrnb", "amrwb": "libopencore_amrwb"}
LIMITS = {
    resource.RLIMIT_NOFILE: 0,  # more than are open now
    resource.RLIMIT_NPROC: 0,
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_CPU: 20,
    resource.RLIMIT_FSIZE: 8 * 1024 * 1024,
}
ADDRESS_SPACE = 512 * 1024 * 1024


def main(container: str, converts: bool) -> None:
    result, loudness = BytesIO(), list[int]()
    plain = av.AudioResampler("s16", "mono", RATE // 2)
    with av.open(result, "w", format="mp3") as target:
        stream = target.add_stream("libmp3lame", rate=RATE, layout="mono")
        stream.bit_rate = BITS_PER_SECOND
        _confine()  # not before: the library loads parts of itself when they are first used
        content = sys.stdin.buffer.read()
        frames = _speex_frames(content) if container == "speex" else _frames(container, content)
        for frame in _heard(frames):
            frame.pts = None
            loudness += map(_loudest, plain.resample(frame))
            if converts:
                target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    sys.stdout.buffer.write(json.dumps(_steps(loudness)).encode() + b"\n")
    if converts:
        sys.stdout.buffer.write(result.getvalue())


def _loudest(frame: av.AudioFrame) -> int:
    samples = array("h", bytes(frame.planes[0])[: 2 * frame.samples])
    return max(max(samples, default=0), -min(samples, default=0))


def _steps(loudness: list[int]) -> list[int]:
    """The frames of a recording are all of one length, or nearly so."""
    edges = [step * len(loudness) // PEAKS for step in range(PEAKS + 1)]
    parts = (loudness[first : max(last, first + 1)] for first, last in pairwise(edges))
    return [min(100, 100 * max(part, default=0) // LOUDEST) for part in parts]


def _confine() -> None:
    for limit, value in LIMITS.items():
        resource.setrlimit(limit, (value, value))
    if sys.platform == "linux":  # macOS has the name, but not the limit
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))


def _frames(container: str, content: bytes) -> Iterator[av.AudioFrame]:
    # the container is named: among those FFmpeg would guess are playlists, which name further files
    with av.open(BytesIO(content), "r", format=container) as source:
        stream = source.streams.audio[0]
        decoder = stream.codec_context
        if name := OPENCORE.get(decoder.name):
            decoder = cast(av.AudioCodecContext, av.CodecContext.create(name, "r"))
        decoder.thread_count = 1
        for packet in source.demux(stream):
            yield from _decoded(decoder, packet)


def _speex_frames(content: bytes) -> Iterator[av.AudioFrame]:
    """Frames of 16 kHz speex without a container, each after one byte that says how long it is."""
    decoder = av.AudioCodecContext.create("speex", "r")
    decoder.sample_rate, decoder.layout, decoder.thread_count = 16_000, "mono", 1
    place = 0
    while place < len(content):
        end = place + 1 + content[place]
        yield from _decoded(decoder, av.Packet(content[place + 1 : end]))
        place = end


def _decoded(decoder: av.AudioCodecContext, packet: av.Packet[Any]) -> Iterator[av.AudioFrame]:
    """A damaged recording is heard without the damaged part."""
    with suppress(av.error.InvalidDataError):
        yield from decoder.decode(packet)


def _heard(frames: Iterator[av.AudioFrame]) -> Iterator[av.AudioFrame]:
    """Neither nothing at all, nor hours out of a few bytes."""
    seconds = 0.0
    for frame in frames:
        seconds += frame.samples / frame.sample_rate
        if seconds > LONGEST_SECONDS:
            raise SystemExit("too long")
        yield frame
    if not seconds:
        raise SystemExit("nothing to hear")


if __name__ == "__main__":
    main(sys.argv[1], converts=sys.argv[2] == "mp3")

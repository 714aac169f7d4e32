"""Recordings: how long they run, what was said in them, and a file of that length."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

import av

from simulator.twilio.voice.calls import Reports
from simulator.twilio.world import new_sid

if TYPE_CHECKING:
    from simulator.twilio.voice.clock import Clock

RATE, MP3_RATE = 8000, 16_000
LOUD = 260  # of 32767: a file with nothing in it looks broken
PROCESSED_AFTER = 1.0  # seconds


@dataclass(eq=False)
class Recording:
    """Of one call, or of a conference. `begun_on` and the offsets are on the telephone's clock."""

    clock: Clock = field(repr=False)
    account_sid: str
    call_sid: str
    source: str
    address: str  # of all recordings
    channels: int = 1
    track: str = "both"
    conference_sid: str = ""
    reports: Reports | None = None
    trims: bool = False
    begun_at: float = 0.0  # in the world's time
    sid: str = field(default_factory=lambda: new_sid("RE"))
    status: str = "in-progress"
    said: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    updated_at: float = 0.0
    _running_since: float | None = None

    def __post_init__(self) -> None:
        self._running_since = self.clock.now()

    @property
    def url(self) -> str:
        return f"{self.address}/{self.sid}"

    @property
    def elapsed(self) -> float:
        running = 0.0 if self._running_since is None else self.clock.now() - self._running_since
        return self.seconds + running

    def add(self, whose: str, by: str, text: str, seconds: float) -> None:
        """Speech that begins now."""
        if self.status != "in-progress" or (self.track != "both" and (self.track == "inbound") != (whose == "own")):
            return
        begins = self.elapsed
        channel = 2 if whose == "other" and self.channels == 2 else 1
        line = {"at": round(begins, 2), "until": begins + seconds, "channel": channel, "by": by, "text": text}
        self.said.append(line)

    def pause(self, *, skip: bool) -> None:
        if skip and self._running_since is not None:
            self.seconds, self._running_since = self.elapsed, None
        self.status = "paused"

    def resume(self) -> None:
        if self._running_since is None:
            self._running_since = self.clock.now()
        self.status = "in-progress"

    def stop(self) -> None:
        """The file comes later."""
        self.seconds, self._running_since = self.elapsed, None
        self.status = "processing"
        if self.trims and self.said:
            begins, ends = self.said[0]["at"], min(self.said[-1]["until"], self.seconds)
            self.seconds = max(ends - begins, 0.1)
            for line in self.said:
                line["at"] = round(line["at"] - begins, 2)

    @property
    def duration(self) -> int:
        """Whole seconds, as Twilio counts them."""
        return max(1, round(self.seconds))

    @property
    def text(self) -> str:
        return "\n".join(line["text"] for line in self.said)


@lru_cache(maxsize=8)
def wav(seconds: int, channels: int, comment: str) -> bytes:
    """A quiet tone of that length. The comment tells whoever has only the file what it is of."""
    tone = (int(LOUD * math.sin(2 * math.pi * 220 * n / RATE)) for n in range(RATE))
    second = b"".join(struct.pack("<h", sample) * channels for sample in tone)
    data = second * seconds
    note = comment.encode() + b"\0" * (2 - len(comment.encode()) % 2)
    info = b"INFOICMT" + struct.pack("<I", len(note)) + note
    width = 2 * channels
    chunks = [
        (b"fmt ", struct.pack("<HHIIHH", 1, channels, RATE, RATE * width, width, 16)),
        (b"data", data),
        (b"LIST", info),
    ]
    body = b"WAVE" + b"".join(name + struct.pack("<I", len(content)) + content for name, content in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def mp3(sound: bytes, comment: str) -> bytes:
    """The same as a smaller file."""
    result = BytesIO()
    with av.open(BytesIO(sound), "r", format="wav") as source, av.open(result, "w", format="mp3") as target:
        layout = "stereo" if source.streams.audio[0].channels == 2 else "mono"
        target.metadata["comment"] = comment
        stream = target.add_stream("libmp3lame", rate=MP3_RATE, layout=layout)
        for frame in source.decode(audio=0):
            frame.pts = None
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return result.getvalue()

"""Something to listen to on the phone while one waits: a few chords, made here, so that nobody's rights are in it."""

from __future__ import annotations

import io
import math
import wave
from array import array
from functools import cache

from flask import Blueprint, Response

PATH = "/hold-music.wav"
RATE = 8000  # what telephones carry
NOTE = 0.42  # seconds
# broken chords, as half tones from the A of 220 Hz: played once they last about as long as scripts.MUSIC
CHORDS = ((0, 3, 7, 12), (-4, 0, 3, 8), (-7, -4, 0, 5), (-2, 2, 5, 10))
TIMES = 2
LOUDNESS = 6000  # of 32767

music = Blueprint("music", __name__)


@music.get(PATH)
def play() -> Response:
    return Response(_wave(), content_type="audio/wav", headers={"Cache-Control": "public, max-age=86400"})


@cache
def _wave() -> bytes:
    notes = [tone for _ in range(TIMES) for chord in CHORDS for tone in (*chord, chord[2])]
    length, ring = round(NOTE * RATE), round(3 * NOTE * RATE)  # each rings on below the next ones
    samples = array("h", bytes(2 * (length * len(notes))))
    for place, tone in enumerate(notes):
        step = 2 * math.pi * 220 * 2 ** (tone / 12) / RATE
        begins = place * length
        for at in range(min(ring, len(samples) - begins)):
            fade = min(1.0, at / 80) * math.exp(-4 * at / ring)
            samples[begins + at] += int(LOUDNESS * fade * (math.sin(step * at) + 0.3 * math.sin(2 * step * at)) / 2)
    into = io.BytesIO()
    with wave.open(into, "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return into.getvalue()

"""Makes recordings playable in the inbox: what phones record, no browser plays. And tells how they sound."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile

from channels.contract import File

log = logging.getLogger(__name__)
TRANSCODER = Path(__file__).with_name("transcoder.py")
LARGEST = 10 * 1024 * 1024
PATIENCE_SECONDS = 25
MP3 = "audio/mpeg"


# what browsers play as it is, by what FFmpeg calls its container
PLAYED = {"audio/mpeg": "mp3", "audio/x-wav": "wav", "audio/ogg": "ogg", "audio/mp4": "mp4", "audio/aac": "aac"}


class NotConverted(Exception):
    """Damaged, hostile or too long: the message says how the conversion ended."""


def playable(file: File) -> tuple[File, list[int] | None]:
    """AMR and speex as MP3, everything else as it came; and how loud it is, where that can be told."""
    unplayed = _container(file)
    container = unplayed or PLAYED.get(file.mime)
    if container is None:
        return file, None
    try:
        peaks, content = heard(container, file.content, "mp3" if unplayed else "")
    except NotConverted as reason:
        log.warning("a recording (%s, %d bytes) stays as it came: %s", container, len(file.content), reason)
        return file, None
    return (File(f"{Path(file.name).stem or 'audio'}.mp3", MP3, content) if unplayed else file), peaks


def heard(container: str, content: bytes, into: str) -> tuple[list[int], bytes]:
    """Listened to in a process of its own, which is given nothing: not even our environment, where secrets are."""
    if len(content) > LARGEST:
        raise NotConverted(f"larger than {LARGEST} bytes")
    with TemporaryFile() as result:
        command = [sys.executable, "-I", str(TRANSCODER), container, into]
        try:
            ended = subprocess.run(
                command,
                input=content,
                stdout=result,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/",
                timeout=PATIENCE_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise NotConverted(f"no end after {PATIENCE_SECONDS} s") from None
        if ended.returncode:
            raise NotConverted(f"the transcoder ended with {ended.returncode}")
        result.seek(0)
        return json.loads(result.readline()), result.read()


def _container(file: File) -> str | None:
    """How the transcoder has to read it; None for what needs no conversion."""
    if file.content.startswith((b"#!AMR\n", b"#!AMR-WB\n")):
        return "amr"
    if file.content.startswith(b"OggS") and file.content[28:36] == b"Speex   ":
        return "ogg"
    if "speex" in file.mime and _is_framed(file.content):
        return "speex"
    return None


def _is_framed(content: bytes) -> bool:
    """Each frame after one byte that says how long it is: nothing else tells speex without a container."""
    place = 0
    while place < len(content):
        if not content[place]:
            return False
        place += 1 + content[place]
    return 0 < len(content) == place

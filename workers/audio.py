"""Makes recordings playable in the inbox: what phones record, no browser plays."""

from __future__ import annotations

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


class NotConverted(Exception):
    """Damaged, hostile or too long: the message says how the conversion ended."""


def playable(file: File) -> File:
    """AMR and speex as MP3. Everything else, and what cannot be converted, stays as it came."""
    container = _container(file)
    if container is None:
        return file
    try:
        content = to_mp3(container, file.content)
    except NotConverted as reason:
        log.warning("a recording (%s, %d bytes) stays as it came: %s", container, len(file.content), reason)
        return file
    return File(f"{Path(file.name).stem or 'audio'}.mp3", MP3, content)


def to_mp3(container: str, content: bytes) -> bytes:
    """Converted in a process of its own, which is given nothing: not even our environment, where secrets are."""
    if len(content) > LARGEST:
        raise NotConverted(f"larger than {LARGEST} bytes")
    with TemporaryFile() as result:
        command = [sys.executable, "-I", str(TRANSCODER), container]
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
        return result.read()


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

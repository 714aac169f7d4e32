"""Asks the transcription service what is said in voice messages."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

from channels.contract import File
from channels.errors import Refused, SendError
from channels.http import Http, read_json
from hub import current
from hub.db import transaction
from hub.jobs import claim, one_again
from hub.models import Transcription
from hub.services import transcripts
from hub.settings import Transcription as Service
from workers.attempts import tried

CONNECT_AND_READ_TIMEOUT = (3.05, 45.0)  # a model on a small machine thinks for a while
LARGEST_ANSWER = 1024 * 1024


def transcribe(limit: int) -> int:
    """Recordings become text."""
    with transaction():
        jobs = [job.id for job in claim(Transcription, limit=limit)]
    for job_id in jobs:
        _transcribe(job_id)
    return len(jobs)


def _transcribe(job_id: int) -> None:
    heard = tried(lambda: ask(current.settings().hub.transcription, _recording(job_id)), "transcription")
    with transaction():
        job = one_again(Transcription, job_id)
        if isinstance(heard, SendError):
            transcripts.not_transcribed(job, heard)
        else:
            transcripts.transcribed(job, heard)


def _recording(job_id: int) -> File:
    with transaction():
        return transcripts.recording(one_again(Transcription, job_id))


def ask(service: Service | None, recording: File) -> str:
    """What is said in it, or SendError."""
    if service is None:  # switched off since the recording came
        raise Refused("there is no [transcription] in hub.toml", code="switched_off")
    key = service.key.get_secret_value() if service.key else ""
    answer = _http(key).request(
        "POST",
        f"{service.url}/audio/transcriptions",
        repeatable=True,
        limit=LARGEST_ANSWER,
        headers={"Authorization": f"Bearer {key}"} if key else {},
        files={"file": (recording.name or "audio", recording.content, recording.mime or "application/octet-stream")},
        data=_fields(service),
    )
    match read_json(answer, repeatable=True):
        case {"text": str(text)}:
            return text
    raise Refused("the service's answer has no text", code="no_text")


def _fields(service: Service) -> dict[str, Any]:
    language = {"language": service.language} if service.language else {}
    return {"model": service.model, "response_format": "json", **language}


@cache
def _http(key: str) -> Http:
    return Http([key], logging.getLogger("transcription").info, timeout=CONNECT_AND_READ_TIMEOUT)

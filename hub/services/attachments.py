"""Files: uploaded by agents, or fetched from the provider before it deletes them."""

from __future__ import annotations

import filetype  # type: ignore[import-untyped]

from channels.contract import Attachment as Inbound
from channels.contract import File
from channels.errors import SendError
from hub import files
from hub.db import db
from hub.live import tell
from hub.models import Agent, Attachment, MediaFetch
from hub.services import calls, transcripts

MEDIA = ("image", "audio", "video")


def upload(name: str, content: bytes, by: Agent) -> Attachment:
    mime = sniff(content)
    attachment = Attachment(
        medium=medium_of(mime),
        name=name,
        mime=mime,
        size=len(content),
        sha256=files.keep(content),
        state="ready",
        uploaded_by_id=by.id,
    )
    db.session.add(attachment)
    db.session.flush()
    return attachment


def sniff(content: bytes) -> str:
    """By the bytes: the name and what the sender claims may lie."""
    return filetype.guess_mime(content) or "application/octet-stream"


def medium_of(mime: str) -> str:
    major = mime.partition("/")[0]
    return major if major in MEDIA else "file"


def wanted(job: MediaFetch) -> Inbound:
    return Inbound(job.attachment.medium, job.ref, job.attachment.name)  # type: ignore[arg-type]


def fetched(job: MediaFetch, file: File, digest: str) -> None:
    if job.state != "running":  # erased meanwhile
        return
    attachment = job.attachment
    attachment.name, attachment.mime, attachment.size = file.name or attachment.name, file.mime, len(file.content)
    attachment.sha256, attachment.state = digest, "ready"
    job.state, job.error, job.error_code = "done", "", ""
    transcripts.want(attachment)
    _tell(attachment)


def not_fetched(job: MediaFetch, error: SendError) -> None:
    if job.state != "running" or calls.asked_again(job, error):
        return
    job.attachment.state = "failed"
    transcripts.do_without(job.attachment)
    _tell(job.attachment)


def _tell(attachment: Attachment) -> None:
    if attachment.message:
        tell(attachment.message)

"""Files: uploaded by agents, or fetched from the provider before it deletes them."""

from __future__ import annotations

import filetype  # type: ignore[import-untyped]
from sqlalchemy import ColumnElement, case, select, update

from channels.contract import Attachment as Inbound
from channels.contract import File
from channels.errors import SendError
from hub import files, pictures
from hub.db import db
from hub.live import tell
from hub.models import Agent, Attachment, MediaFetch, Message, Transcription
from hub.services import arrivals, indexing, recordings, retries, transcripts

MEDIA = ("image", "audio", "video")


def upload(name: str, content: bytes, by: Agent) -> Attachment:
    mime = sniff(content)
    attachment = Attachment(medium=medium_of(mime), name=name, uploaded_by_id=by.id)
    _is_here(attachment, mime, content, files.keep(content))
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


def fetched(job: MediaFetch, file: File, digest: str, peaks: list[int] | None = None) -> None:
    if job.state != "running":  # erased meanwhile
        return
    attachment = job.attachment
    renamed = file.name not in ("", attachment.name)
    attachment.name, attachment.peaks = file.name or attachment.name, peaks
    _is_here(attachment, file.mime, file.content, digest)
    job.state, job.error, job.error_code = "done", "", ""
    transcripts.want(attachment)
    if renamed:
        indexing.read_again(Message.id == attachment.message_id)
    _tell(attachment)


def not_fetched(job: MediaFetch, error: SendError) -> None:
    if job.state != "running" or retries.asked_again(job, error):
        return
    job.attachment.state = "failed"
    transcripts.do_without(job.attachment)
    _tell(job.attachment)


def forget(which: ColumnElement[bool]) -> None:
    """The files of these messages, here and where a provider keeps them for us."""
    theirs = select(Attachment.id).where(Attachment.message_id.in_(select(Message.id).where(which)))
    ids = db.session.scalars(theirs).all()
    recordings.forget_at_provider(ids)
    untouched = {"synchronize_session": False}
    for model, names in ((MediaFetch, {"ref": "", "lane": "erased"}), (Transcription, {})):
        state = case((model.state != "done", "cancelled"), else_="done")
        done = update(model).where(model.attachment_id.in_(ids)).values(state=state, error="", **names)
        db.session.execute(done.execution_options(**untouched))
    kept = select(Attachment.sha256).where(Attachment.id.in_(ids)).order_by(Attachment.id).with_for_update()
    digests = {digest for digest in db.session.scalars(kept) if digest}
    gone = (
        update(Attachment)
        .where(Attachment.id.in_(ids))
        .values(name="", size=0, sha256=None, state="failed", peaks=None, width=None, height=None)
    )
    db.session.execute(gone.execution_options(**untouched))
    indexing.read_again(which)
    files.remove(digests - arrivals.used_files(digests))


def _is_here(attachment: Attachment, mime: str, content: bytes, digest: str) -> None:
    attachment.mime, attachment.size, attachment.sha256, attachment.state = mime, len(content), digest, "ready"
    attachment.width, attachment.height = pictures.size(content)


def _tell(attachment: Attachment) -> None:
    if attachment.message:
        tell(attachment.message)

"""Attachments: in by upload, out to signed-in agents only."""

from __future__ import annotations

from typing import Any

from flask import Response, request, send_file
from flask_openapi3 import FileStorage  # type: ignore[attr-defined]
from pydantic import BaseModel

from hub import files
from hub.db import transaction
from hub.queries import files as attachments
from hub.refusals import Invalid, NotFound
from hub.services.attachments import upload
from hub.shapes import AttachmentShape
from hub.web.api.blueprint import ById, answer, api
from hub.web.login import the_agent

LARGEST_UPLOAD = 20 * 1024 * 1024
# anything else is only ever downloaded: a page or a drawing from a stranger may carry scripts
SHOWN = (
    *("image/png", "image/jpeg", "image/gif", "image/webp"),
    *("audio/mpeg", "audio/mp4", "audio/aac", "audio/ogg", "audio/x-wav"),
    *("video/mp4", "video/webm"),
)


class Upload(BaseModel):
    file: FileStorage


@api.post("/attachments", responses={201: AttachmentShape})
def upload_attachment(form: Upload) -> Response:
    if isinstance(form.file, str):
        raise Invalid("file", "must be a file")
    content = form.file.read(LARGEST_UPLOAD + 1)
    if not content:
        raise Invalid("file", "is empty")
    if len(content) > LARGEST_UPLOAD:
        raise Invalid("file", f"is larger than {LARGEST_UPLOAD // 1024 // 1024} MB")
    with transaction():
        attachment = upload((form.file.filename or "file")[-200:], content, the_agent())
    return answer(AttachmentShape.of(attachment), 201)


@api.get("/attachments/<id>", responses={200: None})
def download_attachment(path: ById) -> Any:
    attachment = attachments.find(path.id)
    if attachment is None or attachment.sha256 is None or not files.path_of(attachment.sha256).exists():
        raise NotFound("attachment")
    shown = attachment.mime in SHOWN and "download" not in request.args
    response = send_file(
        files.path_of(attachment.sha256).resolve(),
        mimetype=attachment.mime if shown else "application/octet-stream",
        as_attachment=not shown,
        download_name=attachment.name or f"attachment-{attachment.id}",
        etag=attachment.sha256,
        max_age=86_400,
    )
    response.headers["Cache-Control"] = "private, max-age=86400, immutable"
    return response

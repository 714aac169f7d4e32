"""Files that providers fetch from us, by addresses that cannot be guessed."""

from __future__ import annotations

from flask import Blueprint, Response, send_file

from hub import files, publishing
from hub.web.hardening import harden

published = Blueprint("published", __name__)
published.after_request(harden)


@published.get(f"{publishing.PATH}/<token>")
def fetch(token: str) -> Response:
    try:
        path, mime, name = publishing.published(files.folder(), token)
    except LookupError:
        return Response("no such file", 404, content_type="text/plain")
    response = send_file(path.resolve(), mimetype=mime, download_name=name or "file", max_age=0)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"  # whatever a browser makes of it
    return response

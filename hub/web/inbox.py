"""The agents' inbox: the built files of inbox/, and its one page for every address of its own."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, request, send_from_directory

from channels.voice import VoiceChannel
from hub import current
from hub.web.hardening import harden

BUILT = Path(__file__).parent.parent / "static" / "inbox"
# nothing of the inbox comes from, or goes to, another host; a browser that is a phone talks to its exchange as well
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "font-src 'self'; connect-src 'self'{phones}; frame-src 'self'; worker-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
NOT_BUILT = "The inbox is not built yet: run `make setup` (`make run` does it too).\n"

inbox = Blueprint("inbox", __name__)
inbox.after_request(harden)


@inbox.get("/")
@inbox.get("/<path:path>")
def page(path: str = "") -> Response:
    if not (BUILT / "index.html").exists():
        return Response(NOT_BUILT, 503, content_type="text/plain")
    if path.startswith(("api/", "hooks/")):
        return Response("not found", 404, content_type="text/plain")
    if path and (BUILT / path).is_file():
        response = _file(path)
        lasting = path.startswith("assets/")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if lasting else "no-cache"
        return response
    if path.startswith("assets/"):
        return Response("not found", 404, content_type="text/plain")
    response = send_from_directory(BUILT, "index.html")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = POLICY.format(phones=_phones())
    return response


def _phones() -> str:
    lines = (channel for channel in current.channels().values() if isinstance(channel, VoiceChannel))
    return "".join(f" {host}" for host in dict.fromkeys(host for line in lines for host in line.browser_hosts()))


def _file(path: str) -> Response:
    """The build leaves a compressed copy beside what is worth it."""
    response = send_from_directory(BUILT, path)
    if (BUILT / f"{path}.gz").is_file():
        response.headers["Vary"] = "Accept-Encoding"
        if request.accept_encodings["gzip"]:
            packed = send_from_directory(BUILT, f"{path}.gz", mimetype=response.mimetype)
            packed.headers["Content-Encoding"], packed.headers["Vary"] = "gzip", "Accept-Encoding"
            return packed
    return response

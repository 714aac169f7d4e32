"""Temporary media: what may be uploaded, and how it comes back."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response, request

from simulator.calls import Answer, Call
from simulator.errors import ApiError
from simulator.media import amr_seconds, mime_of
from simulator.shown import url_of


def upload(call: Call) -> Answer:
    medium = request.args.get("type", "")
    allowed = call.caller.may.uploads.get(medium)
    if allowed is None:
        raise ApiError(40004)
    file = request.files.get("media")
    if file is None:
        raise ApiError(41005)
    name, data = file.filename or "", file.read()
    if not data:
        raise ApiError(44001)
    if len(data) > allowed.bytes:
        raise ApiError(45001, f"{len(data)} bytes")
    if not name.lower().endswith(allowed.names):
        raise ApiError(40005, f"the file name ends in no {medium} type")
    seconds = amr_seconds(data)
    if allowed.seconds is not None and seconds is not None and seconds > allowed.seconds:
        raise ApiError(45007, f"{seconds:.0f} seconds")
    media = call.world.keep_media(call.caller, data, name, medium)
    named = "thumb_media_id" if medium == "thumb" else "media_id"
    return {"type": medium, named: media.id, "created_at": int(media.created_at)}


def download(call: Call) -> Answer:
    media = call.world.live_media(call.caller, request.args.get("media_id"))
    if media is None:
        raise ApiError(40007)
    if media.medium == "video":
        return {"video_url": call.world.own_url + url_of(media)}
    disposition = f'attachment; filename="{quote(media.name, safe=". _-()")}"'
    return Response(media.data, mimetype=mime_of(media.data), headers={"Content-Disposition": disposition})

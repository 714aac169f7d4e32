"""What customers send, one reader for each of WeChat's types of message: a push becomes what the hub keeps of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

from channels.contract import Attachment, InboundMessage, Medium
from channels.wechat.push import Push, digest, filled, given

Reader = Callable[[Push], dict[str, Any]]
"""From a push to the fields of InboundMessage that its type decides."""


def message(push: Push, readers: Mapping[str, Reader]) -> InboundMessage:
    content = {"renews": "message", **readers.get(push.type, unsupported)(push)}
    number = push.text("MsgId")  # not a number where it comes from cloud functions
    sequence = int(number) if re.fullmatch("[0-9]{1,19}", number) else 0
    return InboundMessage(
        sender=push.sender,
        provider_id=number or digest(push.fields),
        sent_at=push.sent_at,
        sequence=sequence if sequence < 2**63 else 0,
        **content,
    )


def text(push: Push) -> dict[str, Any]:
    said = given(push.fields, "Content")
    if choice := push.text("bizmsgmenuid"):  # WeChat counts it as a click in a menu, not as a message
        return {"text": said, "payload": {"choice": choice}, "renews": "menu"}
    return {"text": said}


def image(push: Push) -> dict[str, Any]:
    return _file("image", given(push.fields, "MediaId"), {"pic_url": push.text("PicUrl")})


def voice(push: Push) -> dict[str, Any]:
    media_id, clearer = given(push.fields, "MediaId"), push.text("MediaId16K")
    details = {
        "format": push.text("Format"),
        "recognition": push.text("Recognition"),
        "media_id": media_id,
        "media_id_16k": clearer,
    }
    return _file("audio", clearer or media_id, _without_gaps(details))


def video(push: Push) -> dict[str, Any]:
    thumbnail = {"thumb_media_id": push.text("ThumbMediaId")}
    short = {"short": True} if push.type == "shortvideo" else {}
    return _file("video", given(push.fields, "MediaId"), {**_without_gaps(thumbnail), **short})


def location(push: Push) -> dict[str, Any]:
    latitude, longitude = coordinates(push, "Location_X", "Location_Y")
    scale = _number(push.text("Scale"), 1000)
    if latitude is None or longitude is None or scale is None:
        return unsupported(push)
    label = push.text("Label")
    payload = {"latitude": latitude, "longitude": longitude, "scale": scale, "label": label}
    return {"kind": "location", "text": label, "payload": payload}


def link(push: Push) -> dict[str, Any]:
    payload = {"title": push.text("Title"), "description": push.text("Description"), "url": filled(push.fields, "Url")}
    return {"kind": "link", "payload": payload}


def card(push: Push) -> dict[str, Any]:
    thumbnail = push.text("ThumbMediaId")
    payload = {
        "title": push.text("Title"),
        "app_id": push.text("AppId"),
        "page_path": given(push.fields, "PagePath"),
        "thumb_url": push.text("ThumbUrl"),
        "thumb_media_id": thumbnail,
    }
    cover = (Attachment("image", thumbnail),) if thumbnail else ()
    return {"kind": "card", "attachments": cover, "payload": payload}


def unsupported(push: Push) -> dict[str, Any]:
    return {"kind": "unsupported", "payload": {**push.others, "type": push.type}}


def coordinates(push: Push, latitude: str, longitude: str) -> tuple[float | None, float | None]:
    """None for what is no place on earth."""
    return _number(push.text(latitude), 90), _number(push.text(longitude), 180)


def _number(text: str, largest: float) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) and abs(number) <= largest else None


def _file(medium: Medium, ref: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {"kind": medium, "attachments": (Attachment(medium, ref),), "payload": payload}


def _without_gaps(payload: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in payload.items() if value}

"""What a customer says, as WeChat tells the account: each message becomes a line on the phone and a push."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulator import media
from simulator.accounts import User, World
from simulator.media import amr_seconds
from simulator.wire import Answer

Fields = dict[str, Any]


@dataclass
class Push:
    """One message or event on its way. `report` is what the page and the tests see of it."""

    user: User
    fields: Fields
    copies: int = 1  # delivered so often at the same time, as WeChat does when it is impatient
    overtaken_for: float = 0.0  # held back so long while later ones go ahead
    answerable: bool = False  # the customer sees what the hub answers, or that it does not
    item: dict[str, Any] | None = None
    on_try: Callable[[Answer, bool], None] | None = None
    on_end: Callable[[dict[str, Any]], None] | None = None
    report: dict[str, Any] = field(default_factory=dict)
    open_copies: int = 0
    ended: threading.Event = field(default_factory=threading.Event)


class Impossible(Exception):
    """Nobody could do this on a phone: who does not follow an account cannot write to it."""


def customer_text(world: World, user: User, text: str, choice: str = "") -> Push:
    """With the id of a choice it is a tap on a menu that the account sent, and counts as one."""
    clicked = {"bizmsgmenuid": choice} if choice else {}
    return _said(world, user, "text", {"Content": text}, {"text": text}, **clicked)


def customer_image(world: World, user: User, data: bytes, name: str) -> Push:
    media_id, address = _kept(world, user, data, name, "image")
    return _said(world, user, "image", {"PicUrl": world.own_url + address, "MediaId": media_id}, {"image_url": address})


def customer_voice(world: World, user: User, data: bytes, name: str, recognition: str = "") -> Push:
    """A recording comes as two files; the better one is a sample unless the recording is one."""
    media_id, address = _kept(world, user, data, name, "voice")
    wide_id, _ = _kept(world, user, media.voice_wide(), f"16k-{name}", "voice")
    form = name.rpartition(".")[2].lower()
    fields = {"MediaId": media_id, "Format": form, "Recognition": recognition, "MediaId16K": wide_id}
    return _said(world, user, "voice", fields, {"voice": {"url": address, "seconds": amr_seconds(data)}})


def customer_video(world: World, user: User, data: bytes, name: str, short: bool = False) -> Push:
    media_id, address = _kept(world, user, data, name, "video")
    thumb_id, cover = _kept(world, user, media.cover(), "cover.png", "thumb")
    shown = {"video": {"url": address, "cover_url": cover, "title": "", "description": ""}}
    return _said(
        world, user, "shortvideo" if short else "video", {"MediaId": media_id, "ThumbMediaId": thumb_id}, shown
    )


def customer_location(world: World, user: User, latitude: float, longitude: float, scale: int, label: str) -> Push:
    place = {"latitude": round(latitude, 6), "longitude": round(longitude, 6), "scale": scale, "label": label}
    tags = {"Location_X": "latitude", "Location_Y": "longitude", "Scale": "scale", "Label": "label"}
    return _said(world, user, "location", {tag: place[name] for tag, name in tags.items()}, {"location": place})


def customer_link(world: World, user: User, title: str, description: str, url: str) -> Push:
    shown = {"link": {"title": title, "description": description, "url": url, "thumb_url": ""}}
    return _said(world, user, "link", {"Title": title, "Description": description, "Url": url}, shown)


def customer_card(world: World, user: User, title: str, page_path: str, app_id: str) -> Push:
    media_id, address = _kept(world, user, media.cover(), "cover.png", "image")
    fields = {"Title": title, "AppId": app_id or user.account.app_id, "PagePath": page_path}
    fields |= {"ThumbUrl": world.own_url + address, "ThumbMediaId": media_id}
    card = {"title": title, "page_path": page_path, "cover_url": address}
    return _said(world, user, "miniprogrampage", fields, {"card": card})


def customer_other(world: World, user: User, message_type: str, fields: Fields) -> Push:
    """A type the account may not know: pushed as it is."""
    return _said(world, user, message_type, fields, {"text": ""})


def _kept(world: World, user: User, data: bytes, name: str, medium: str) -> tuple[str, str]:
    kept = world.keep_media(user.account, data, name, medium)
    return kept.id, f"/_sim/media/{kept.id}"


def _said(world: World, user: User, message_type: str, fields: Fields, shown: Fields, **after_id: Any) -> Push:
    if not user.follower:
        raise Impossible("the user does not follow the account")
    world.act(user, "menu" if "bizmsgmenuid" in after_id else "message")
    message_id = world.next_message_id()
    item = user.show(
        **{"from": "customer"}, type=message_type, ai=False, at=world.now(), msg_id=str(message_id), **shown
    )
    told = push_fields(world, user, message_type, **fields, MsgId=message_id, **after_id)
    return Push(user, told, item=item, answerable=True)


def push_fields(world: World, user: User, message_type: str, **fields: Any) -> Fields:
    common = {"ToUserName": user.account.original_id, "FromUserName": user.openid, "CreateTime": int(world.now())}
    return {**common, "MsgType": message_type, **fields}

"""What a customer does, as WeChat tells the account about it: each act becomes a line on the phone and a push."""

from __future__ import annotations

from typing import Any

from simulator.accounts import User, World
from simulator.push import Push

Fields = dict[str, Any]


def entered(world: World, user: User, session_from: str) -> Push:
    fields = _fields(world, user, "event", Event="user_enter_tempsession", SessionFrom=session_from)
    world.act(user, "enter")
    return Push(user, fields)


def customer_text(world: World, user: User, text: str) -> Push:
    return _said(world, user, "text", {"Content": text}, {"text": text})


def customer_image(world: World, user: User, data: bytes, name: str) -> Push:
    media = world.keep_media(user.account, data, name)
    address = f"/_sim/media/{media.id}"
    return _said(world, user, "image", {"PicUrl": world.own_url + address, "MediaId": media.id}, {"image_url": address})


def customer_card(world: World, user: User, title: str, page_path: str, app_id: str, cover: bytes) -> Push:
    media = world.keep_media(user.account, cover, "cover.png")
    address = f"/_sim/media/{media.id}"
    fields = {"Title": title, "AppId": app_id or user.account.app_id, "PagePath": page_path}
    fields |= {"ThumbUrl": world.own_url + address, "ThumbMediaId": media.id}
    card = {"title": title, "page_path": page_path, "cover_url": address}
    return _said(world, user, "miniprogrampage", fields, {"card": card})


def customer_other(world: World, user: User, message_type: str, fields: Fields) -> Push:
    """A type the account may not know: pushed as it is."""
    return _said(world, user, message_type, fields, {"text": ""})


def _said(world: World, user: User, message_type: str, fields: Fields, shown: Fields) -> Push:
    world.act(user, "message")
    message_id = world.next_message_id()
    item = user.show(
        **{"from": "customer"}, type=message_type, ai=False, at=world.now(), msg_id=str(message_id), **shown
    )
    return Push(user, _fields(world, user, message_type, **fields, MsgId=message_id), item=item)


def _fields(world: World, user: User, message_type: str, **fields: Any) -> Fields:
    common = {"ToUserName": user.account.original_id, "FromUserName": user.openid, "CreateTime": int(world.now())}
    return {**common, "MsgType": message_type, **fields}

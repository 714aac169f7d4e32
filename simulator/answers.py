"""What the hub answers to a push: nothing to say, or a reply that the customer sees, or something WeChat cannot use."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from simulator import crypto
from simulator.accounts import Account, User, World
from simulator.errors import ApiError
from simulator.shown import SHOWN, article
from simulator.wire import Answer

NOTHING_TO_SAY = (b"success", b"")
NEITHER = "the body is neither success nor empty"
MOST_ARTICLES = {"message": 1, "event": 8}  # of more WeChat shows the first ones

Content = dict[str, Any]


class Unusable(Exception):
    """Why an answer is none."""


@dataclass(frozen=True)
class Reply:
    """What to show, in the words of `SHOWN`; for a transfer, in `kf_account`, to whom."""

    type: str
    shown: Content
    kf_account: str = ""


def read_answer(world: World, user: User, fields: Content, answer: Answer) -> Reply | None:
    if answer.failure:
        raise Unusable(answer.failure)
    if answer.status != 200:
        raise Unusable(f"HTTP {answer.status}")
    if answer.body in NOTHING_TO_SAY:
        return None
    account = user.account
    try:
        reply = _opened(account, _parsed(account, answer.body))
    except crypto.CryptoError as error:
        raise Unusable(f"the reply cannot be opened: {error.code}") from error
    if "MsgType" not in reply:
        raise Unusable(NEITHER)
    if reply.get("ToUserName") != user.openid or reply.get("FromUserName") != account.original_id:
        raise Unusable("ToUserName and FromUserName are not the push's, swapped")
    if not str(reply.get("CreateTime", "")).isdigit():
        raise Unusable("CreateTime is no number")
    return _reply(world, account, reply, "event" if fields["MsgType"] == "event" else "message")


def _parsed(account: Account, body: bytes) -> Content:
    """The body in the form the account's pushes have."""
    try:
        if account.format == "json":
            given = json.loads(body)
        else:
            root = fromstring(body.decode())
            given = _children(root) if root.tag == "xml" else None
    except (ValueError, RecursionError, ParseError, DefusedXmlException) as error:
        raise Unusable(NEITHER) from error
    if not isinstance(given, dict):
        raise Unusable(NEITHER)
    return given


def _children(element: Element) -> Content:
    named: Content = {}
    for child in element:
        value = _children(child) if len(child) else child.text or ""
        before = named.get(child.tag)
        several = [] if before is None else before if isinstance(before, list) else [before]
        named[child.tag] = [*several, value] if several else value
    return named


def _opened(account: Account, given: Content) -> Content:
    if account.mode == "plaintext" or (account.mode == "compatible" and "Encrypt" not in given):
        return given
    if not given.get("Encrypt"):
        raise Unusable(NEITHER)
    inner = crypto.open_envelope(
        account.token,
        account.aes_key,
        account.app_id,
        timestamp=str(given.get("TimeStamp", "")),
        nonce=str(given.get("Nonce", "")),
        msg_signature=str(given.get("MsgSignature", "")),
        encrypted=str(given["Encrypt"]),
    )
    return _parsed(account, inner.encode())


def _reply(world: World, account: Account, reply: Content, answered: str) -> Reply:
    message_type = str(reply.get("MsgType", ""))
    if message_type not in account.may.inline_types:
        raise Unusable(f"no answer can be of type {message_type[:40]!r}")
    if message_type == "transfer_customer_service":
        return Reply(message_type, {}, str(_part(reply, "TransInfo").get("KfAccount", "")))
    try:
        content = CONTENT[message_type](reply)
        if message_type == "news":
            articles = [article(each) for each in content["articles"]]
            return Reply(message_type, {"articles": articles[: MOST_ARTICLES[answered]]})
        return Reply(message_type, SHOWN[message_type](world, account, content))
    except ApiError as error:
        raise Unusable(f"{message_type}: {error.why}") from error


def _part(reply: Content, name: str) -> Content:
    part = reply.get(name)
    return part if isinstance(part, dict) else {}


def _renamed(name: str, **tags: str) -> Callable[[Content], Content]:
    """A part of the reply in the words of custom/send."""
    return lambda reply: {ours: _part(reply, name).get(tag, "") for ours, tag in tags.items()}


def _articles(reply: Content) -> Content:
    given = _part(reply, "Articles").get("item", [])
    items = given if isinstance(given, list) else [given]
    if not items or str(reply.get("ArticleCount", "")) != str(len(items)):
        raise ApiError(44003, "ArticleCount is not the number of articles")
    tags = {"title": "Title", "description": "Description", "picurl": "PicUrl", "url": "Url"}
    return {"articles": [_renamed("item", **tags)({"item": item}) for item in items]}


CONTENT: Mapping[str, Callable[[Content], Content]] = {
    "text": lambda reply: {"content": reply.get("Content")},
    "image": _renamed("Image", media_id="MediaId"),
    "voice": _renamed("Voice", media_id="MediaId"),
    "video": _renamed("Video", media_id="MediaId", title="Title", description="Description"),
    "music": _renamed(
        "Music",
        title="Title",
        description="Description",
        musicurl="MusicUrl",
        hqmusicurl="HQMusicUrl",
        thumb_media_id="ThumbMediaId",
    ),
    "news": _articles,
}

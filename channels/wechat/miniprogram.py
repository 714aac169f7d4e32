"""WeChat mini program (小程序): its customer-service chat.

https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/customer-message/receive.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from typing import Any, Literal
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator

from channels.contract import (
    Address,
    Attachment,
    Cache,
    Capabilities,
    ChannelSettings,
    DeliveryResult,
    Event,
    File,
    Grant,
    InboundMessage,
    MediaLimit,
    OutboundMessage,
    Secret,
    Signal,
    WebhookChannel,
    WebhookReply,
    WebhookRequest,
)
from channels.errors import BadSignature, Refused, Unreadable
from channels.http import Http
from channels.wechat.api import API, EXTENSIONS, WeChatApi
from channels.wechat.crypto import CryptoError, Envelope, is_signed

MOST_TAGS = 200  # a push has some twenty
DEEPEST = 8  # events nest three levels
LONGEST_HINT = 1000
LAST_SECOND = 253_402_300_799  # of the year 9999
ENVELOPE_FIELDS = {"ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId"}
EVENT_FIELDS = ENVELOPE_FIELDS | {"Event"}
# what tells apart two events of one customer in one second
EVENT_DETAILS = ("EventKey", "MsgID", "KfAccount", "RevokeInfo", "SessionFrom")
JSON_ENCRYPT = re.compile(rb'"\s*Encrypt\s*"\s*:\s*("[^"\\]*+(?:\\.[^"\\]*+)*+")', re.DOTALL)


class Push(BaseModel):
    """What we read of a push, under WeChat's own names."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    ToUserName: str = ""
    FromUserName: str = Field(min_length=1)
    CreateTime: int = Field(gt=0, le=LAST_SECOND)
    MsgType: str = Field(min_length=1)
    MsgId: str = ""  # a number, but not from cloud functions
    Content: str = ""
    PicUrl: str = ""
    MediaId: str = ""
    Title: str = ""
    AppId: str = ""
    PagePath: str = ""
    ThumbUrl: str = ""
    ThumbMediaId: str = ""
    Event: str = ""
    SessionFrom: str = ""
    OpenID: str = ""  # the customer of events that WeChat itself sends


class MiniProgram(WebhookChannel):
    capabilities = Capabilities(
        # WeChat's limit is 2048, but by reports and not to the byte; a text cut twice costs two of five answers
        text_bytes=1800,
        media={"image": MediaLimit(2 * 1024 * 1024, frozenset(EXTENSIONS))},
        links=True,
        cards=True,
        typing=True,
        allowances={"message": Grant(5, timedelta(hours=48)), "entered": Grant(2, timedelta(minutes=1))},
    )

    class Settings(ChannelSettings):
        app_id: str = Field(pattern=r"^wx[0-9A-Za-z_-]{4,}$")
        app_secret: Secret
        token: Secret  # signs every push
        aes_key: Secret = SecretStr("")  # opens every push, in safe and compatible mode
        original_id: str = ""
        mode: Literal["safe", "compatible", "plaintext"] = Field("safe", validate_default=True)
        api_base: str = API

        @field_validator("token")
        @classmethod
        def _is_token(cls, token: SecretStr) -> SecretStr:
            if not re.fullmatch(r"[A-Za-z0-9]{3,32}", token.get_secret_value()):
                raise ValueError("a token is 3 to 32 letters and digits")
            return token

        @field_validator("aes_key")
        @classmethod
        def _is_aes_key(cls, aes_key: SecretStr) -> SecretStr:
            if not re.fullmatch(r"[A-Za-z0-9]{43}", aes_key.get_secret_value()):
                raise ValueError("an EncodingAESKey is 43 letters and digits")
            return aes_key

        @field_validator("mode")
        @classmethod
        def _has_its_key(cls, mode: str, others: ValidationInfo) -> str:
            if mode != "plaintext" and others.data.get("aes_key") == SecretStr(""):
                raise ValueError(f"mode {mode} needs an aes_key")
            return mode

        @field_validator("api_base")
        @classmethod
        def _is_base(cls, url: str) -> str:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
                raise ValueError("not the address of an API: https://host")
            return url.rstrip("/")

    def __init__(self, name: str, settings: Settings, *, http: Http, cache: Cache):
        super().__init__(name, settings, http=http, cache=cache)
        self.scheme = f"wechat:{settings.app_id}"
        self._token, aes_key = settings.token.get_secret_value(), settings.aes_key.get_secret_value()
        self._envelope = None if settings.mode == "plaintext" else Envelope(self._token, aes_key, settings.app_id)
        secret = settings.app_secret.get_secret_value()
        self._api = WeChatApi(settings.app_id, secret, settings.api_base, http, cache)

    # in

    def verify(self, request: WebhookRequest) -> None:
        query = request.query
        if request.method == "GET" or not self._envelope:
            given, sealed = query.get("signature", ""), []
        else:
            ciphertext = _ciphertext(request.body)
            if ciphertext is None:  # `signature` does not cover the body, so a plain one proves nothing
                raise BadSignature
            given, sealed = query.get("msg_signature", ""), [ciphertext]
        if not is_signed(given, self._token, query.get("timestamp", ""), query.get("nonce", ""), *sealed):
            raise BadSignature

    def parse(self, request: WebhookRequest) -> list[Event]:
        if request.method == "GET":  # WeChat checks the address when ops save it
            return []
        fields = _fields(self._open(request.body))
        push = _push(fields)
        original_id = self.settings.original_id
        if original_id and push.ToUserName != original_id:
            raise Unreadable("wrong_account")
        return [self._signal(push, fields) if push.MsgType == "event" else self._message(push, fields)]

    def acknowledge(self, request: WebhookRequest, answer: OutboundMessage | None = None) -> WebhookReply:
        return WebhookReply(request.query.get("echostr", "") if request.method == "GET" else "success")

    def fetch(self, attachment: Attachment) -> File:
        return self._api.download(attachment.ref, attachment.name or attachment.medium)

    def _open(self, body: bytes) -> str:
        try:
            if not self._envelope:
                return body.decode()
            return self._envelope.decrypt(_ciphertext(body) or "")
        except CryptoError as error:
            code = error.code
        except UnicodeDecodeError:
            code = "bad_encoding"
        raise Unreadable(code)

    def _message(self, push: Push, fields: dict[str, Any]) -> InboundMessage:
        content = CONTENTS.get(push.MsgType, _unsupported)(push, fields)
        sequence = int(push.MsgId) if re.fullmatch("[0-9]{1,19}", push.MsgId) else 0
        return InboundMessage(
            sender=Address(self.scheme, push.FromUserName),
            provider_id=push.MsgId or _digest(fields),
            sent_at=datetime.fromtimestamp(push.CreateTime, UTC),
            sequence=sequence if sequence < 2**63 else 0,
            renews="message",
            **content,
        )

    def _signal(self, push: Push, fields: dict[str, Any]) -> Signal:
        event = push.Event.lower()  # WeChat writes it in several ways
        entered = event == "user_enter_tempsession"
        others = {name: value for name, value in fields.items() if name not in EVENT_FIELDS}
        return Signal(
            key=_digest([push.FromUserName, push.CreateTime, event, *map(fields.get, EVENT_DETAILS)]),
            sender=Address(self.scheme, push.OpenID or push.FromUserName),
            sent_at=datetime.fromtimestamp(push.CreateTime, UTC),
            kind="entered" if entered else "other",
            payload={"session_from": push.SessionFrom[:LONGEST_HINT]} if entered else {**others, "type": event},
            renews="entered" if entered else "",
        )

    # out

    def send(self, message: OutboundMessage) -> DeliveryResult:
        openid, by_bot = message.to.value, message.by_bot
        if file := message.file:
            self._api.send_with_image(openid, "image", {}, "media_id", file, by_bot=by_bot)
        elif card := message.card:
            if not card.cover:
                raise Refused("a card needs a cover image")
            page = {"title": card.title, "pagepath": card.path}
            self._api.send_with_image(openid, "miniprogrampage", page, "thumb_media_id", card.cover, by_bot=by_bot)
        elif link := message.link:
            box = {"title": link.title, "description": link.description, "url": link.url, "thumb_url": link.image_url}
            self._api.send(openid, "link", box, by_bot=by_bot)
        else:
            self._api.send(openid, "text", {"content": message.text}, by_bot=by_bot)
        return DeliveryResult()  # WeChat gives customer-service messages no id

    def typing(self, to: Address) -> None:
        self._api.typing(to.value)


def _text(push: Push, fields: dict[str, Any]) -> dict[str, Any]:
    _require(fields, "Content")
    return {"text": push.Content}


def _image(push: Push, fields: dict[str, Any]) -> dict[str, Any]:
    _require(fields, "MediaId")
    payload = {"pic_url": push.PicUrl}
    return {"kind": "image", "attachments": (Attachment("image", push.MediaId),), "payload": payload}


def _card(push: Push, fields: dict[str, Any]) -> dict[str, Any]:
    _require(fields, "PagePath")
    payload = {
        "title": push.Title,
        "app_id": push.AppId,
        "page_path": push.PagePath,
        "thumb_url": push.ThumbUrl,
        "thumb_media_id": push.ThumbMediaId,
    }
    cover = (Attachment("image", push.ThumbMediaId),) if push.ThumbMediaId else ()
    return {"kind": "card", "attachments": cover, "payload": payload}


def _unsupported(push: Push, fields: dict[str, Any]) -> dict[str, Any]:
    others = {name: value for name, value in fields.items() if name not in ENVELOPE_FIELDS}
    return {"kind": "unsupported", "payload": {**others, "type": push.MsgType}}


CONTENTS: dict[str, Callable[[Push, dict[str, Any]], dict[str, Any]]] = {
    "text": _text,
    "image": _image,
    "miniprogrampage": _card,
}


def _require(fields: dict[str, Any], name: str) -> None:
    if name not in fields:
        raise Unreadable(f"missing {name}")


def _push(fields: dict[str, Any]) -> Push:
    try:
        return Push.model_validate(fields)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    # raised out here: pydantic's exception quotes the content
    raise Unreadable(f"bad {fault['loc'][0]}" if fault["type"] != "missing" else f"missing {fault['loc'][0]}")


def _digest(parts: Any) -> str:
    return sha1(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _fields(text: str) -> dict[str, Any]:
    """The fields of a push, JSON or XML, as plain values that a database can keep."""
    json_push = text.lstrip()[:1] == "{"
    try:
        # numbers stay text: 1e999 would become an infinity that no database takes
        raw = json.loads(text, strict=False, parse_float=str) if json_push else _children(fromstring(text))
        return dict(_tidy(raw)) if isinstance(raw, dict) else {}
    except Unreadable as error:
        code = str(error)
    except (ParseError, ValueError, RecursionError) as error:
        code = "too_deep" if isinstance(error, RecursionError) else "bad_json" if json_push else "bad_xml"
    raise Unreadable(code)


def _tidy(value: Any, depth: int = 0) -> Any:
    if depth > DEEPEST:
        raise Unreadable("too_deep")
    match value:
        case str():
            return value.replace("\0", "").encode("utf-8", "replace").decode()
        case dict():
            pairs = ((name, item) for name, item in value.items() if item is not None)
            return {_tidy(name).strip(): _tidy(item, depth + 1) for name, item in pairs}
        case list():
            return [_tidy(item, depth + 1) for item in value]
        case float():  # only NaN and Infinity: the others stay text
            return str(value)
    return value


def _children(element: Element, depth: int = 0) -> dict[str, Any]:
    if depth > DEEPEST:
        raise Unreadable("too_deep")
    fields: dict[str, Any] = {}
    for child in element:
        value = _children(child, depth + 1) if len(child) else child.text or ""
        if child.tag in fields:  # <item> after <item>
            known = fields[child.tag]
            fields[child.tag] = [*known, value] if isinstance(known, list) else [known, value]
        else:
            fields[child.tag] = value
    return fields


def _ciphertext(body: bytes) -> str | None:
    """`Encrypt`, found without parsing: nothing is parsed before its signature is checked."""
    body = body.lstrip()
    found = _json_ciphertext(body) if body[:1] == b"{" else _xml_ciphertext(body)
    return None if found is None else found.decode("utf-8", "surrogateescape")


def _json_ciphertext(body: bytes) -> bytes | None:
    found = JSON_ENCRYPT.search(body)
    try:
        value = json.loads(found[1], strict=False) if found else None
    except ValueError:
        return None
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else None


def _xml_ciphertext(body: bytes) -> bytes | None:
    """One pass over the tags; CDATA is skipped, for in compatible mode the customer's words are in there."""
    at = body.find(b"<")
    for _ in range(MOST_TAGS):
        if at < 0:
            return None
        if body.startswith(b"<![CDATA[", at):
            end = body.find(b"]]>", at)
            at = body.find(b"<", end) if end >= 0 else -1
        elif body.startswith(b"<Encrypt>", at):
            return _element_text(body, at + len(b"<Encrypt>"))
        else:
            at = body.find(b"<", at + 1)
    return None


def _element_text(body: bytes, start: int) -> bytes | None:
    end = body.find(b"</Encrypt>", start)
    if end < 0:
        return None
    text = body[start:end].strip()
    if text.startswith(b"<![CDATA[") and text.endswith(b"]]>"):
        return text[len(b"<![CDATA[") : -len(b"]]>")]
    return text

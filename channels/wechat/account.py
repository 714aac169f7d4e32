"""What every WeChat account does: check who pushes, read it, answer, and send by WeChat's customer-service API."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from channels.contract import (
    Address,
    Attachment,
    Cache,
    Card,
    DeliveryResult,
    Event,
    File,
    Finding,
    Link,
    Menu,
    OutboundMessage,
    Paste,
    WebhookChannel,
    WebhookReply,
    WebhookRequest,
)
from channels.errors import BadSignature, Refused, Unreadable
from channels.http import Http
from channels.wechat import doctor, events, media, messages
from channels.wechat.api import SEND, WeChatApi
from channels.wechat.crypto import CryptoError, Envelope, is_signed
from channels.wechat.push import Push, ciphertext
from channels.wechat.settings import AccountSettings

# WeChat's limit is 2048, but by reports and not to the byte; a text cut twice costs two of five answers
TEXT_BYTES = 1800
NOT_HERE = {"40008", "40200", "45162"}  # the account cannot send this kind of message


class Account(WebhookChannel):
    settings: AccountSettings
    message_readers: ClassVar[Mapping[str, messages.Reader]]
    event_readers: Mapping[str, events.Reader]

    def __init__(self, name: str, settings: Any, *, http: Http, cache: Cache):
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
            found = ciphertext(request.body)
            if found is None:  # `signature` does not cover the body, so a plain one proves nothing
                raise BadSignature
            given, sealed = query.get("msg_signature", ""), [found]
        if not is_signed(given, self._token, query.get("timestamp", ""), query.get("nonce", ""), *sealed):
            raise BadSignature

    def parse(self, request: WebhookRequest) -> list[Event]:
        if request.method == "GET":  # WeChat checks the address when ops save it
            return []
        push = self._push(request)
        if push.type == "event":
            return events.events(push, self.event_readers)
        return [messages.message(push, self.message_readers)]

    def acknowledge(self, request: WebhookRequest, answer: OutboundMessage | None = None) -> WebhookReply:
        return WebhookReply(request.query.get("echostr", "") if request.method == "GET" else "success")

    def fetch(self, attachment: Attachment) -> File:
        return self._api.download(attachment.ref, attachment.name or attachment.medium)

    def _push(self, request: WebhookRequest) -> Push:
        push = Push.read(self.scheme, self._open(request.body))
        if self.settings.original_id and push.account != self.settings.original_id:
            raise Unreadable("wrong_account")
        return push

    def _open(self, body: bytes) -> str:
        try:
            if not self._envelope:
                return body.decode()
            return self._envelope.decrypt(ciphertext(body) or "")
        except CryptoError as error:
            code = error.code
        except UnicodeDecodeError:
            code = "bad_encoding"
        raise Unreadable(code)

    # out

    def send(self, message: OutboundMessage) -> DeliveryResult:
        if message.notice:
            return self._notify(message)
        if message.file:
            self._send_file(message, message.file)
        elif message.card:
            self._send_card(message, message.card)
        elif message.link:
            self._send_link(message, message.link)
        elif message.menu:
            self._send_menu(message, message.menu)
        else:
            self._say(message, "text", {"content": message.text})
        return DeliveryResult()  # WeChat gives customer-service messages no id

    def typing(self, to: Address) -> None:
        self._api.typing(to.value)

    @abstractmethod
    def _notify(self, message: OutboundMessage) -> DeliveryResult:
        """The notification that there is a message, outside of the window."""

    @abstractmethod
    def _send_link(self, message: OutboundMessage, link: Link) -> None: ...

    def _send_file(self, message: OutboundMessage, file: File) -> None:
        kind = media.type_of(file, self.capabilities.media)
        self._api.uploaded(kind, file, lambda media_id: self._say(message, kind, {"media_id": media_id}))

    def _send_card(self, message: OutboundMessage, card: Card, **more: str) -> None:
        if not card.cover:
            raise Refused("a card needs a cover image")
        media.type_of(card.cover, {"image": media.LIMITS["image"]})
        page = {"title": card.title, **more, "pagepath": card.path}
        self._api.uploaded(
            "image",
            card.cover,
            lambda media_id: self._say(message, "miniprogrampage", {**page, "thumb_media_id": media_id}),
        )

    def _send_menu(self, message: OutboundMessage, menu: Menu) -> None:
        self._say(message, "text", {"content": listed(menu)})

    def _say_or_write(self, message: OutboundMessage, kind: str, content: dict[str, Any], text: str) -> None:
        """As `_say`, or as text where the account may not send this kind of message."""
        try:
            return self._say(message, kind, content)
        except Refused as error:
            if error.code not in NOT_HERE:
                raise
        return self._say(message, "text", {"content": text})

    def _say(self, message: OutboundMessage, kind: str, content: dict[str, Any]) -> None:
        payload: dict[str, Any] = {"touser": message.to.value, "msgtype": kind, kind: content}
        if message.by_bot:  # WeChat prints under the bubble that a machine wrote it, as the law asks
            payload["aimsgcontext"] = {"is_ai_msg": 1}
        if kf_account := self._kf_account(message):
            payload["customservice"] = {"kf_account": kf_account}
        self._api.post(SEND, payload)

    def _kf_account(self, message: OutboundMessage) -> str:
        """Under whose name and picture the customer sees the message; none: the account's own."""
        return ""

    # setting up

    def diagnose(self, hook: str) -> Iterator[Finding]:
        yield from doctor.examine(self._api, self.settings, hook)

    @abstractmethod
    def console(self, hook: str) -> list[Paste]:
        """What to enter in WeChat's console."""


def listed(menu: Menu) -> str:
    """A menu for accounts that cannot send one: the customer answers with the number."""
    choices = (f"{number}. {choice.text}" for number, choice in enumerate(menu.choices, 1))
    return "\n".join(filter(None, (menu.head, *choices, menu.tail)))


def written(link: Link) -> str:
    return "\n".join(filter(None, (link.title, link.url)))

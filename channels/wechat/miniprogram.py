"""WeChat mini program (小程序): its customer-service chat.

https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/customer-message/receive.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from channels.contract import Cache, Capabilities, DeliveryResult, Grant, Link, Notice, OutboundMessage, Paste
from channels.errors import Refused
from channels.http import Http
from channels.wechat import doctor, events, messages, notices
from channels.wechat.account import TEXT_BYTES, Account, written
from channels.wechat.media import LIMITS
from channels.wechat.settings import AccountSettings

CONSOLE = "mp.weixin.qq.com › 开发 › 开发管理 › 消息推送配置"


class MiniProgram(Account):
    message_readers: ClassVar[Mapping[str, messages.Reader]] = {
        "text": messages.text,
        "image": messages.image,
        "miniprogrampage": messages.card,
    }
    event_readers: Mapping[str, events.Reader] = {**events.SHARED, "user_enter_tempsession": events.entered}

    class Settings(AccountSettings):
        usual_allowances: ClassVar[Mapping[str, Grant]] = {
            "message": Grant(5, timedelta(hours=48)),
            "entered": Grant(2, timedelta(minutes=1)),
        }
        notice: notices.SubscribeNotice | None = None

    settings: Settings

    def __init__(self, name: str, settings: Settings, *, http: Http, cache: Cache):
        super().__init__(name, settings, http=http, cache=cache)
        self.capabilities = Capabilities(
            text_bytes=TEXT_BYTES,
            media={"image": LIMITS["image"]},
            links=True,
            cards=True,
            marks_bots=True,
            typing=True,
            notice=Notice(consent=settings.notice.template) if settings.notice else None,
            allowances=settings.grants(),
        )

    def _send_link(self, message: OutboundMessage, link: Link) -> None:
        box = {"title": link.title, "description": link.description, "url": link.url, "thumb_url": link.image_url}
        self._say_or_write(message, "link", box, written(link))

    def _notify(self, message: OutboundMessage) -> DeliveryResult:
        notice = self.settings.notice
        if not notice:
            raise Refused("there is no [settings.notice] for this channel")
        subscribed: dict[str, Any] = {
            "touser": message.to.value,
            "template_id": notice.template,
            "miniprogram_state": "formal",
            "lang": "zh_CN",
            "data": notices.filled(notice, message),
        }
        if notice.page:
            subscribed["page"] = notice.page
        answer = self._api.post("message/subscribe/send", subscribed)
        return DeliveryResult(str(answer["msgid"]) if answer.get("msgid") else None)

    def console(self, hook: str) -> list[Paste]:
        return [*doctor.pastes(CONSOLE, self.settings, hook), Paste(CONSOLE, "数据格式", "JSON")]

"""WeChat official account (服务号 and 公众号): what its followers write, and answers by API or within the push.

https://developers.weixin.qq.com/doc/service/guide/product/message/Receiving_standard_messages.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from channels.contract import (
    Address,
    Cache,
    Capabilities,
    Card,
    DeliveryResult,
    Finding,
    Grant,
    Inline,
    Link,
    Menu,
    Notice,
    OutboundMessage,
    Paste,
    Profile,
    WebhookReply,
    WebhookRequest,
)
from channels.errors import Refused, WindowClosed
from channels.http import Http
from channels.wechat import doctor, events, messages, notices, passive
from channels.wechat.account import TEXT_BYTES, Account, listed, written
from channels.wechat.media import LIMITS
from channels.wechat.settings import APP_ID, AccountSettings

CONSOLE = "developers.weixin.qq.com/platform › 我的业务 › 公众号/服务号 › 消息与事件推送"
A_CLICK = Grant(3, timedelta(minutes=1))
INLINE = Inline(within=timedelta(seconds=4.5), cut_after=timedelta(seconds=5), tries=3)
PROFILE_FACTS = ("subscribe_scene", "qr_scene_str", "remark")


class OfficialAccount(Account):
    message_readers: ClassVar[Mapping[str, messages.Reader]] = {
        "text": messages.text,
        "image": messages.image,
        "voice": messages.voice,
        "video": messages.video,
        "shortvideo": messages.video,
        "location": messages.location,
        "link": messages.link,
    }
    event_readers: Mapping[str, events.Reader] = {
        **events.SHARED,
        "subscribe": events.followed,
        "unsubscribe": events.left,
        "scan": events.scanned,
        "click": events.menu,
        "scancode_push": events.menu,
        "scancode_waitmsg": events.menu,
        "location": events.nothing,
        "templatesendjobfinish": events.template_sent,
    }

    class Settings(AccountSettings):
        usual_allowances: ClassVar[Mapping[str, Grant]] = {
            "message": Grant(5, timedelta(hours=48)),
            "menu": A_CLICK,
            "follow": A_CLICK,
            "scan": A_CLICK,
        }
        replies: Literal["customer_service", "passive"] = "customer_service"
        keep_location: bool = False
        agents: dict[str, str] = {}  # an agent's name in the hub, and the kf_account that customers see
        mini_program: str = Field("", pattern=rf"{APP_ID}|^$")  # the linked one, whose pages cards open
        notice: notices.TemplateNotice | None = None

        @field_validator("agents")
        @classmethod
        def _are_kf_accounts(cls, agents: dict[str, str]) -> dict[str, str]:
            for name, kf_account in agents.items():
                if not all(kf_account.partition("@")):
                    raise ValueError(f'the account of {name} is no kf_account, like "lin@shop"')
            return agents

        @field_validator("notice")
        @classmethod
        def _can_be_sent(
            cls, notice: notices.TemplateNotice | None, others: ValidationInfo
        ) -> notices.TemplateNotice | None:
            if notice and others.data.get("replies") == "passive":
                raise ValueError('only verified accounts send notices, and those need no replies = "passive"')
            return notice

    settings: Settings

    def __init__(self, name: str, settings: Settings, *, http: Http, cache: Cache):
        super().__init__(name, settings, http=http, cache=cache)
        self.capabilities = PASSIVE if settings.replies == "passive" else _capabilities(settings)
        if settings.keep_location:
            self.event_readers = {**self.event_readers, "location": events.located}

    def acknowledge(self, request: WebhookRequest, answer: OutboundMessage | None = None) -> WebhookReply:
        if request.method == "GET" or not answer:
            return super().acknowledge(request)
        reply = passive.reply(self._push(request), answer)
        if not reply:
            return super().acknowledge(request)
        body = passive.sealed(reply, self._envelope) if self._envelope else reply
        return WebhookReply(body, content_type="application/xml; charset=utf-8")

    def profile(self, who: Address) -> Profile:
        known = self._api.get("user/info", openid=who.value, lang="zh_CN")
        if not known.get("subscribe"):  # WeChat tells nothing about others
            return Profile()
        facts = {name: known[name] for name in PROFILE_FACTS if known.get(name)}
        if isinstance(since := known.get("subscribe_time"), int):
            facts["subscribe_time"] = f"{datetime.fromtimestamp(since, UTC):%Y-%m-%dT%H:%M:%SZ}"
        unionid = known.get("unionid")
        return Profile(
            aliases=(Address(events.UNIONID, str(unionid)),) if unionid else (),
            language=str(known.get("language") or "").replace("_", "-"),
            facts=facts,
        )

    def send(self, message: OutboundMessage) -> DeliveryResult:
        if self.settings.replies == "passive":
            raise WindowClosed("answers travel with the customer's next message", code="passive")
        return super().send(message)

    def _send_card(self, message: OutboundMessage, card: Card, **more: str) -> None:
        if not self.settings.mini_program:
            raise Refused("a card needs a linked mini program: settings.mini_program")
        super()._send_card(message, card, appid=self.settings.mini_program)

    def _send_link(self, message: OutboundMessage, link: Link) -> None:
        article = {"title": link.title, "description": link.description, "url": link.url, "picurl": link.image_url}
        self._say_or_write(message, "news", {"articles": [article]}, written(link))

    def _send_menu(self, message: OutboundMessage, menu: Menu) -> None:
        choices = [{"id": choice.id, "content": choice.text} for choice in menu.choices]
        asked = {"head_content": menu.head, "list": choices, "tail_content": menu.tail}
        self._say_or_write(message, "msgmenu", asked, listed(menu))

    def _notify(self, message: OutboundMessage) -> DeliveryResult:
        notice = self.settings.notice
        if not notice:
            raise Refused("there is no [settings.notice] for this channel")
        template: dict[str, Any] = {
            "touser": message.to.value,
            "template_id": notice.template,
            "client_msg_id": message.id.hex,  # of two with the same, WeChat drops the second
            "data": notices.filled(notice, message),
        }
        if notice.url:
            template["url"] = notice.url
        if notice.page:
            template["miniprogram"] = {"appid": notice.page_app_id, "pagepath": notice.page}
        answer = self._api.post("message/template/send", template)
        return DeliveryResult(str(answer["msgid"]) if answer.get("msgid") else None)

    def _kf_account(self, message: OutboundMessage) -> str:
        return self.settings.agents.get(message.author, "")

    def diagnose(self, hook: str) -> Iterator[Finding]:
        sends = self.settings.replies == "customer_service"
        calls = yield from doctor.examine(self._api, self.settings, hook, sends=sends)
        if calls and sends:
            yield from doctor.examine_customer_service(self._api, self.settings.agents)

    def console(self, hook: str) -> list[Paste]:
        return doctor.pastes(CONSOLE, self.settings, hook)


def _capabilities(settings: OfficialAccount.Settings) -> Capabilities:
    return Capabilities(
        text_bytes=TEXT_BYTES,
        media=LIMITS,
        links=True,
        cards=bool(settings.mini_program),
        menus=True,
        marks_bots=True,
        typing=True,
        profiles=True,
        notice=Notice() if settings.notice else None,
        allowances=settings.grants(),
    )


PASSIVE = Capabilities(text_bytes=passive.LONGEST_TEXT, links=True, answers_inline=INLINE)

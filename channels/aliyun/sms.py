"""SMS by Aliyun to the mainland of China: approved templates go out, reports and answers are pushed to us.

Aliyun drops no second copy of a message. What it takes from us is an OutId, which it repeats in reports and in
QuerySendDetails: so a message of unknown fate can be looked for, and must not be sent again before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import ClassVar

from channels.aliyun import doctor, numbers, push
from channels.aliyun.api import AliyunApi
from channels.aliyun.errors import SHANGHAI
from channels.aliyun.settings import AliyunSettings
from channels.contract import (
    Address,
    Cache,
    Capabilities,
    DeliveryResult,
    Event,
    Finding,
    OutboundMessage,
    Paste,
    WebhookChannel,
    WebhookReply,
    WebhookRequest,
    check_signature,
)
from channels.errors import BadSignature, Refused
from channels.http import Http
from channels.templates import checked

ACCEPTED = '{"code":0,"msg":"接收成功"}'  # anything else comes again after one, five and ten minutes, then never


class AliyunSms(WebhookChannel):
    Settings: ClassVar[type[AliyunSettings]] = AliyunSettings
    scheme = push.SCHEME
    settings: AliyunSettings

    def __init__(self, name: str, settings: AliyunSettings, *, http: Http, cache: Cache):
        super().__init__(name, settings, http=http, cache=cache)
        self.capabilities = Capabilities(
            receipts=True,
            begins=True,
            reconciles=True,
            free_text=False,
            segments=True,
            templates={name: template.form(settings.sign_name) for name, template in settings.templates.items()},
        )
        self._api = AliyunApi(settings, http)

    def address(self, written: str) -> Address:
        return Address(self.scheme, f"+86{numbers.mainland(written)}")

    # in

    def verify(self, request: WebhookRequest) -> None:
        check_signature(self.settings.hook_secret.get_secret_value(), request.query.get("secret", ""))
        if self.settings.sources and not self._is_known(request.peer):
            raise BadSignature

    def parse(self, request: WebhookRequest) -> list[Event]:
        if request.method == "GET":  # somebody tries the address in a browser
            return []
        return push.events(request.body, self.settings.changes)

    def acknowledge(self, request: WebhookRequest, answer: OutboundMessage | None = None) -> WebhookReply:
        return WebhookReply(ACCEPTED, content_type="application/json; charset=utf-8")

    def _is_known(self, source: str) -> bool:
        try:
            address = ip_address(source)
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self.settings.sources)

    # out

    def send(self, message: OutboundMessage) -> DeliveryResult:
        template = message.template
        if not template:
            raise Refused("only templates can be sent by SMS", code="template_only")
        known = self.settings.templates.get(template.name)
        if not known:
            raise Refused(f"there is no template {template.name} in this channel", code="no_template")
        parameters = {
            "PhoneNumbers": _number(message.to),
            "SignName": self.settings.sign_name,
            "TemplateCode": known.code,
            "OutId": message.id.hex,
        }
        if fields := checked(self.capabilities.templates[template.name], template):
            parameters["TemplateParam"] = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
        self._api.send(**parameters)
        return DeliveryResult(message.id.hex)  # not Aliyun's BizId: reports may come before we are told of it

    def reconcile(self, message: OutboundMessage) -> DeliveryResult | None:
        number, today = _number(message.to), datetime.now(SHANGHAI).date()
        for day in (today, today - timedelta(days=1)):
            if any(each.get("OutId") == message.id.hex for each in self._api.sent(number, day)):
                return DeliveryResult(message.id.hex)
        return None

    # setting up

    def diagnose(self, hook: str) -> Iterator[Finding]:
        yield from doctor.examine(self._api, self.settings, hook)

    def console(self, hook: str) -> list[Paste]:
        return doctor.pastes(self.settings, hook)


def _number(to: Address) -> str:
    try:
        return numbers.mainland(to.value)
    except ValueError as error:
        reason = str(error)
    raise Refused(reason, code="bad_number")

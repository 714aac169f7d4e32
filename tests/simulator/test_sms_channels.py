"""The hub's own channels for text messages against the simulator, as in the demo."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import pytest

from channels.aliyun.sms import AliyunSms
from channels.contract import (
    Address,
    Event,
    InboundMessage,
    OutboundMessage,
    Presence,
    Receipt,
    Template,
    WebhookChannel,
    WebhookRequest,
)
from channels.errors import Gone, Throttled, Uncertain
from channels.http import Http
from channels.twilio.sms import Sms
from tests.channels.cases import DictCache
from tests.simulator.driving import Simulator, wait_until
from tests.simulator.texting import HONG, MING, PNG, SENDER, Phones, Posted, texting

SAMPLES = Path(__file__).parents[2] / "config/channels"
TAKEN = (200, "application/json", '{"code":0,"msg":"接收成功"}')
SECRETS = {
    "DEMO_TWILIO_AUTH_TOKEN": "demo-twilio-auth-token",
    "DEMO_TWILIO_API_SECRET": "demo-twilio-api-secret-of-the-simulator",
    "DEMO_ALIYUN_SECRET": "demo-aliyun-access-key-secret",
    "DEMO_ALIYUN_HOOK_SECRET": "demo-aliyun-hook-secret-0001",
}


@pytest.fixture
def phones(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Phones]:
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)
    with texting(simulator) as world:
        yield world


def opened(kind: type[WebhookChannel], name: str, phones: Phones) -> Any:
    """From the sample's own file; only the port is another."""
    given = tomllib.loads((SAMPLES / f"{name}.toml").read_text())["settings"]
    base = given["api_base"].replace("http://127.0.0.1:8001", phones.simulator.url)
    channel = kind(name, kind.Settings.model_validate(given | {"api_base": base}), http=Http(), cache=DictCache())
    channel.hook = f"{phones.hub.url}/hooks/{name}"
    return channel


@pytest.fixture
def sms(phones: Phones) -> Sms:
    channel: Sms = opened(Sms, "sms", phones)
    return channel


@pytest.fixture
def duanxin(phones: Phones) -> AliyunSms:
    phones.hub.answers = [TAKEN] * 50
    secret = SECRETS["DEMO_ALIYUN_HOOK_SECRET"]
    url = f"{phones.hub.url}/hooks/duanxin?secret={secret}"
    phones.simulator.post(f"/_sim/phones/senders/{SENDER}", {"push_url": url})
    channel: AliyunSms = opened(AliyunSms, "duanxin", phones)
    return channel


def events(channel: WebhookChannel, phones: Phones, posted: Posted) -> list[Event]:
    request = WebhookRequest(
        url=phones.hub.url + posted.path,
        query=dict(parse_qsl(urlsplit(posted.path).query)),
        headers=posted.headers,
        body=posted.body,
    )
    channel.verify(request)
    return list(channel.parse(request))


def message(to: str, text: str = "您好", template: Template | None = None) -> OutboundMessage:
    return OutboundMessage(id=uuid4(), to=Address("tel", to), text=text, template=template)


def test_a_text_goes_out_and_is_reported(sms: Sms, phones: Phones) -> None:
    sent = message(MING)
    result = sms.send(sent)
    wait_until(lambda: len(phones.hub.posted) == 3)
    told = [event for posted in phones.hub.posted for event in events(sms, phones, posted)]
    receipts = [event for event in told if isinstance(event, Receipt)]
    assert receipts
    assert {(event.provider_id, event.message) for event in receipts} == {(result.provider_id, sent.id)}
    assert receipts[-1].status == "delivered"
    assert phones.read() == ["您好"]


def test_a_picture_comes_in(sms: Sms, phones: Phones) -> None:
    phones.write_file(PNG, text="看")
    [posted] = phones.hub.posted
    [told] = events(sms, phones, posted)
    assert isinstance(told, InboundMessage)
    assert (told.sender, told.text) == (Address("tel", MING), "看")
    [attachment] = told.attachments
    assert sms.fetch(attachment).content == PNG


def test_whoever_writes_stop_is_not_written_to(sms: Sms, phones: Phones) -> None:
    phones.write("STOP")
    told = events(sms, phones, phones.hub.posted[0])
    assert [event.state for event in told if isinstance(event, Presence)] == ["opted_out"]
    with pytest.raises(Gone):
        sms.send(message(MING))


def test_a_text_of_unknown_fate_is_found(sms: Sms, phones: Phones) -> None:
    phones.fails("POST Messages.json", "reset_after")
    lost, never = message(MING, "一"), message(MING, "二")
    with pytest.raises(Uncertain):
        sms.send(lost)
    found = sms.reconcile(lost)
    assert found
    assert phones.message(found.provider_id or "")["body"] == "一"
    phones.fails("POST Messages.json", "http", status=503)
    with pytest.raises(Uncertain):
        sms.send(never)
    assert sms.reconcile(never) is None


def test_a_burst_is_slowed_down(sms: Sms, phones: Phones) -> None:
    phones.fails("POST Messages.json", "errcode", errcode=20429, times=2)
    for _ in range(2):
        with pytest.raises(Throttled):
            sms.send(message(MING))
    assert sms.send(message(MING)).provider_id


def test_what_was_never_pushed_is_polled(sms: Sms, phones: Phones) -> None:
    phones.hub.answers = [(500, "text/html", "")]
    text = phones.write("在吗")
    found = [event for event in sms.poll() if isinstance(event, InboundMessage)]
    assert [(event.provider_id, event.text) for event in found] == [(text["sid"], "在吗")]


def test_the_doctors_find_nothing_wrong(sms: Sms, duanxin: AliyunSms, phones: Phones) -> None:
    for channel in (sms, duanxin):
        assert [finding.what for finding in channel.diagnose(channel.hook) if not finding.ok] == []


def test_a_template_goes_to_the_mainland(duanxin: AliyunSms, phones: Phones) -> None:
    sent = message(HONG, template=Template("shipped", {"order": "A1", "tracking": "SF 9&+"}))
    duanxin.send(sent)
    wait_until(lambda: len(phones.hub.posted) == 1)
    [receipt] = events(duanxin, phones, phones.hub.posted[0])
    assert isinstance(receipt, Receipt)
    assert (receipt.message, receipt.status) == (sent.id, "delivered")
    assert phones.read(HONG) == ["【驿站小店】您的订单A1已发货，快递单号SF 9&+。"]


def test_a_template_of_unknown_fate_is_found(duanxin: AliyunSms, phones: Phones) -> None:
    phones.fails("SendSms", "reset_after")
    sent = message(HONG, template=Template("replied", {"agent": "小林"}))
    with pytest.raises(Uncertain):
        duanxin.send(sent)
    assert duanxin.reconcile(sent)
    assert duanxin.reconcile(message(HONG)) is None


def test_a_limit_of_aliyuns_slows_down(duanxin: AliyunSms, phones: Phones) -> None:
    phones.fails("SendSms", "errcode", code="isv.BUSINESS_LIMIT_CONTROL")
    with pytest.raises(Throttled):
        duanxin.send(message(HONG, template=Template("replied", {"agent": "小林"})))


def test_an_answer_comes_from_the_mainland(duanxin: AliyunSms, phones: Phones) -> None:
    text = phones.write("什么时候到？", HONG, SENDER)
    [told] = events(duanxin, phones, phones.hub.posted[0])
    assert isinstance(told, InboundMessage)
    assert (told.sender, told.text, told.provider_id) == (Address("tel", HONG), "什么时候到？", text["sid"])

"""What every channel must do, whatever its provider. A new kind gets these for free."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
import requests
import responses
from pydantic import SecretStr, ValidationError

from channels.contract import Address, OutboundMessage, Template, WebhookChannel, WebhookRequest
from channels.errors import BadSignature, SendError, Throttled, Uncertain, Unreachable
from channels.registry import BUILT_IN, channel_class
from tests.channels.accounts import ACCOUNTS, SECRETS
from tests.channels.cases import assert_no_secret, assert_silent, make_channel

HELLO = OutboundMessage(id=UUID(int=1), to=Address("any", "1"), text="what the agent wrote")
# a message that each kind of another form can send
MESSAGES = {
    "aliyun_sms": OutboundMessage(id=UUID(int=1), to=Address("tel", "+8613800138000"), template=Template("hello")),
    "twilio_sms": OutboundMessage(id=UUID(int=1), to=Address("tel", "+85251230001"), text="what the agent wrote"),
}
# who cannot say whether a message with an error was taken
UNSURE = {"aliyun_sms", "twilio_sms"}
every_kind = pytest.mark.parametrize("kind", BUILT_IN)
# mail is sent by SMTP, and what is said in calls not at all: see email/test_smtp.py, twilio/test_phone.py
every_kind_over_http = pytest.mark.parametrize(
    "kind", [kind for kind in BUILT_IN if kind not in ("email", "twilio_phone")]
)


def test_every_kind_has_an_account():
    assert ACCOUNTS.keys() == BUILT_IN.keys()


def test_unknown_kinds_are_answered_with_the_known_ones():
    with pytest.raises(LookupError, match=r"unknown channel kind 'telex'; known: .*wechat_miniprogram"):
        channel_class("telex")


@every_kind
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("body", [b"", b"{}", b"<xml></xml>", b"\xff\xfe"])
@pytest.mark.parametrize("query", [{}, {"signature": "", "msg_signature": ""}, {"signature": "é" * 40}])
def test_unsigned_requests_are_refused(kind, method, body, query):
    channel = make_channel(kind)
    if isinstance(channel, WebhookChannel):
        with pytest.raises(BadSignature):
            channel.verify(WebhookRequest(method=method, query=query, body=body))


@every_kind
def test_secrets_are_never_written_in_config(kind):
    settings = channel_class(kind).Settings
    secret_keys = [name for name, key in settings.model_fields.items() if key.annotation is SecretStr]
    assert secret_keys
    for name in secret_keys:
        with pytest.raises(ValidationError, match="never as itself"):
            settings.model_validate({**ACCOUNTS[kind], name: "hunter2"})


@every_kind
def test_unknown_settings_are_refused(kind):
    with pytest.raises(ValidationError, match="Extra inputs"):
        channel_class(kind).Settings.model_validate({**ACCOUNTS[kind], "colour": "red"})


@every_kind
def test_settings_never_show_their_secrets(kind):
    settings = channel_class(kind).Settings.model_validate(ACCOUNTS[kind])
    assert set(settings.secrets()) <= set(SECRETS.values())
    assert_no_secret(f"{settings} {settings!r} {settings.model_dump_json()}", [])


@every_kind_over_http
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": 429}, Throttled),
        ({"status": 503}, None),
        ({"body": requests.ConnectTimeout("timed out at ?secret=app-secret-9f2c&x")}, Unreachable),
    ],
    ids=["429", "503", "no connection"],
)
def test_a_provider_in_trouble_is_classified(kind, answer, error):
    traces: list[str] = []
    with responses.RequestsMock(assert_all_requests_are_fired=False) as provider:
        for method in (responses.GET, responses.POST):
            provider.add(responses.Response(method, url=re.compile(".*"), **answer))
        with pytest.raises(SendError) as failure:
            make_channel(kind, traces.append).send(MESSAGES.get(kind, HELLO))
    assert failure.type is (error or (Uncertain if kind in UNSURE else Unreachable))
    assert_silent(failure.value, [HELLO.text])
    assert traces
    assert_no_secret("\n".join(traces), [HELLO.text])

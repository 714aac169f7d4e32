"""Templates that go out, what Aliyun answers, and what is asked later of messages of unknown fate."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from responses import Response

from channels.aliyun.errors import ERRORS, SHANGHAI
from channels.contract import Address, DeliveryResult, OutboundMessage
from channels.errors import Gone, Misconfigured, Refused, SendError, Throttled, Uncertain, Unreachable
from tests.channels.aliyun.aliyun import (
    ANNA,
    ID,
    KIND,
    OUT_ID,
    asked,
    details,
    failed,
    message,
    refused,
    told,
)
from tests.channels.cases import assert_after, assert_no_secret, assert_silent, make_channel, provider, table

SHIPPED = message("shipped", order="A-17", day="周一")
CONTENTS = ["A-17", "周一", "13800138000"]
TOMORROW = (0.0, 24 * 3600 + 16.0)


@dataclass
class Sends:
    label: str
    answers: list[Response]
    raises: type[SendError] | None = None
    code: str = ""
    reason: str = ""
    after: tuple[float, float] | None = None
    message: OutboundMessage = field(default_factory=lambda: SHIPPED)


@contextmanager
def silent(traces: list[str], contents: list[str]) -> Any:
    yield
    assert_no_secret("\n".join(traces), contents)


@table(
    Sends("taken", [told("SendSms", BizId="932702304080415357^0")]),
    Sends("taken without a BizId", [told("SendSms")]),
    Sends(
        "a minute's limit",
        [refused("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1")],
        Throttled,
        "isv.BUSINESS_LIMIT_CONTROL",
        after=(60, 75),
    ),
    Sends(
        "an hour's limit",
        [refused("isv.BUSINESS_LIMIT_CONTROL", "触发小时级流控Permits:5")],
        Throttled,
        "isv.BUSINESS_LIMIT_CONTROL",
        after=(3600, 3615),
    ),
    Sends(
        "a day's limit",
        [refused("isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:10")],
        Throttled,
        "isv.BUSINESS_LIMIT_CONTROL",
        after=TOMORROW,
    ),
    Sends("today's limit", [refused("isv.DAY_LIMIT_CONTROL")], Throttled, "isv.DAY_LIMIT_CONTROL", after=TOMORROW),
    Sends(
        "too fast", [refused("Throttling.User", status=400)], Throttled, "Throttling.User", "in a second", after=(1, 4)
    ),
    Sends("too fast for HTTP", [failed(status=429)], Throttled, "429"),
    Sends(
        "another key",
        [refused("InvalidAccessKeyId.NotFound", status=404)],
        Misconfigured,
        "InvalidAccessKeyId.NotFound",
        "access key",
    ),
    Sends(
        "another secret",
        [refused("SignatureDoesNotMatch", "POST\n/\nPhoneNumbers=13800138000", status=400)],
        Misconfigured,
        "SignatureDoesNotMatch",
    ),
    Sends("not allowed", [refused("Forbidden.RAM", status=403)], Misconfigured, "Forbidden.RAM"),
    Sends("unsubscribed", [refused("isv.BLACK_KEY_CONTROL_LIMIT")], Gone, "isv.BLACK_KEY_CONTROL_LIMIT"),
    Sends("a code of the future", [refused("isv.NEW")], Refused, "isv.NEW", "a code we do not know"),
    Sends("another 4xx", [failed(status=418, body="<html>")], Refused, "418"),
    Sends("busy", [failed(status=503)], Uncertain, "503", "may have been sent"),
    Sends("busy by its own words", [refused("isp.SYSTEM_ERROR")], Unreachable, "isp.SYSTEM_ERROR"),
    Sends("no connection", [failed(body=requests.ConnectTimeout("app-secret-9f2c&x"))], Unreachable),
    Sends("an error inside", [refused("InternalError", status=500)], Uncertain, "InternalError", "may have been sent"),
    Sends("an error without words", [failed(status=500, body="<html>")], Uncertain, "500", "may have been sent"),
    Sends("a proxy that gave up", [failed(status=504)], Uncertain, "504", "may have been sent"),
    Sends("no answer", [failed(body=requests.ReadTimeout("13800138000"))], Uncertain, "", "may have been sent"),
    Sends("no JSON", [failed(body="<html>")], Uncertain, "", "may have been sent"),
    Sends("no code", [failed(json={"Message": "OK"})], Uncertain, "", "may have been sent"),
    Sends("a list", [failed(json=["OK"])], Uncertain, "", "may have been sent"),
    Sends("text alone", [], Refused, "template_only", message=OutboundMessage(id=ID, to=ANNA, text="周一")),
    Sends("no such template", [], Refused, "no_template", "no template bye", message=message("bye")),
    Sends("a field is missing", [], Refused, "template_fields", "needs day", message=message("shipped", order="1")),
    Sends("a field is empty", [], Refused, "template_fields", "order", message=message("shipped", order=" ", day="1")),
    Sends("a field too many", [], Refused, "template_fields", "no field x", message=message("hello", x="1")),
    Sends("abroad", [], Refused, "bad_number", "mainland", message=message(to=Address("tel", "+85261234567"))),
    Sends("America", [], Refused, "bad_number", "mainland", message=message(to=Address("tel", "+13800138000"))),
)
def test_sends(case):
    traces: list[str] = []
    channel = make_channel(KIND, traces.append)
    with silent(traces, CONTENTS), provider(*case.answers):
        if not case.raises:
            assert channel.send(case.message) == DeliveryResult(OUT_ID)
            return
        with pytest.raises(SendError) as failure:
            channel.send(case.message)
    assert failure.type is case.raises  # not a subclass: the class decides what happens next
    assert (failure.value.code, case.reason in failure.value.reason) == (case.code, True)
    assert_after(failure.value, case.after)
    assert_silent(failure.value, CONTENTS)
    assert len(traces) == len(case.answers)


@pytest.mark.parametrize("code", ERRORS)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_every_code_means_the_same_whatever_its_status(code, status):
    with provider(refused(code, status=status)), pytest.raises(SendError) as failure:
        make_channel(KIND).send(SHIPPED)
    assert (failure.type, failure.value.code) == (ERRORS[code].error, code)
    assert failure.value.reason == ERRORS[code].words


def test_what_is_sent():
    with provider(told("SendSms")) as calls:
        make_channel(KIND).send(SHIPPED)
        parameters = asked(calls[0])
    assert json.loads(parameters.pop("TemplateParam")) == {"order": "A-17", "day": "周一"}
    assert parameters == {
        "PhoneNumbers": "13800138000",
        "SignName": "驿站",
        "TemplateCode": "SMS_1001",
        "OutId": OUT_ID,
    }


def test_a_template_without_fields_has_none():
    with provider(told("SendSms")) as calls:
        make_channel(KIND).send(message())
        assert "TemplateParam" not in asked(calls[0])


def test_a_second_try_of_a_message_carries_the_same_id():
    ids = []
    for _ in range(2):
        with provider(told("SendSms")) as calls:
            make_channel(KIND).send(message())
            ids.append(asked(calls[0])["OutId"])
    assert ids == [OUT_ID, OUT_ID]


# messages of unknown fate


def test_a_resend_is_not_safe_but_a_look_is():
    capabilities = make_channel(KIND).capabilities
    assert (capabilities.resend_safe, capabilities.reconciles, capabilities.free_text) == (False, True, False)


@pytest.mark.parametrize("status", [1, 2, 3], ids=["waiting", "failed", "delivered"])
def test_a_message_that_aliyun_has_was_sent(status):
    with provider(details("order-17", OUT_ID, status=status)) as calls:
        assert make_channel(KIND).reconcile(message()) == DeliveryResult(OUT_ID)
        assert asked(calls[0]) == {
            "PhoneNumber": "13800138000",
            "SendDate": f"{datetime.now(SHANGHAI):%Y%m%d}",
            "PageSize": "50",
            "CurrentPage": "1",
        }


def test_yesterday_is_looked_at_as_well():
    with provider(details(), details(OUT_ID)) as calls:
        assert make_channel(KIND).reconcile(message()) == DeliveryResult(OUT_ID)
        days = [datetime.strptime(asked(call)["SendDate"], "%Y%m%d") for call in calls]
    assert days[0] - days[1] == timedelta(days=1)


@pytest.mark.parametrize("nothing", [details(), details("other"), told("QuerySendDetails")])
def test_a_message_that_is_not_there(nothing):
    with provider(nothing, details()):
        assert make_channel(KIND).reconcile(message()) is None


def test_all_pages_are_read():
    with provider(details(*["other"] * 50), details(OUT_ID)) as calls:
        assert make_channel(KIND).reconcile(message()) == DeliveryResult(OUT_ID)
        assert [asked(call)["CurrentPage"] for call in calls] == ["1", "2"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (failed(status=504), Unreachable),
        (failed(body=requests.ReadTimeout()), Unreachable),
        (failed(body="<html>"), Unreachable),
        (refused("InternalError", status=500, action="QuerySendDetails"), Unreachable),
        (refused("isp.RAM_PERMISSION_DENY", action="QuerySendDetails"), Misconfigured),
    ],
)
def test_a_look_is_never_uncertain(answer, error):
    with provider(answer), pytest.raises(SendError) as failure:
        make_channel(KIND).reconcile(message())
    assert failure.type is error
    assert_silent(failure.value, CONTENTS)

"""Aliyun's SMS service: signed calls, templates, what becomes of messages, and what is pushed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import pytest
import requests

from channels.aliyun.signing import Signer
from simulator.aliyun.signing import signature
from tests.simulator.driving import Simulator, wait_until
from tests.simulator.texting import HONG, OURS, SENDER, Phones, texting

KEY, SECRET = "LTAI5tDemoOfTheSimulator", "demo-aliyun-access-key-secret"
NUMBER = HONG.removeprefix("+86")
SHANGHAI = timedelta(hours=8)
TAKEN = (200, "application/json", '{"code":0,"msg":"接收成功"}')
SHIPPED = {"SignName": "驿站小店", "TemplateCode": "SMS_10001", "TemplateParam": '{"order":"A1","tracking":"SF9"}'}


class Aliyun(Phones):
    """The hub's side of Aliyun, signed by the hub's own code."""

    def call(self, action: str, headers: dict[str, str] | None = None, **parameters: str) -> requests.Response:
        url = f"{self.simulator.url}/aliyun/"
        said = {
            "host": urlsplit(url).netloc,
            "x-acs-action": action,
            "x-acs-content-sha256": sha256(b"").hexdigest(),
            "x-acs-date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "x-acs-signature-nonce": uuid4().hex,
            "x-acs-version": "2017-05-25",
            **(headers or {}),
        }
        said = {"authorization": Signer(KEY, SECRET).authorization("POST", parameters, said), **said}
        return requests.post(f"{url}?{urlencode(parameters)}", headers=said | (headers or {}), timeout=10)

    def ship(self, **changes: str) -> Any:
        return self.call("SendSms", **{"PhoneNumbers": NUMBER, **SHIPPED, "OutId": "m1", **changes}).json()

    def pushed(self) -> list[dict[str, Any]]:
        return [item for each in self.hub.at("/hooks/duanxin?secret=s") for item in json.loads(each.body)]

    def sent(self, **asked: str) -> Any:
        today = f"{datetime.now(UTC) + SHANGHAI:%Y%m%d}"
        usual = {"PhoneNumber": NUMBER, "SendDate": today, "CurrentPage": "1", "PageSize": "10"}
        return self.call("QuerySendDetails", **usual | asked).json()


@pytest.fixture
def aliyun(simulator: Simulator) -> Iterator[Aliyun]:
    with texting(simulator) as phones:
        phones.hub.answers = [TAKEN] * 50
        yield Aliyun(simulator, phones.hub)


VECTORS = [
    (  # help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature
        "YourAccessKeySecret",
        {"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"},
        ("ecs.cn-shanghai.aliyuncs.com", "RunInstances", "2014-05-26", "2023-10-26T10:22:32Z"),
        "3156853299f313e23d1673dc12e1703d",
        "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
    ),
    (  # the vendor's SDK, alibabacloud_tea_openapi 0.4.6
        "SK",
        {
            "PhoneNumbers": "13800138000",
            "SignName": "阿里云",
            "TemplateCode": "SMS_1",
            "TemplateParam": '{"code":"1234"}',
            "OutId": "m-1",
        },
        ("dysmsapi.aliyuncs.com", "SendSms", "2017-05-25", "2026-01-01T00:00:00Z"),
        "n1",
        "0a89324a69d64b6bd4e86852d2ccfe49f759281a7c743e601a3ecc3267a45a6d",
    ),
]


@pytest.mark.parametrize(("secret", "query", "said", "nonce", "expected"), VECTORS)
def test_known_signatures(secret: str, query: dict[str, str], said: tuple[str, ...], nonce: str, expected: str) -> None:
    names = ("host", "x-acs-action", "x-acs-version", "x-acs-date")
    headers = dict(zip(names, said, strict=True)) | {
        "x-acs-signature-nonce": nonce,
        "x-acs-content-sha256": sha256(b"").hexdigest(),
    }
    assert signature(secret, "POST", list(query.items()), headers, list(headers)) == expected


AUTHORIZATION = f"ACS3-HMAC-SHA256 Credential={KEY},SignedHeaders=host,Signature={'0' * 64}"


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"authorization": ""}, 404, "InvalidAccessKeyId.NotFound"),
        ({"authorization": AUTHORIZATION.replace(KEY, "LTAIunknown")}, 404, "InvalidAccessKeyId.NotFound"),
        ({"authorization": AUTHORIZATION}, 400, "IncompleteSignature"),
        ({"x-acs-content-sha256": "0" * 64}, 400, "SignatureDoesNotMatch"),
        ({"x-acs-date": "2020-01-01T00:00:00Z"}, 400, "InvalidTimeStamp.Expired"),
        ({"x-acs-date": "yesterday"}, 400, "InvalidTimeStamp.Expired"),
        ({"x-acs-version": "2016-01-01"}, 404, "InvalidAction.NotFound"),
    ],
)
def test_who_may_not_call(aliyun: Aliyun, headers: dict[str, str], status: int, code: str) -> None:
    answer = aliyun.call("QuerySmsSign", headers, SignName="驿站小店")
    assert (answer.status_code, answer.json()["Code"]) == (status, code)


def test_a_changed_call_is_refused_and_so_is_the_same_one_again(aliyun: Aliyun) -> None:
    request = aliyun.call("QuerySmsSign", SignName="驿站小店").request
    again = requests.post(str(request.url), headers=dict(request.headers), timeout=5)
    assert again.json()["Code"] == "SignatureNonceUsed"
    changed = requests.post(f"{request.url}1", headers=dict(request.headers), timeout=5)
    assert changed.json()["Code"] == "SignatureDoesNotMatch"


def test_a_message_arrives_signed_and_is_reported(aliyun: Aliyun) -> None:
    told = aliyun.ship()
    assert (told["Code"], told["Message"]) == ("OK", "OK")
    wait_until(lambda: len(aliyun.pushed()) == 1)
    [text] = aliyun.texts(HONG)
    assert (text["from"], text["peer"]) == ("shop", SENDER)
    assert text["text"] == "【驿站小店】您的订单A1已发货，快递单号SF9。"
    [report] = aliyun.pushed()
    assert datetime.strptime(report.pop("send_time"), "%Y-%m-%d %H:%M:%S") <= datetime.strptime(
        report.pop("report_time"), "%Y-%m-%d %H:%M:%S"
    )
    assert report == {
        "phone_number": NUMBER,
        "success": True,
        "err_code": "DELIVERED",
        "err_msg": "用户接收成功",
        "sms_size": "1",
        "biz_id": told["BizId"],
        "out_id": "m1",
    }


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"PhoneNumbers": "+85251230001"}, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"PhoneNumbers": f"{NUMBER},123"}, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"PhoneNumbers": ""}, "MissingPhoneNumbers"),
        ({"SignName": "驿站"}, "isv.SMS_SIGNATURE_ILLEGAL"),
        ({"SignName": ""}, "MissingSignName"),
        ({"TemplateCode": "SMS_1"}, "isv.SMS_TEMPLATE_ILLEGAL"),
        ({"TemplateParam": ""}, "isv.TEMPLATE_MISSING_PARAMETERS"),
        ({"TemplateParam": '{"order":"A1"}'}, "isv.TEMPLATE_MISSING_PARAMETERS"),
        ({"TemplateParam": "order=A1"}, "isv.INVALID_JSON_PARAM"),
        ({"TemplateParam": "[]"}, "isv.INVALID_JSON_PARAM"),
        ({"TemplateParam": json.dumps({"order": "1" * 36, "tracking": ""})}, "isv.PARAM_LENGTH_LIMIT"),
        ({"TemplateParam": json.dumps({"order": "http://a.cn", "tracking": ""})}, "isv.PARAM_NOT_SUPPORT_URL"),
        ({"TemplateParam": json.dumps({"order": "😀", "tracking": ""})}, "isv.UNSUPPORTED_CONTENT"),
    ],
)
def test_what_is_refused(aliyun: Aliyun, changes: dict[str, str], code: str) -> None:
    assert aliyun.ship(**changes)["Code"] == code
    assert aliyun.sent()["TotalCount"] == "0"


@pytest.mark.parametrize("written", [NUMBER, f"86{NUMBER}", f"+86{NUMBER}", f"0086{NUMBER}"])
def test_numbers_in_all_spellings(aliyun: Aliyun, written: str) -> None:
    assert aliyun.ship(PhoneNumbers=written)["Code"] == "OK"
    wait_until(lambda: len(aliyun.read(HONG)) == 1)


@pytest.mark.parametrize(
    ("script", "success", "code", "status", "arrives"),
    [
        ({"outcome": "undelivered"}, False, "MOBILE_NOT_ON_SERVICE", 2, False),
        ({"outcome": "undelivered", "error": "USER_REJECT"}, False, "USER_REJECT", 2, False),
        ({"callbacks": "twice"}, True, "DELIVERED", 3, True),
        ({"callbacks": "early"}, True, "DELIVERED", 3, True),
    ],
)
def test_scripts(aliyun: Aliyun, script: dict[str, str], success: bool, code: str, status: int, arrives: bool) -> None:
    aliyun.script(HONG, **script)
    aliyun.ship()
    copies = 2 if script.get("callbacks") == "twice" else 1
    if script.get("callbacks") == "early":
        assert len(aliyun.pushed()) == 1
    wait_until(lambda: len(aliyun.pushed()) == copies)
    assert [(each["success"], each["err_code"]) for each in aliyun.pushed()] == [(success, code)] * copies
    [detail] = aliyun.sent()["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
    assert (detail["SendStatus"], detail["ErrCode"]) == (status, code)
    assert len(aliyun.read(HONG)) == arrives


@pytest.mark.parametrize(("script", "status"), [({"outcome": "sent"}, 1), ({"callbacks": "lost"}, 3)])
def test_nobody_says_what_became_of_it(aliyun: Aliyun, script: dict[str, str], status: int) -> None:
    aliyun.script(HONG, **script)
    aliyun.ship()
    aliyun.simulator.advance(60)
    wait_until(lambda: aliyun.sent()["SmsSendDetailDTOs"]["SmsSendDetailDTO"][0]["SendStatus"] == status)
    wait_until(lambda: len(aliyun.read(HONG)) == 1)
    assert aliyun.pushed() == []


def test_whoever_is_blocked_is_not_written_to(aliyun: Aliyun) -> None:
    aliyun.simulator.post(f"/_sim/phones/{HONG}/opt_out", {"to": SENDER})
    assert aliyun.ship()["Code"] == "isv.BLACK_KEY_CONTROL_LIMIT"


def test_what_was_sent_is_told_in_pages(aliyun: Aliyun) -> None:
    for number in range(5):
        aliyun.ship(OutId=f"m{number}")
    pages = [aliyun.sent(CurrentPage=str(page), PageSize="2") for page in (1, 2, 3, 4)]
    assert {page["TotalCount"] for page in pages} == {"5"}
    found = [[each["OutId"] for each in page["SmsSendDetailDTOs"]["SmsSendDetailDTO"]] for page in pages]
    assert found == [["m4", "m3"], ["m2", "m1"], ["m0"], []]
    biz_id = aliyun.ship(OutId="m5")["BizId"]
    [one] = aliyun.sent(BizId=biz_id)["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
    assert (one["OutId"], one["TemplateCode"], one["PhoneNum"]) == ("m5", "SMS_10001", NUMBER)
    assert aliyun.sent(SendDate="20200101")["TotalCount"] == "0"
    assert aliyun.sent(PageSize="51")["Code"] == "isv.INVALID_PARAMETERS"
    assert aliyun.sent(CurrentPage="x")["Code"] == "isv.INVALID_PARAMETERS"


def test_signatures_and_templates_can_be_asked_for(aliyun: Aliyun) -> None:
    assert aliyun.call("QuerySmsSign", SignName="驿站小店").json()["SignStatus"] == 1
    assert aliyun.call("QuerySmsSign", SignName="x").json()["Code"] == "isv.SMS_SIGNATURE_ILLEGAL"
    told = aliyun.call("QuerySmsTemplate", TemplateCode="SMS_10002").json()
    assert (told["TemplateStatus"], "${agent}" in told["TemplateContent"]) == (1, True)
    assert aliyun.call("QuerySmsTemplate", TemplateCode="SMS_1").json()["Code"] == "isv.SMS_TEMPLATE_ILLEGAL"


def test_failures_on_demand(aliyun: Aliyun) -> None:
    aliyun.fails("SendSms", "errcode", code="isv.BUSINESS_LIMIT_CONTROL")
    aliyun.fails("SendSms", "http", status=503)
    assert aliyun.ship()["Code"] == "isv.BUSINESS_LIMIT_CONTROL"
    assert aliyun.call("SendSms").status_code == 503
    assert aliyun.sent()["TotalCount"] == "0"
    aliyun.fails("SendSms", "reset_after")
    with pytest.raises(requests.ConnectionError):
        aliyun.ship()
    assert aliyun.sent()["TotalCount"] == "1"


def test_an_answer_is_pushed(aliyun: Aliyun) -> None:
    text = aliyun.write("什么时候到？", HONG, SENDER)
    assert text["push"] == {"outcome": "delivered", "reason": None}
    [pushed] = aliyun.pushed()
    assert datetime.strptime(pushed.pop("send_time"), "%Y-%m-%d %H:%M:%S")
    assert str(pushed.pop("sequence_id")) == text["sid"]
    assert pushed == {
        "phone_number": NUMBER,
        "content": "什么时候到？",
        "sign_name": "驿站小店",
        "dest_code": SENDER,
    }
    [posted] = aliyun.hub.posted
    assert posted.headers["Content-Type"] == "application/json;charset=utf-8"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((500, "text/plain", "no"), "HTTP 500"),
        ((204, "", ""), "HTTP 204"),
        ((200, "text/plain", "success"), "the answer is not code 0"),
        ((200, "application/json", '{"code":1}'), "the answer is not code 0"),
    ],
)
def test_a_push_comes_again_after_one_five_and_ten_minutes(
    aliyun: Aliyun, answer: tuple[int, str, str], reason: str
) -> None:
    aliyun.hub.answers = [answer] * 4
    assert aliyun.write("在吗", HONG, SENDER)["push"]["outcome"] == "pending"
    for tries, seconds in enumerate((61, 301, 601), 2):
        aliyun.simulator.advance(seconds - 30)
        assert len(aliyun.pushed()) == tries - 1
        aliyun.simulator.advance(30)
        wait_until(lambda tries=tries: len(aliyun.pushed()) == tries)
        wait_until(lambda tries=tries: aliyun.callbacks()[-1]["tries"] == tries)
    wait_until(lambda: aliyun.callbacks()[-1]["outcome"] == "unanswered")
    assert len({each["sequence_id"] for each in aliyun.pushed()}) == 1
    wait_until(lambda: aliyun.texts(HONG)[0]["push"] == {"outcome": "failed", "reason": reason})
    assert "secret" not in str(aliyun.callbacks())


def test_a_push_that_is_taken_the_second_time(aliyun: Aliyun) -> None:
    aliyun.hub.answers = [(503, "", ""), TAKEN]
    aliyun.write("在吗", HONG, SENDER)
    aliyun.simulator.advance(61)
    wait_until(lambda: aliyun.texts(HONG)[0]["push"]["outcome"] == "delivered")


@pytest.mark.parametrize(("by", "to"), [("+85251230001", SENDER), (HONG, OURS)])
def test_each_side_of_the_border_has_its_own_way(aliyun: Aliyun, by: str, to: str) -> None:
    answer = requests.post(f"{aliyun.simulator.url}/_sim/phones/{by}/texts", json={"to": to, "text": "在吗"}, timeout=5)
    assert answer.status_code == 409
    peers = [each["number"] for each in aliyun.simulator.get(f"/_sim/phones/{by}/texts")["peers"]]
    assert to not in peers
    assert len(peers) == 1

"""`yizhan doctor` of a number for text messages, and what to enter at Twilio."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import requests
from responses import Response

from channels.contract import Finding, Paste
from tests.channels.cases import assert_no_secret
from tests.channels.twilio.twilio import ACCOUNT, HOOK, OURS, SERVICE, answer, serving, texting, twilio

RETRIES = "#rc=3&rp=5xx,ct,rt&rt=5000"
NUMBER: dict[str, Any] = {
    "sid": f"PN{'0' * 32}",
    "phone_number": OURS,
    "capabilities": {"SMS": True, "MMS": True, "voice": False},
    "sms_url": f"{HOOK}{RETRIES}",
    "sms_method": "POST",
}
INTEGRATION: dict[str, Any] = {
    "sid": SERVICE,
    "inbound_request_url": f"{HOOK}{RETRIES}",
    "inbound_method": "POST",
    "use_inbound_webhook_on_number": False,
}
ONE_COUNTRY = {"countries": ["+852"]}
ALWAYS = [
    f"Twilio can reach {HOOK}",
    "we write to numbers in +852",
    "this server's clock is right",
    "Twilio accepts our credentials",
]


def messages(ahead: timedelta = timedelta(0)) -> Response:
    date = format_datetime(datetime.now(UTC) - ahead, usegmt=True)
    return answer("GET", "Messages.json", json={"messages": []}, headers={"Date": date})


def numbers(*found: dict[str, Any]) -> Response:
    return answer("GET", "IncomingPhoneNumbers.json", json={"incoming_phone_numbers": list(found)})


def service(status: int = 200, **answered: Any) -> Response:
    url = f"https://messaging.twilio.com/v1/Services/{SERVICE}"
    return Response("GET", url, status=status, json={**INTEGRATION, **answered})


def found(*answers: Response, hook: str = HOOK, **settings: Any) -> list[Finding]:
    traces: list[str] = []
    with twilio(*answers):
        findings = list(texting(traces, **{**ONE_COUNTRY, **settings}).diagnose(hook))
    for finding in findings:
        assert bool(finding.advice) != finding.ok  # whoever reads of a fault reads what to do
    assert_no_secret(f"{findings} {traces}", [])
    return findings


def wrong(*answers: Response, **settings: Any) -> Finding:
    [finding] = [each for each in found(*answers, **settings) if not each.ok]
    return finding


def test_a_healthy_number() -> None:
    findings = found(messages(), numbers(NUMBER), mms=True)
    assert [each.what for each in findings if each.ok] == [
        *ALWAYS,
        f"the account has the number {OURS}",
        "the number carries SMS",
        "the number carries MMS",
        "Twilio pushes what comes in to us",
    ]
    assert all(each.ok for each in findings)


def test_a_healthy_service() -> None:
    findings = found(messages(), service(), **serving())
    assert [each.what for each in findings if each.ok] == [
        *ALWAYS,
        f"the account has the messaging service {SERVICE}",
        "Twilio pushes what comes in to us",
    ]
    assert all(each.ok for each in findings)


@pytest.mark.parametrize("sender", ["12345", "Yizhan"])
def test_of_short_codes_and_names_there_is_no_list(sender: str) -> None:
    assert [each.what for each in found(messages(), **{"from": sender})] == ALWAYS


@pytest.mark.parametrize(
    ("changes", "what", "advice"),
    [
        ({"capabilities": {"sms": False, "mms": True}}, "carries SMS", "carries SMS"),
        ({"capabilities": {"sms": True, "mms": False}}, "carries MMS", "settings.mms = false"),
        ({"sms_url": ""}, "pushes what comes in", "no address"),
        ({"sms_url": "https://old.test/"}, "pushes what comes in", "https://old.test/"),
        ({"sms_url": f"{HOOK}/"}, "pushes what comes in", f"{HOOK}/ there"),
        ({"sms_method": "GET"}, "pushes what comes in", "HTTP POST"),
    ],
)
def test_a_number_that_is_set_up_wrong(changes: dict[str, Any], what: str, advice: str) -> None:
    finding = wrong(messages(), numbers({**NUMBER, **changes}), mms=True)
    assert what in finding.what and advice in finding.advice


def test_the_number_is_somebody_elses() -> None:
    finding = wrong(messages(), numbers())
    assert OURS in finding.what and "settings.from" in finding.advice


@pytest.mark.parametrize(
    ("answered", "what", "advice"),
    [
        ({"use_inbound_webhook_on_number": True}, "pushes what comes in", "Send a webhook"),
        ({"inbound_request_url": None}, "pushes what comes in", f"{SERVICE} › Integration"),
        ({"inbound_method": "GET"}, "pushes what comes in", "HTTP POST"),
        ({"status": 404, "code": 20404}, SERVICE, "settings.messaging_service_sid"),
        ({"status": 403, "code": 70051}, SERVICE, "docs/api/errors"),
    ],
)
def test_a_service_that_is_set_up_wrong(answered: dict[str, Any], what: str, advice: str) -> None:
    finding = wrong(messages(), service(**answered), **serving())
    assert what in finding.what and advice in finding.advice


@pytest.mark.parametrize(
    ("answered", "advice"),
    [
        ({"status": 401, "json": {"code": 20003, "message": "pushtoken2026", "status": 401}}, "account_sid"),
        ({"status": 403, "json": {"code": 20005}}, "suspended or closed"),
        ({"status": 404, "json": {"code": 20404}}, "settings.account_sid"),
        ({"status": 400, "json": {"code": 99999}}, "docs/api/errors"),
        ({"status": 429}, "Wait a minute"),
        ({"status": 503}, "api.twilio.com"),
        ({"body": requests.ConnectTimeout("pushtoken2026")}, "api.twilio.com"),
    ],
)
def test_twilio_does_not_answer(answered: dict[str, Any], advice: str) -> None:
    finding = wrong(answer("GET", "Messages.json", **answered))
    assert "Twilio's API" in finding.what and advice in finding.advice


@pytest.mark.parametrize(
    ("hook", "advice"),
    [
        ("http://127.0.0.1:8000/hooks/sms", "set public_url"),
        ("https://localhost/hooks/sms", "set public_url"),
        ("https://my_hub.example.com/hooks/sms", "without _"),
        ("http://hub.example.com/hooks/sms", "use https"),
    ],
)
def test_an_address_that_twilio_cannot_call(hook: str, advice: str) -> None:
    finding = wrong(messages(), numbers({**NUMBER, "sms_url": hook}), hook=hook)
    assert hook in finding.what and advice in finding.advice


@pytest.mark.parametrize(("ahead", "words"), [(5, "300 s ahead of"), (-5, "300 s behind")])
def test_the_clock_is_wrong(ahead: int, words: str) -> None:
    finding = wrong(messages(timedelta(minutes=ahead)), numbers(NUMBER))
    assert "clock" in finding.what and "NTP" in finding.advice
    seconds, _, side = words.partition(" s ")
    assert side in finding.what and abs(int(finding.what.split(" is ")[1].split()[0]) - int(seconds)) <= 2


def test_anybody_may_be_written_to() -> None:
    finding = wrong(messages(), numbers(NUMBER), countries=[])
    assert finding.what == "we write to numbers in any country" and "countries =" in finding.advice


def test_what_belongs_into_the_console() -> None:
    page = f"console.twilio.com › Phone Numbers › Manage › Active numbers › {OURS} › Messaging"
    assert texting().console(HOOK) == [
        Paste(page, "A message comes in: Webhook", f"{HOOK}{RETRIES}"),
        Paste(page, "HTTP", "HTTP POST"),
    ]


def test_what_belongs_into_the_console_of_a_service() -> None:
    page = f"console.twilio.com › Messaging › Services › {SERVICE} › Integration"
    assert texting(**serving()).console(HOOK) == [
        Paste(page, "Incoming Messages", "Send a webhook"),
        Paste(page, "Request URL", f"{HOOK}{RETRIES}"),
        Paste(page, "HTTP", "HTTP POST"),
    ]


def test_a_simulator_stands_for_all_of_twilios_hosts() -> None:
    base = "http://127.0.0.1:9"
    services = Response("GET", f"{base}/v1/Services/{SERVICE}", json=INTEGRATION)
    listed = Response("GET", f"{base}/2010-04-01/Accounts/{ACCOUNT}/Messages.json", json={"messages": []})
    findings = found(listed, services, api_base=base, **serving())
    assert all(each.ok for each in findings)

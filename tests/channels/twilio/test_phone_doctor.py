"""`yizhan doctor` of a phone line, and what to enter at Twilio."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import requests
from responses import GET, Response

from channels.contract import Paste
from tests.channels.cases import assert_no_secret, provider
from tests.channels.twilio.phone import API, HOOK, OURS, make_phone

CALLS, NUMBERS = f"{API}/Calls.json", f"{API}/IncomingPhoneNumbers.json"
NUMBER: dict[str, Any] = {
    "sid": f"PN{'0' * 32}",
    "phone_number": OURS,
    "capabilities": {"voice": True, "sms": True},
    "voice_url": HOOK,
    "voice_method": "POST",
    "voice_fallback_url": "https://handler.twilio.com/twiml/EH0",
    "status_callback": f"{HOOK}?on=status#rc=3&rp=5xx,ct,rt&rt=5000",
    "status_callback_method": "POST",
}
FINE = [
    f"Twilio can reach {HOOK}",
    "we call numbers in +852",
    "this server's clock is right",
    "Twilio accepts our credentials",
    f"the account has the number {OURS}",
    "the number carries calls",
    "Twilio asks us what callers hear",
    "Twilio tells us when callers hang up",
    "callers hear more than an error while we are down",
    "agents can answer in their browsers",
]


def answers(*numbers: dict[str, Any], ahead: timedelta = timedelta(0)) -> list[Response]:
    date = format_datetime(datetime.now(UTC) - ahead, usegmt=True)
    return [
        Response(GET, CALLS, json={"calls": [], "next_page_uri": None}, headers={"Date": date}),
        Response(GET, NUMBERS, json={"incoming_phone_numbers": list(numbers), "next_page_uri": None}),
    ]


def test_nothing_is_wrong() -> None:
    with provider(*answers(NUMBER)):
        found = list(make_phone().diagnose(HOOK))
    assert [each.what for each in found] == FINE
    assert all(each.ok and not each.advice for each in found)


@pytest.mark.parametrize(
    ("number", "what", "advice"),
    [
        ({"capabilities": {"voice": False}}, "carries calls", "carries voice"),
        ({"capabilities": None}, "carries calls", "carries voice"),
        ({"voice_url": ""}, "what callers hear", "no address"),
        ({"voice_url": "https://old.example.test/"}, "what callers hear", "https://old.example.test/"),
        ({"voice_method": "GET"}, "what callers hear", "HTTP POST"),
        ({"status_callback": None}, "when callers hang up", "no address"),
        ({"status_callback": HOOK}, "when callers hang up", f"Twilio has {HOOK} "),
        ({"status_callback_method": "GET"}, "when callers hang up", "HTTP POST"),
        ({"voice_fallback_url": ""}, "while we are down", "TwiML Bins"),
    ],
)
def test_a_number_that_is_set_up_wrong(number: dict[str, Any], what: str, advice: str) -> None:
    with provider(*answers({**NUMBER, **number})):
        [wrong] = [each for each in make_phone().diagnose(HOOK) if not each.ok]
    assert what in wrong.what
    assert advice in wrong.advice


def test_the_number_is_somebody_elses() -> None:
    with provider(*answers()):
        [wrong] = [each for each in make_phone().diagnose(HOOK) if not each.ok]
    assert wrong.what == f"the account has the number {OURS}"
    assert "settings.from" in wrong.advice


def test_numbers_cannot_be_asked_for() -> None:
    first, _ = answers()
    with provider(first, Response(GET, NUMBERS, status=503)):
        [wrong] = [each for each in make_phone().diagnose(HOOK) if not each.ok]
    assert OURS in wrong.what and "503" in wrong.what


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        ({"status": 401, "json": {"code": 20003, "message": "pushtoken2026", "status": 401}}, "account_sid"),
        ({"status": 429}, "Wait a minute"),
        ({"status": 503}, "api.twilio.com"),
        ({"body": requests.ConnectTimeout("pushtoken2026")}, "api.twilio.com"),
    ],
)
def test_twilio_does_not_answer(answer: dict[str, Any], advice: str) -> None:
    traces: list[str] = []
    with provider(Response(GET, CALLS, **answer)):
        *_, wrong = make_phone(traces.append).diagnose(HOOK)
    assert not wrong.ok
    assert advice in wrong.advice
    assert_no_secret(f"{wrong} {traces}", [])


@pytest.mark.parametrize("ahead", [timedelta(minutes=5), timedelta(minutes=-5)])
def test_the_clock_is_wrong(ahead: timedelta) -> None:
    with provider(*answers(NUMBER, ahead=ahead)):
        [wrong] = [each for each in make_phone().diagnose(HOOK) if not each.ok]
    assert "clock" in wrong.what


def test_anybody_may_be_called_and_browsers_are_not_set_up() -> None:
    with provider(*answers(NUMBER)):
        found = list(make_phone(countries=[], without=("api_key", "api_secret")).diagnose(HOOK))
    assert [each.what for each in found if not each.ok] == ["we call numbers in any country"]
    assert found[-1].what == "agents answer on their phones only"
    assert "API key" in found[-1].advice


def test_what_belongs_into_the_console() -> None:
    pasted = make_phone().console(HOOK)
    page = f"console.twilio.com › Phone Numbers › Manage › Active numbers › {OURS} › Voice"
    assert Paste(page, "A call comes in: Webhook", HOOK) in pasted
    assert Paste(page, "Call status changes", f"{HOOK}?on=status#rc=3&rp=5xx,ct,rt&rt=5000") in pasted
    assert {each.page for each in pasted} == {page}

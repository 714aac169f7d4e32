"""Text messages that go out: what Twilio is asked for, and what each of its refusals means."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
import requests
import responses

from channels.contract import Address, DeliveryResult, File
from channels.errors import Gone, Misconfigured, OptedOut, Refused, SendError, Throttled, Uncertain, Unreachable
from channels.twilio.errors import ERRORS
from tests.channels.accounts import SECRETS, TWILIO
from tests.channels.cases import assert_no_secret, assert_silent
from tests.channels.twilio.twilio import (
    ACCOUNT,
    CUSTOMER,
    HOOK,
    ID,
    OURS,
    PNG,
    SAID,
    SERVICE,
    SID,
    answer,
    form,
    made,
    message,
    refused,
    serving,
    taken,
    texting,
    twilio,
)


def fails(answer_: responses.BaseResponse, **settings: Any) -> SendError:
    traces: list[str] = []
    with twilio(answer_), pytest.raises(SendError) as failure:
        texting(traces, **settings).send(message())
    assert_silent(failure.value, [SAID, CUSTOMER])
    assert len(traces) == 1  # never a second call: it would be a second message
    assert_no_secret(traces[0], [SAID, CUSTOMER, CUSTOMER[1:]])
    return failure.value


def test_what_twilio_is_asked_for() -> None:
    with twilio(taken()) as calls:
        assert texting().send(message()) == DeliveryResult(SID)
    assert form(calls[0]) == {"To": [CUSTOMER], "From": [OURS], "Body": [SAID], "StatusCallback": [f"{HOOK}?m={ID}"]}
    login = b64encode(f"{TWILIO['api_key']}:{SECRETS['TEST_APP_SECRET']}".encode()).decode()
    assert calls[0].request.headers["Authorization"] == f"Basic {login}"


def test_by_a_messaging_service() -> None:
    with twilio(taken()) as calls:
        texting(**serving()).send(message())
    assert form(calls[0])["MessagingServiceSid"] == [SERVICE] and "From" not in form(calls[0])


def test_a_picture_is_fetched_by_twilio() -> None:
    number = texting(mms=True)
    number.publish = lambda file: f"https://hub.test/files/{file.name}"
    with twilio(taken()) as calls:
        number.send(message("", file=File("a.png", "image/png", PNG)))
    assert form(calls[0])["MediaUrl"] == ["https://hub.test/files/a.png"] and "Body" not in form(calls[0])
    assert number.capabilities.media["image"].takes("image/png")


def test_a_number_that_sends_no_files() -> None:
    assert texting().capabilities.media == {}
    with twilio(), pytest.raises(Refused, match="no files"):
        texting().send(message("", file=File("a.png", "image/png", PNG)))


def test_countries_that_ops_did_not_name() -> None:
    with twilio(), pytest.raises(Refused, match=r"\+852 only"):
        texting(countries=["+852"]).send(message(to=Address("tel", "+881612345678")))


def test_the_answer_may_say_that_it_failed_already() -> None:
    failure = fails(taken(code=21610, status="failed"))
    assert (type(failure), failure.code) == (OptedOut, "21610")


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_every_code_has_its_reaction(code: int) -> None:
    failure = fails(refused(code, 429 if code == 20429 else 400))
    assert type(failure) is ERRORS[code].error
    if code != 20429:
        assert (failure.code, failure.reason) == (str(code), ERRORS[code].words)


REACTIONS: dict[type[SendError], set[int]] = {
    Misconfigured: {20003, 20005, 21212, 21603, 21606, 21607, 21701, 21703, 21704, 21705, 30002},
    OptedOut: {21610},
    Gone: {21211, 21217, 21614, 30004, 30005, 30006},
    Throttled: {20429, 21611, 30001, 30017, 30022, 63018},
    Refused: {21408, 21602, 21612, 21617, 21620, 21621, 21622, 21623, 11751, 12300},
}


@pytest.mark.parametrize(("kind", "code"), [(kind, code) for kind, codes in REACTIONS.items() for code in codes])
def test_what_twilio_says_decides_what_happens_next(kind: type[SendError], code: int) -> None:
    assert type(fails(refused(code, 429 if code == 20429 else 400))) is kind


@pytest.mark.parametrize(
    ("answer_", "kind", "code"),
    [
        (refused(99999), Refused, "99999"),
        (refused(20429, 429), Throttled, "429"),
        (answer("POST", "Messages.json", 429, headers={"Retry-After": "7"}), Throttled, "429"),
        (answer("POST", "Messages.json", 401, body="<html>"), Misconfigured, "401"),
        (answer("POST", "Messages.json", 404, body=""), Refused, "404"),
        (answer("POST", "Messages.json", 408, json={"code": 20408}), Uncertain, "408"),
        (answer("POST", "Messages.json", 500, json={"code": 20500}), Uncertain, "500"),
        (answer("POST", "Messages.json", 502, body="<html>Bad gateway"), Uncertain, "502"),
        (answer("POST", "Messages.json", 307, headers={"Location": "https://evil.test/"}), Uncertain, "307"),
        (answer("POST", "Messages.json", 308, headers={"Location": "https://evil.test/"}), Uncertain, "308"),
        (answer("POST", "Messages.json", 201, body="<html>"), Uncertain, ""),
        (answer("POST", "Messages.json", 201, body=""), Uncertain, ""),
        (answer("POST", "Messages.json", 204, body=""), Uncertain, ""),
        (answer("POST", "Messages.json", 201, json=[made()]), Uncertain, ""),
        (answer("POST", "Messages.json", 201, json={}), Uncertain, ""),
        (answer("POST", "Messages.json", 201, json={"sid": "nonsense"}), Uncertain, ""),
        (answer("POST", "Messages.json", body=requests.ReadTimeout(CUSTOMER)), Uncertain, ""),
        (answer("POST", "Messages.json", body=requests.ConnectionError("reset")), Uncertain, ""),
        (answer("POST", "Messages.json", body=requests.ConnectTimeout(CUSTOMER)), Unreachable, ""),
    ],
    ids=[
        *("unknown", "slow down", "slow down in words", "login", "missing", "408", "500", "html", "307", "308"),
        *("no json", "empty", "nothing", "a list", "an empty object", "no id", "hangs", "reset", "no connection"),
    ],
)
def test_a_call_that_goes_wrong(answer_: responses.BaseResponse, kind: type[SendError], code: str) -> None:
    failure = fails(answer_)
    assert (type(failure), failure.code) == (kind, code)


def test_twilio_says_how_long_to_wait() -> None:
    failure = fails(answer("POST", "Messages.json", 429, headers={"Retry-After": "7"}))
    assert failure.after and failure.after.total_seconds() == 7


def test_control_characters_in_an_answer_hide_nothing() -> None:
    raw = json.dumps(made(error_message="a…b"), ensure_ascii=False).replace("…", "\x0b")
    with twilio(answer("POST", "Messages.json", 201, body=raw)):
        assert texting().send(message()) == DeliveryResult(SID)


def test_the_simulator_is_a_setting() -> None:
    with responses.RequestsMock() as mock:
        mock.add("POST", f"http://127.0.0.1:9/2010-04-01/Accounts/{ACCOUNT}/Messages.json", status=201, json=made())
        assert texting(api_base="http://127.0.0.1:9").send(message()) == DeliveryResult(SID)


def test_the_environment_of_the_process_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TWILIO_REGION": "au1", "TWILIO_EDGE": "sydney", "TWILIO_ACCOUNT_SID": "AC9"}.items():
        monkeypatch.setenv(name, value)
    with twilio(taken()):
        texting().send(message())

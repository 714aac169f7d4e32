"""What we have Twilio do to the legs of calls, and what each of its refusals means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
from responses import DELETE, GET, POST, Response, matchers

from channels.contract import Attachment, File
from channels.errors import Misconfigured, Refused, SendError, Throttled, Uncertain, Unreachable
from channels.twilio.call_errors import CALL_ERRORS
from channels.twilio.phone import Phone
from channels.voice import Placement
from tests.channels.accounts import SECRETS
from tests.channels.cases import assert_no_secret, assert_silent, provider, table
from tests.channels.twilio.phone import (
    ACCOUNT_SID,
    AGENT,
    API,
    CALL,
    CUSTOMER,
    HOOK,
    KEY_SID,
    OURS,
    RECORDING,
    UID,
    make_phone,
)

ROOM, CONFERENCE = "0f1e2d3c4b5a69788796a5b4c3d2e1f0", f"CF{'f6' * 16}"
CALLS, THE_CALL = f"{API}/Calls.json", f"{API}/Calls/{CALL}.json"
CONFERENCES, PARTICIPANT = f"{API}/Conferences.json", f"{API}/Conferences/{CONFERENCE}/Participants/{CALL}.json"
THE_RECORDING, SOUND = f"{API}/Recordings/{RECORDING}.json", f"{API}/Recordings/{RECORDING}.mp3"
MADE = {"sid": CALL, "status": "queued", "account_sid": ACCOUNT_SID, "direction": "outbound-api"}
STATUS_URL = f"{HOOK}?on=status&leg={UID}#rc=3&rp=5xx,ct,rt&rt=5000"
TO_AN_AGENT = Placement(uid=UID, to=AGENT, rings_for=timedelta(seconds=25))


def listed(*conferences: dict[str, Any]) -> dict[str, Any]:
    return {"conferences": list(conferences), "page": 0, "page_size": 1, "next_page_uri": None}


def refusal(code: int, status: int = 400) -> dict[str, Any]:
    message = f"The number {AGENT} said {SECRETS['TEST_TOKEN']}"
    return {"status": status, "json": {"code": code, "message": message, "more_info": "", "status": status}}


@dataclass
class Does:
    label: str
    do: Callable[[Phone], Any]
    answers: list[Response]
    form: list[tuple[str, str]] | None = None  # of the last call
    result: Any = None
    raises: type[SendError] | None = None
    reason: str = ""
    code: str = ""
    settings: dict[str, Any] = field(default_factory=dict)


def place(phone: Phone) -> str:
    return phone.place(TO_AN_AGENT)


def ring(to: str) -> Callable[[Phone], str]:
    return lambda phone: phone.place(Placement(uid=UID, to=to, rings_for=timedelta(seconds=20)))


def move(phone: Phone) -> None:
    phone.move(CALL, UID, "m3")


def end(phone: Phone) -> None:
    phone.end(CALL)


def hold(phone: Phone) -> None:
    phone.hold(CALL, ROOM, on=True)


def resume(phone: Phone) -> None:
    phone.hold(CALL, ROOM, on=False)


def forget(phone: Phone) -> None:
    phone.forget(RECORDING)


def fetch(phone: Phone) -> File:
    return phone.fetch(Attachment("audio", RECORDING))


def check(case: Does) -> None:
    traces: list[str] = []
    channel = make_phone(traces.append, **case.settings)
    with provider(*case.answers) as calls:
        if case.raises:
            with pytest.raises(SendError) as failure:
                case.do(channel)
            assert failure.type is case.raises
            assert case.reason in failure.value.reason
            assert failure.value.code == case.code
            assert_silent(failure.value, [AGENT, CUSTOMER])
        else:
            assert case.do(channel) == case.result
        if case.form is not None:
            assert sorted(parse_qsl(calls[-1].request.body)) == sorted(case.form)
    assert_no_secret("\n".join(traces), [AGENT, CUSTOMER, OURS])


def answer(method: str, url: str, **told: Any) -> Response:
    return Response(method, url, **told)


def in_room(**told: Any) -> list[Response]:
    asked = {"FriendlyName": ROOM, "Status": "in-progress", "PageSize": "1"}
    found = listed({"sid": CONFERENCE, "friendly_name": ROOM, "status": "in-progress"})
    return [
        Response(GET, CONFERENCES, json=found, match=[matchers.query_param_matcher(asked)]),
        Response(POST, PARTICIPANT, **told),
    ]


def rung(to: str, seconds: int) -> list[tuple[str, str]]:
    return [
        ("To", to),
        ("From", OURS),
        ("Url", f"{HOOK}?turn=0&leg={UID}"),
        ("Method", "POST"),
        ("StatusCallback", STATUS_URL),
        ("StatusCallbackMethod", "POST"),
        *(("StatusCallbackEvent", event) for event in ("initiated", "ringing", "answered", "completed")),
        ("Timeout", str(seconds)),
    ]


MUSIC = {"music": "https://cdn.example.test/waltz.mp3"}


@table(
    Does("an agent's phone", place, [answer(POST, CALLS, status=201, json=MADE)], rung(AGENT, 25), CALL),
    Does("a customer's", ring(CUSTOMER), [answer(POST, CALLS, status=201, json=MADE)], rung(CUSTOMER, 20), CALL),
    Does(
        "a browser",
        ring("client:agent_7"),
        [answer(POST, CALLS, status=201, json=MADE)],
        rung("client:agent_7", 20),
        CALL,
    ),
    Does(
        "an agent's phone abroad",
        ring("+4915112345678"),
        [answer(POST, CALLS, status=201, json=MADE)],
        rung("+4915112345678", 20),
        CALL,
    ),
    Does("move", move, [answer(POST, THE_CALL, json=MADE)], [("Url", f"{HOOK}?turn=m3&leg={UID}"), ("Method", "POST")]),
    Does(
        "move a leg that called us",
        lambda phone: phone.move(CALL, None, "m3"),
        [answer(POST, THE_CALL, json=MADE)],
        [("Url", f"{HOOK}?turn=m3"), ("Method", "POST")],
    ),
    Does("end", end, [answer(POST, THE_CALL, json=MADE)], [("Status", "completed")]),
    Does("end what has ended", end, [answer(POST, THE_CALL, **refusal(21220))]),
    Does("end what is gone", end, [answer(POST, THE_CALL, **refusal(20404, 404))]),
    Does("hold", hold, in_room(json={}), [("Hold", "true")]),
    Does("resume", resume, in_room(json={}), [("Hold", "false")]),
    Does(
        "hold to our own music",
        hold,
        in_room(json={}),
        [("Hold", "true"), ("HoldUrl", MUSIC["music"]), ("HoldMethod", "GET")],
        settings=MUSIC,
    ),
    Does("resume, music or not", resume, in_room(json={}), [("Hold", "false")], settings=MUSIC),
    Does("forget", forget, [answer(DELETE, THE_RECORDING, status=204)]),
    Does("forget what is gone", forget, [answer(DELETE, THE_RECORDING, **refusal(20404, 404))]),
    Does("fetch", fetch, [answer(GET, SOUND, body=b"ID3")], result=File("recording.mp3", "audio/mpeg", b"ID3")),
)
def test_done(case: Does) -> None:
    check(case)


@table(
    Does(
        "another country",
        ring("+14155550123"),
        [],
        raises=Refused,
        reason="this channel reaches numbers in +852 only",
    ),
    *(
        Does(f"{to!r} is no number", ring(to), [], raises=Refused, reason="no number", settings={"countries": []})
        for to in ("", "110", "sip:anna@example.test", "85251230001", "+852512300010000000", CALL)
    ),
    Does("moved too late", move, [answer(POST, THE_CALL, **refusal(21220))], raises=Refused, code="21220"),
    Does("moved, unknown", move, [answer(POST, THE_CALL, **refusal(20404, 404))], raises=Refused, code="20404"),
    Does("nobody in the room", hold, [answer(GET, CONFERENCES, json=listed())], raises=Refused, reason="nobody"),
    Does("not in the room", hold, in_room(**refusal(20404, 404)), raises=Refused, code="20404"),
    Does("a recording that is none", lambda phone: phone.fetch(Attachment("audio", "../Calls")), [], raises=Refused),
    Does("not there yet", fetch, [answer(GET, SOUND, **refusal(20404, 404))], raises=Unreachable, code="404"),
    Does("empty", fetch, [answer(GET, SOUND, body=b"")], raises=Unreachable),
    Does("not for us", fetch, [answer(GET, SOUND, **refusal(20003, 401))], raises=Misconfigured, code="401"),
    Does("an answer without an id", place, [answer(POST, CALLS, status=201, json={"sid": None})], raises=Uncertain),
    Does("an id of something else", place, [answer(POST, CALLS, status=201, json={"sid": "CA1"})], raises=Uncertain),
    Does("an answer that is no JSON", place, [answer(POST, CALLS, status=201, body="<html>")], raises=Uncertain),
    Does(
        "a code we do not know",
        place,
        [answer(POST, CALLS, **refusal(29999))],
        raises=Refused,
        code="29999",
        reason="we do not know",
    ),
)
def test_refused(case: Does) -> None:
    check(case)


@pytest.mark.parametrize("code", CALL_ERRORS)
def test_every_code_has_its_reaction(code: str) -> None:
    meaning = CALL_ERRORS[code]
    check(
        Does(
            code,
            place,
            [answer(POST, CALLS, **refusal(int(code)))],
            raises=meaning.error,
            reason=meaning.words,
            code=code,
        )
    )


TROUBLES: list[tuple[str, dict[str, Any], type[SendError], type[SendError]]] = [
    # what is answered, and what it means for what must not happen twice, and for what is only asked for
    ("too many", {"status": 429, "json": {"code": 20429, "message": "", "status": 429}}, Throttled, Throttled),
    ("an error", {"status": 500, "body": "<html>"}, Uncertain, Unreachable),
    ("a broken gateway", {"status": 502, "body": "<html>Bad Gateway</html>"}, Uncertain, Unreachable),
    ("away", {"status": 503}, Uncertain, Unreachable),
    ("sent elsewhere", {"status": 307, "headers": {"Location": "https://evil.example.test/"}}, Uncertain, Unreachable),
    ("too slow", {"status": 408}, Uncertain, Unreachable),
    ("no connection", {"body": requests.ConnectTimeout(SECRETS["TEST_TOKEN"])}, Unreachable, Unreachable),
    ("no answer", {"body": requests.ReadTimeout(SECRETS["TEST_TOKEN"])}, Uncertain, Unreachable),
    ("hung up", {"body": requests.ConnectionError(SECRETS["TEST_TOKEN"])}, Uncertain, Unreachable),
]
STEERING = {"move": (move, POST, THE_CALL), "end": (end, POST, THE_CALL), "forget": (forget, DELETE, THE_RECORDING)}


@pytest.mark.parametrize(("told", "posted"), [each[1:3] for each in TROUBLES], ids=[each[0] for each in TROUBLES])
class TestTroubles:
    def test_a_phone_is_never_rung_twice(self, told: dict[str, Any], posted: type[SendError]) -> None:
        check(Does("", place, [answer(POST, CALLS, **told)], raises=posted, code=code_of(told)))

    @pytest.mark.parametrize("what", STEERING)
    def test_legs_are_steered_in_vain(self, what: str, told: dict[str, Any], posted: type[SendError]) -> None:
        do, method, url = STEERING[what]
        check(Does("", do, [answer(method, url, **told)], raises=posted, code=code_of(told)))


@pytest.mark.parametrize(
    ("told", "asked"), [(each[1], each[3]) for each in TROUBLES], ids=[each[0] for each in TROUBLES]
)
def test_what_is_only_asked_for_can_be_asked_again(told: dict[str, Any], asked: type[SendError]) -> None:
    check(Does("", hold, [answer(GET, CONFERENCES, **told)], raises=asked, code=code_of(told)))


def code_of(told: dict[str, Any]) -> str:
    return str(told.get("status", ""))


def test_the_key_signs_in_where_there_is_one() -> None:
    for without, login in [
        ((), (KEY_SID, SECRETS["TEST_AES_KEY"])),
        (("api_key", "api_secret"), (ACCOUNT_SID, SECRETS["TEST_TOKEN"])),
    ]:
        with provider(answer(POST, THE_CALL, json=MADE), answer(GET, SOUND, body=b"ID3")) as calls:
            channel = make_phone(without=without)
            channel.end(CALL)
            channel.fetch(Attachment("audio", RECORDING, "voicemail.mp3"))
            expected = requests.auth._basic_auth_str(*login)
            assert [each.request.headers["Authorization"] for each in calls] == [expected] * 2


def test_the_simulator_is_called_in_twilios_place() -> None:
    there = f"http://127.0.0.1:8001/2010-04-01/Accounts/{ACCOUNT_SID}"
    with provider(
        answer(POST, f"{there}/Calls.json", status=201, json=MADE),
        answer(GET, f"{there}/Recordings/{RECORDING}.mp3", body=b"ID3"),
    ):
        channel = make_phone(api_base="http://127.0.0.1:8001")
        assert channel.place(TO_AN_AGENT) == CALL
        assert channel.fetch(Attachment("audio", RECORDING)).content == b"ID3"

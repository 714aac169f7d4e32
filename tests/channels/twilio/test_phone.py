"""Who may push calls, what is answered, and what the line does beside calling."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from pydantic import ValidationError

from channels.contract import Address, OutboundMessage, WebhookRequest
from channels.errors import BadSignature, Refused, Unreadable
from channels.voice import HangUp, Join, Pause, Script, Softphone
from tests.channels.accounts import SECRETS
from tests.channels.cases import assert_no_secret, assert_silent, table
from tests.channels.twilio.phone import (
    ACCOUNT_SID,
    CALL,
    CUSTOMER,
    FORM,
    HOOK,
    INBOUND,
    KEY_SID,
    OTHER_ACCOUNT,
    OURS,
    OUTBOUND,
    STATUS,
    UID,
    make_phone,
    signed,
)

LEG = f"&leg={UID}"

# who may tell


@dataclass
class Forged:
    label: str
    request: WebhookRequest
    settings: dict[str, Any] = field(default_factory=dict)


GOOD = signed("?turn=3", INBOUND)
SIGNATURE = GOOD.headers["X-Twilio-Signature"]
JSON = b'{"AccountSid": "%s"}' % ACCOUNT_SID.encode()


@table(
    Forged("no signature", replace(GOOD, headers={"Content-Type": FORM})),
    Forged("an empty one", replace(GOOD, headers={"Content-Type": FORM, "X-Twilio-Signature": ""})),
    Forged("one of another text", replace(GOOD, headers={"Content-Type": FORM, "X-Twilio-Signature": "é" * 28})),
    Forged("another body", replace(GOOD, body=GOOD.body + b"&Digits=0")),
    Forged("another turn", replace(GOOD, url=f"{HOOK}?turn=4", query={"turn": "4"})),
    Forged("another query", replace(GOOD, url=f"{HOOK}?on=status", query={"on": "status"})),
    Forged("another channel", replace(GOOD, url=GOOD.url.replace("/phone", "/hotline"))),
    Forged("another host", replace(GOOD, url=GOOD.url.replace("hub.", "evil."))),
    Forged("no address", replace(GOOD, url="https://hub.example.test")),
    Forged("another account's", signed("?turn=3", INBOUND | {"AccountSid": OTHER_ACCOUNT})),
    Forged("no account", signed("?turn=3", {"CallSid": CALL})),
    Forged("by GET", replace(GOOD, method="GET")),
    Forged("by GET, with nothing in it", signed("?turn=3", {}, method="GET", body=b"")),
    Forged("JSON", replace(GOOD, body=JSON, headers={**GOOD.headers, "Content-Type": "application/json"})),
    Forged("no form", replace(GOOD, headers={"X-Twilio-Signature": SIGNATURE})),
    Forged("the token is another one by now", GOOD, {"auth_token": "env:TEST_APP_SECRET"}),
)
def test_forged_pushes_are_refused(case: Forged) -> None:
    with pytest.raises(BadSignature) as failure:
        make_phone(**case.settings).verify(case.request)
    assert_silent(failure.value, [CUSTOMER, SIGNATURE])


@pytest.mark.parametrize("headers", [{"Host": "evil.example.test"}, {"X-Forwarded-Host": "evil.example.test"}])
def test_what_proxies_claim_does_not_count(headers: dict[str, str]) -> None:
    make_phone().verify(replace(GOOD, headers=GOOD.headers | headers))


def test_either_token_is_good_while_one_replaces_the_other() -> None:
    make_phone(auth_token="env:TEST_APP_SECRET", next_auth_token="env:TEST_TOKEN").verify(GOOD)


def test_a_replayed_push_is_the_same_event() -> None:
    """The signature has no time in it: the hub knows the second by its key."""
    channel = make_phone()
    first, second = (channel.parse(GOOD)[0] for _ in range(2))
    assert (first.key, first.turn) == (second.key, second.turn) == (f"{CALL}:3", "3")


@pytest.mark.parametrize(("query", "cut"), [("?on=status", "?on=status"), ("?turn=12", "2")])
def test_a_query_does_not_pass_for_a_field(query: str, cut: str) -> None:
    """What is signed is the address and the fields in one: moving their border leaves the signature as it was."""
    pushed = signed(query, INBOUND)
    kept = query.removesuffix(cut)
    moved = replace(
        pushed,
        url=f"{HOOK}{kept}",
        query={"turn": "1"} if kept else {},
        body=urlencode({cut: ""} | INBOUND).encode(),
    )
    channel = make_phone()
    channel.verify(moved)
    with pytest.raises(Unreadable, match="odd field names"):
        channel.parse(moved)


# answers


def test_pushes_that_only_tell_are_answered_with_nothing() -> None:
    reply = make_phone().acknowledge(signed("?on=status", OUTBOUND | STATUS))
    assert (reply.status, reply.content_type) == (200, "text/xml; charset=utf-8")
    assert reply.body == '<?xml version="1.0" encoding="UTF-8"?><Response/>'


def test_the_leg_that_asks_is_told_its_script() -> None:
    reply = make_phone().respond(signed("?turn=2", INBOUND), Script((Pause(1),), "3"))
    assert (reply.status, reply.content_type) == (200, "text/xml; charset=utf-8")
    assert '<Redirect method="POST">/hooks/phone?turn=3</Redirect>' in reply.body


def test_our_id_is_carried_along() -> None:
    script = Script((Join("room", recorded=True),), "3")
    reply = make_phone().respond(signed(f"?turn=2{LEG}", OUTBOUND), script)
    assert f'action="/hooks/phone?turn=3&amp;leg={UID}"' in reply.body
    assert f"?on=recording&amp;call={CALL}&amp;leg={UID}#" in reply.body


def test_music_of_our_own() -> None:
    channel = make_phone(music="https://cdn.example.test/waltz.mp3")
    assert (
        'waitUrl="https://cdn.example.test/waltz.mp3"'
        in channel.respond(signed("", INBOUND), Script((Join("room"),), "1")).body
    )


def test_hanging_up_needs_no_address() -> None:
    reply = make_phone().respond(signed("?turn=2", INBOUND), Script((HangUp(),), "3"))
    assert reply.body.endswith("<Response><Hangup /></Response>")


# whom we know


@pytest.mark.parametrize("written", [CUSTOMER, "+852 5123 0001", "00852-5123-0001", "(+852) 5123.0001"])
def test_numbers_as_agents_type_them(written: str) -> None:
    assert make_phone().address(written) == Address("tel", CUSTOMER)


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ("51230001", r"with \+ and its country"),
        ("Anna", r"with \+ and its country"),
        ("client:agent_1", r"with \+ and its country"),
        ("+14155550123", r"numbers in \+852 only"),
    ],
)
def test_numbers_that_we_do_not_call(written: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        make_phone().address(written)


def test_our_own_number() -> None:
    channel = make_phone()
    assert channel.is_own(OURS)
    assert not channel.is_own(CUSTOMER)


def test_nothing_is_sent() -> None:
    """Texts are said in calls: see Capabilities.spoken."""
    channel = make_phone()
    assert channel.capabilities.spoken
    with pytest.raises(Refused):
        channel.send(OutboundMessage(id=UID, to=Address("tel", CUSTOMER), text="您好"))


# browsers


def test_the_token_of_a_browser_lets_it_be_rung_and_no_more() -> None:
    channel = make_phone()
    softphone = channel.softphone(7)
    assert softphone == Softphone("twilio", softphone.token, 3600)
    told = jwt.decode(softphone.token, SECRETS["TEST_AES_KEY"], ["HS256"])
    assert told["grants"] == {"identity": "agent_7", "voice": {"incoming": {"allow": True}}}
    assert (told["iss"], told["sub"], told["exp"] - told["nbf"]) == (KEY_SID, ACCOUNT_SID, 3600)
    assert jwt.get_unverified_header(softphone.token)["cty"] == "twilio-fpa;v=1"
    assert channel.browser(7) == "client:agent_7"
    assert softphone.token not in repr(softphone)


def test_a_browser_connects_to_the_simulator_where_that_plays_twilio() -> None:
    softphone = make_phone(api_base="http://127.0.0.1:8001").softphone(7)
    assert softphone
    assert (softphone.driver, softphone.address) == ("simulator", "http://127.0.0.1:8001")


def test_without_an_api_key_agents_have_phones_only() -> None:
    without = {"api_key": "", "api_secret": "env:TEST_AES_KEY"}
    with pytest.raises(ValidationError, match="belong together"):
        make_phone(**without)
    assert make_phone(without=("api_key", "api_secret")).softphone(7) is None


# settings


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"from": "12345"}, "a phone line needs a number"),
        ({"from": "Yizhan"}, "a phone line needs a number"),
        ({"music": "waltz.mp3"}, "pattern"),
        ({"music": "ftp://cdn.example.test/waltz.mp3"}, "pattern"),
        ({"menu": {"0": "退货"}}, "1 to 9"),
        ({"agents": {"anna@example.test": "51230001"}}, r"with \+ and its country"),
        ({"messaging_service_sid": f"MG{'0' * 32}"}, "Extra inputs"),
        ({"auth_token": "0123456789abcdef"}, "never as itself"),
    ],
)
def test_settings_that_are_wrong(changes: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValidationError, match=wrong) as failure:
        make_phone(**changes)
    assert_no_secret(str(failure.value), [])


@pytest.mark.parametrize(
    ("changes", "hosts"),
    [
        ({}, ("https://*.twilio.com", "wss://*.twilio.com")),
        ({"api_base": "http://127.0.0.1:8001"}, ("http://127.0.0.1:8001",)),
    ],
)
def test_whom_the_browsers_of_agents_may_talk_to(changes: dict[str, Any], hosts: tuple[str, ...]) -> None:
    assert make_phone(**changes).browser_hosts() == hosts

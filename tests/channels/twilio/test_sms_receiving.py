"""Text messages that come in: what is signed, what it says, what becomes of what we sent."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from channels.contract import Address, Attachment, InboundMessage, Presence, Receipt, WebhookRequest
from channels.errors import BadSignature, Unreadable
from channels.twilio.errors import ERRORS, LATER, LEFT, why
from tests.channels.cases import assert_silent, make_channel
from tests.channels.twilio.twilio import (
    ACCOUNT,
    ANNA,
    API,
    CUSTOMER,
    FILE,
    HOOK,
    ID,
    KIND,
    OTHER_ACCOUNT,
    OURS,
    SID,
    TOKEN,
    push,
    received,
    seal,
    seen,
    status,
    wrote,
)

PICTURE = {"NumMedia": "1", "MediaContentType0": "image/jpeg", "MediaUrl0": f"{API}/Messages/{SID}/Media/{FILE}"}
SAID = "what the customer said"
PHOTO = Attachment("image", f"{SID}/{FILE}/image/jpeg")


def posted(body: bytes) -> WebhookRequest:
    """As Twilio signs JSON: the address names the digest of the body."""
    digest = hashlib.sha256(body).hexdigest()
    url = f"{HOOK}?bodySHA256={digest}"
    headers = {"Content-Type": "application/json", "X-Twilio-Signature": seal(url, [], TOKEN)}
    return WebhookRequest(url=url, query={"bodySHA256": digest}, headers=headers, body=body)


def read(request: WebhookRequest, **settings: Any) -> list[Any]:
    channel = make_channel(KIND, **settings)
    channel.verify(request)
    return channel.parse(request)


# what is let in


@pytest.mark.parametrize(
    "request_",
    [
        wrote(signed_by="another token"),
        replace(wrote(), headers={"Content-Type": "application/x-www-form-urlencoded"}),
        replace(wrote(), url="https://evil.test/hooks/sms"),
        replace(wrote(), url=f"{HOOK}?m=1"),
        replace(wrote(), body=wrote().body + b"&Body=other"),
        replace(wrote(), method="GET"),
        wrote(AccountSid=OTHER_ACCOUNT),
        wrote(AccountSid=None),
        WebhookRequest(url=HOOK, headers={"X-Twilio-Signature": "é" * 28}, body=b"\xff"),
    ],
    ids=["token", "no signature", "host", "query", "body", "method", "account", "no account", "bytes"],
)
def test_what_is_not_signed_as_ours_is_refused(request_: WebhookRequest) -> None:
    with pytest.raises(BadSignature):
        make_channel(KIND).verify(request_)


def test_what_headers_say_of_the_host_changes_nothing() -> None:
    request = wrote()
    forged = {
        "Host": "evil.test",
        "X-Forwarded-Host": "evil.test",
        "X-Forwarded-Path": "/x",
        "X-Forwarded-Proto": "ftp",
    }
    make_channel(KIND).verify(replace(request, headers={**request.headers, **forged}))


def test_while_a_token_is_changed_both_are_right() -> None:
    new = {"next_auth_token": "env:TEST_AES_KEY"}
    for token in ("pushtoken2026", "Kx9mQ2vT7bN4pL8wZ3cF6hJ1rS5dG0yUaEiOqWtMnBo"):
        assert read(wrote(signed_by=token), **new)


def test_it_is_answered_without_a_word() -> None:
    reply = make_channel(KIND).acknowledge(wrote())
    assert (reply.status, reply.content_type) == (200, "text/xml; charset=utf-8")
    assert reply.body == '<?xml version="1.0" encoding="UTF-8"?><Response/>'


# what customers say


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (wrote(), received()),
        (wrote("Where is my order? 😀"), received("Where is my order? 😀")),
        (wrote(" a+b & c=d\n第二行 "), received(" a+b & c=d\n第二行 ")),
        (wrote(""), received("")),
        (wrote(Body=None), received("")),
        (wrote(FromCountry="HK"), received(payload={"to": OURS, "country": "HK"})),
        (
            wrote("验证码1234", From="10690000"),
            received("验证码1234", sender=Address("tel", "10690000"), no_answer="machine"),
        ),
        (wrote("sale", From="SHOP 24"), received("sale", sender=Address("tel", "SHOP 24"), no_answer="machine")),
        (wrote("看图", **PICTURE), received("看图", attachments=(PHOTO,))),
        (wrote("", **PICTURE), received("", kind="image", attachments=(PHOTO,))),
        (wrote("x", NewField="y", SomethingElse=""), received("x")),
    ],
    ids=["chinese", "emoji", "signs", "empty", "absent", "country", "code", "name", "mms", "mms alone", "new fields"],
)
def test_a_message(request_: WebhookRequest, expected: dict[str, Any]) -> None:
    [event] = read(request_)
    assert isinstance(event, InboundMessage)
    assert (seen(event), event.key) == (expected, SID)


@pytest.mark.parametrize(
    "url",
    [
        f"{API}/Messages/{SID}/Media/{FILE}?x=1",
        f"{API}/Messages/SM{'9' * 32}/Media/{FILE}",
        f"https://api.twilio.com/2010-04-01/Accounts/{OTHER_ACCOUNT}/Messages/{SID}/Media/{FILE}",
        f"https://api.twilio.com.evil.test/2010-04-01/Accounts/AC/Messages/{SID}/Media/{FILE}",
        f"https://evil.test/{API}/Messages/{SID}/Media/{FILE}",
        f"http://api.twilio.com/2010-04-01/Messages/{SID}/Media/{FILE}",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "",
    ],
)
def test_a_file_that_lies_elsewhere_is_never_fetched(url: str) -> None:
    [event] = read(wrote("看图", **{**PICTURE, "MediaUrl0": url}))
    assert (event.attachments, event.payload["lost_files"]) == ((), ["image/jpeg"])


@pytest.mark.parametrize("medium", ["video/mp4", "audio/amr", "application/pdf", "text/vcard", "", "IMAGE/PNG; x=1"])
def test_files_of_every_type(medium: str) -> None:
    [event] = read(wrote("", **{**PICTURE, "MediaContentType0": medium}))
    kinds = {"video/mp4": "video", "audio/amr": "audio", "IMAGE/PNG; x=1": "image"}
    assert event.attachments[0].medium == kinds.get(medium, "file")


@pytest.mark.parametrize(
    "word", ["STOP", " stop ", "Unsubscribe", "ＳＴＯＰ", "END", "t", "TD", "退订", "退", "拒收", "R"]
)
def test_words_that_end_it(word: str) -> None:
    said, change = read(wrote(word))
    assert (said.text, said.no_answer) == (word, "opt_out")
    assert isinstance(change, Presence)
    assert (change.state, change.sender, change.key) == ("opted_out", ANNA, f"{SID}:opted_out")
    assert change.sent_at > said.sent_at


@pytest.mark.parametrize("word", ["START", "unstop", "恢复订阅"])
def test_words_that_begin_it_again(word: str) -> None:
    said, change = read(wrote(word))
    assert (said.no_answer, change.state) == ("opt_out", "opted_in")


@pytest.mark.parametrize("text", ["stop calling me", "请退款", "YES", "退货", "end of story", "Rr"])
def test_words_within_a_sentence_end_nothing(text: str) -> None:
    [said] = read(wrote(text))
    assert said.no_answer == ""


@pytest.mark.parametrize(
    ("kind", "states", "no_answer"),
    [("STOP", ["opted_out"], "opt_out"), ("START", ["opted_in"], "opt_out"), ("HELP", [], "opt_out")],
)
def test_twilio_says_how_it_understood_the_word(kind: str, states: list[str], no_answer: str) -> None:
    said, *changes = read(wrote("arrêt", OptOutType=kind))
    assert ([change.state for change in changes], said.no_answer) == (states, no_answer)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"MessageSid": "SM1"}, "bad MessageSid"),
        ({"MessageSid": None, "SmsSid": SID}, "missing MessageSid"),
        ({"From": "whatsapp:+85251230001"}, "not_sms"),
        ({"From": "<script>"}, "bad From"),
        ({"From": None}, "missing From"),
        ({"NumMedia": "99"}, "bad NumMedia"),
        ({"NumMedia": "-1"}, "bad NumMedia"),
    ],
)
def test_nonsense_that_is_signed_is_kept_for_people(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unreadable) as failure:
        read(wrote(SAID, **fields))
    assert str(failure.value) == reason
    assert_silent(failure.value, [SAID, CUSTOMER])


@pytest.mark.parametrize("name", ["MessageSid", "From", "To", "Body", "MessageStatus", "NumMedia", "AccountSid"])
def test_a_field_that_comes_twice_is_none(name: str) -> None:
    usual = wrote(SAID, MessageStatus="")
    twice = [*parse_qsl(usual.body.decode(), keep_blank_values=True), (name, ACCOUNT)]
    headers = {**usual.headers, "X-Twilio-Signature": seal(HOOK, twice, TOKEN)}
    request = replace(usual, headers=headers, body=urlencode(twice).encode())
    with pytest.raises(Unreadable, match=f"^repeated {name}$"):
        make_channel(KIND).parse(request)


def test_what_comes_to_the_fallback_address_is_the_same_message() -> None:
    [event] = read(wrote(ErrorCode="11200", ErrorUrl=HOOK))
    assert (seen(event), event.key) == (received(), SID)


def test_pushes_about_other_things_are_none_of_our_business() -> None:
    assert read(push(MessageSid=None, CallSid="CA" + "1" * 32, CallStatus="ringing")) == []


@pytest.mark.parametrize("body", [b'{"specversion":"1.0"}', b"[]", b"{}"])
def test_json_is_about_other_things(body: bytes) -> None:
    assert read(posted(body)) == []


def test_what_begins_like_json_and_is_none() -> None:
    with pytest.raises(Unreadable, match="bad_json"):
        read(posted(b'{"Body":"what the customer said'))


@pytest.mark.parametrize(
    "request_",
    [
        replace(posted(b"{}"), body=b'{"forged":1}'),
        replace(posted(b"{}"), headers={"Content-Type": "application/json"}),
        replace(
            posted(b"{}"), url=HOOK, headers={**posted(b"{}").headers, "X-Twilio-Signature": seal(HOOK, [], TOKEN)}
        ),
    ],
    ids=["another body", "no signature", "a body of which nothing is signed"],
)
def test_json_that_twilio_did_not_sign(request_: WebhookRequest) -> None:
    with pytest.raises(BadSignature):
        make_channel(KIND).verify(request_)


# what becomes of what we sent


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        *((each, "sent") for each in ("accepted", "scheduled", "queued", "sending", "sent", "partially_delivered")),
        ("delivered", "delivered"),
        ("read", "read"),
        *((each, "failed") for each in ("failed", "undelivered", "canceled")),
    ],
)
def test_a_status(told: str, expected: str) -> None:
    [event] = read(status(told))
    assert isinstance(event, Receipt)
    assert (event.provider_id, event.message, event.status) == (SID, ID, expected)


def test_a_status_that_we_do_not_know_says_nothing() -> None:
    assert read(status("teleported")) == []


def test_statuses_come_in_any_order_each_under_its_own_key() -> None:
    told = ["queued", "sending", "sent", "delivered"]
    for order in itertools.permutations(told):
        keys = [read(status(each))[0].key for each in order]
        assert sorted(keys) == sorted(f"{SID}:{each}:" for each in told)


def test_of_a_message_that_was_sent_before_we_put_our_id_into_the_address() -> None:
    [event] = read(status("delivered", ours=""))
    assert event.message is None


@pytest.mark.parametrize("ours", ["1", "not-a-uuid", "../x", ID.hex, f"{{{ID}}}", f"urn:uuid:{ID}", f"{ID}0"])
def test_an_id_that_is_none_of_ours(ours: str) -> None:
    with pytest.raises(Unreadable, match="bad m"):
        read(status("delivered", ours=ours))


@pytest.mark.parametrize("code", sorted(ERRORS.keys() - LEFT.keys()))
def test_a_failure_says_why(code: int) -> None:
    [event] = read(status("undelivered", ErrorCode=str(code)))
    assert (event.status, event.reason) == ("failed", why(code))
    assert str(code) in event.reason
    assert event.again == LATER.get(code)


def test_a_failure_without_a_code() -> None:
    [event] = read(status("undelivered"))
    assert event.reason == why(None)


@pytest.mark.parametrize(("code", "state"), [(21610, "opted_out"), (30005, "left"), (30006, "left")])
def test_a_failure_may_say_that_nobody_can_be_reached_there(code: int, state: str) -> None:
    receipt, change = read(status("undelivered", ErrorCode=str(code)))
    assert (receipt.status, receipt.reason, receipt.again) == ("failed", why(code), None)
    assert (change.state, change.sender, change.key) == (state, ANNA, f"{SID}:{state}")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"To": "whatsapp:+85251230001"}, "not_sms"),
        ({"To": "<script>"}, "bad To"),
        ({"To": None}, "missing To"),
        ({"ErrorCode": "many"}, "bad ErrorCode"),
        ({"ErrorCode": "-1"}, "bad ErrorCode"),
        ({"MessageSid": "SM1"}, "bad MessageSid"),
    ],
)
def test_a_status_that_makes_no_sense(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unreadable) as failure:
        read(status("undelivered", **fields))
    assert str(failure.value) == reason


def test_a_status_under_its_old_name_is_no_message_from_ourselves() -> None:
    [event] = read(push(SmsStatus="delivered", From=OURS, To=CUSTOMER))
    assert (event.event, event.status) == ("receipt", "delivered")

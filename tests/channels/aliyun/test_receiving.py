"""Pushes: who may make them, and what they say."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta
from typing import Any

import pytest

from channels.aliyun.errors import LEFT, UNDELIVERED
from channels.contract import Address, Event, InboundMessage, Presence, Receipt, WebhookRequest
from channels.errors import BadSignature, Unreadable
from tests.channels.aliyun.aliyun import ANNA, ID, KIND, NOON, OUT_ID, answer, push, report
from tests.channels.cases import Receives, check_receives, make_channel, table

ACCEPTED = '{"code":0,"msg":"接收成功"}'
OFFICE = {"sources": ["203.0.113.0/24", "2001:db8::/32"]}
SURROGATE = json.dumps([answer("a\0\ud800b")]).encode()
EXTRAS = {"dest_code": "10690001", "sign_name": "驿站"}


def received(**changes: Any) -> InboundMessage:
    usual = {"sender": ANNA, "provider_id": "1234567890", "sequence": 1234567890, "sent_at": NOON}
    return InboundMessage(**{**usual, "text": "什么时候到？", "payload": EXTRAS, **changes})


def changed(text: str, state: Any = "opted_out") -> list[Event]:
    """What was said, and then what it means."""
    key, at = f"1234567890:{state}", NOON + timedelta(milliseconds=1)
    return [received(text=text, no_answer="opt_out"), Presence(key=key, sender=ANNA, sent_at=at, state=state)]


def bad(label: str, *items: Any, reason: str, **more: Any) -> Receives:
    return Receives(label, push(*items, **more), raises=Unreadable, reason=reason)


@table(
    Receives("an answer", push(answer()), [received()], reply=ACCEPTED),
    Receives("with +86", push(answer(phone_number="+8613800138000")), [received()]),
    Receives("with 86", push(answer(phone_number="8613800138000")), [received()]),
    Receives("a number that is a number", push(answer(phone_number=13800138000)), [received()]),
    Receives(
        "from Hong Kong", push(answer(phone_number="85261234567")), [received(sender=Address("tel", "+85261234567"))]
    ),
    Receives("an id that is no number", push(answer(sequence_id="up-7")), [received(provider_id="up-7", sequence=0)]),
    Receives("an id beyond 64 bits", push(answer(sequence_id=2**63)), [received(provider_id=str(2**63), sequence=0)]),
    Receives("no extras", push(answer(dest_code=None, sign_name="")), [received(payload={})]),
    Receives("an empty answer", push(answer("")), [received(text="")]),
    Receives("what no database keeps", push(body=SURROGATE), [received(text="a?b")]),
    Receives("fields of the future", push(answer(parts=[{"a": 1}], more=None)), [received()]),
    Receives(
        "two answers",
        push(answer(), answer("在吗", sequence_id=7)),
        [received(), received(text="在吗", provider_id="7", sequence=7)],
    ),
    Receives("TD", push(answer("TD")), changed("TD"), reply=ACCEPTED),
    Receives("full width, small, with a full stop", push(answer(" ｔｄ。 ")), changed(" ｔｄ。 ")),
    Receives("退订", push(answer("退订")), changed("退订")),
    Receives("N", push(answer("n")), changed("n")),
    Receives("T", push(answer("T")), changed("T")),
    Receives("START", push(answer("start")), changed("start", "opted_in")),
    Receives("恢复订阅", push(answer("恢复订阅")), changed("恢复订阅", "opted_in")),
    Receives("a word for leaving in a sentence", push(answer("我要退订会员")), [received(text="我要退订会员")]),
    Receives(
        "our own words",
        push(answer("stop"), answer("T", sequence_id=7)),
        [*changed("stop"), received(text="T", provider_id="7", sequence=7)],
        settings={"opt_out": ["STOP"]},
    ),
    Receives("nothing", push(), [], reply=ACCEPTED),
    Receives("a browser", WebhookRequest(method="GET", query=push().query), [], reply=ACCEPTED),
    Receives("another system's report", push(report(out_id="order-17")), []),
    Receives("a report without id", push(report(out_id=None)), []),
    bad("not JSON", body=b"{garbage", reason="bad_json"),
    bad("not UTF-8", body=b'["\xff"]', reason="bad_json"),
    bad("empty", body=b"", reason="bad_json"),
    bad("deep", body=b"[" * 100_000, reason="too_deep"),
    bad("an object", body=b"{}", reason="not a list of objects"),
    bad("a list of texts", "a", reason="not a list of objects"),
    bad("some other push", {"template_code": "SMS_1"}, reason="neither a report nor an answer"),
    bad("one of two is bad", report(), answer(phone_number="10086"), reason="bad phone_number"),
    bad("no number", answer(phone_number=None), reason="missing phone_number"),
    bad("a nested number", answer(phone_number=["13800138000"]), reason="missing phone_number"),
    bad("no time", answer(send_time=None), reason="missing send_time"),
    bad("another time", answer(send_time="2026-03-01T20:00:00Z"), reason="bad send_time"),
    bad("the first year", answer(send_time="0001-01-01 00:00:00"), reason="bad send_time"),
    bad("neither success nor failure", report(success="maybe"), reason="bad success"),
    bad("no outcome", report(success=None), reason="missing success"),
)
def test_receives(case):
    check_receives(KIND, case)


@table(
    Receives("no secret", push(answer(), secret=""), raises=BadSignature),
    Receives("another secret", push(answer(), secret="x" * 43), raises=BadSignature),
    Receives("a secret that is no ASCII", push(answer(), secret="é" * 43), raises=BadSignature),
    Receives("the secret in the body", push({"secret": "env"}, secret=""), raises=BadSignature),
    Receives("a browser without the secret", WebhookRequest(method="GET"), raises=BadSignature),
    Receives("anywhere, where no source is named", push(answer(), source="198.51.100.1"), [received()]),
    Receives("a known source", push(answer(), source="203.0.113.9"), [received()], settings=OFFICE),
    Receives("a known source in IPv6", push(answer(), source="2001:db8::1"), [received()], settings=OFFICE),
    Receives("a mapped source", push(answer(), source="::ffff:203.0.113.9"), [received()], settings=OFFICE),
    Receives("an unknown source", push(answer(), source="198.51.100.1"), raises=BadSignature, settings=OFFICE),
    Receives("no source", push(answer()), raises=BadSignature, settings=OFFICE),
    Receives("no address", push(answer(), source="unknown"), raises=BadSignature, settings=OFFICE),
    Receives(
        "a known source without the secret",
        push(answer(), secret="", source="203.0.113.9"),
        raises=BadSignature,
        settings=OFFICE,
    ),
)
def test_who_may_push(case):
    check_receives(KIND, case)


def read(*items: Any) -> list[Event]:
    channel = make_channel(KIND)
    channel.verify(push(*items))
    return list(channel.parse(push(*items)))


def test_a_report_of_success():
    [event] = read(report())
    assert event == Receipt(key=event.key, sent_at=NOON, provider_id=OUT_ID, message=ID, status="delivered")


def test_without_its_own_time_a_report_has_that_of_the_message():
    [event] = read(report(report_time=None, send_time="2026-03-01 20:00:00"))
    assert event.sent_at == NOON


@pytest.mark.parametrize("code", sorted(UNDELIVERED.keys() - LEFT.keys()))
def test_a_report_of_failure_says_why(code):
    [event] = read(report(success=False, err_code=code, err_msg="…"))
    assert (event.status, event.reason) == ("failed", f"{code}: {UNDELIVERED[code]}")


@pytest.mark.parametrize(
    ("code", "reason"), [("MK:0001", "MK:0001: it was not delivered"), ("", "it was not delivered")]
)
def test_a_failure_of_a_code_we_do_not_know(code, reason):
    [event] = read(report(success="false", err_code=code))
    assert event.reason == reason


@pytest.mark.parametrize(("code", "state"), LEFT.items())
def test_a_customer_who_left_is_known_from_the_report(code, state):
    receipt, presence = read(report(success=False, err_code=code))
    assert receipt.status == "failed"
    assert presence == Presence(key=presence.key, sender=ANNA, sent_at=NOON, state=state)
    assert presence.key != receipt.key


def test_a_report_that_comes_again_has_the_same_key():
    later = report(report_time="2026-03-01 21:00:00", err_msg="", phone_number="+8613800138000")
    assert read(report())[0].key == read(report())[0].key == read(later)[0].key


def test_reports_that_differ_have_keys_of_their_own():
    others = [
        report(biz_id="1^0"),
        report(phone_number="13900139000"),
        report(success=False, err_code="INVALID_NUMBER"),
        report(success=False, err_code="NO_ROUTE"),
    ]
    assert len({read(each)[0].key for each in [report(), *others]}) == 5


def test_the_order_of_a_batch_changes_nothing():
    items = [
        report(),
        report(biz_id="1^0", success=False, err_code="USER_REJECT"),
        answer(),
        answer("TD", sequence_id=2),
    ]
    seen = {frozenset((event.key, repr(event)) for event in read(*order)) for order in itertools.permutations(items)}
    assert [len(events) for events in seen] == [6]


def test_a_large_batch():
    events = read(*(report(biz_id=f"{number}^0") for number in range(500)))
    assert len({event.key for event in events}) == 500


def test_an_answer_without_id_gets_the_same_one_each_time():
    def key(**changes: Any) -> str:
        return read(answer(**{"sequence_id": None, **changes}))[0].key

    assert key() == key() == key(sign_name="")
    assert len({key(), key(content="在吗"), key(phone_number="13900139000"), key(send_time="2026-03-01 20:00:01")}) == 4


def test_a_replayed_push_repeats_its_keys():
    again = push(report(), answer(), answer("TD", sequence_id=2))
    channel = make_channel(KIND)
    assert [event.key for event in channel.parse(again)] == [event.key for event in channel.parse(again)]


def test_the_acknowledgement_is_json():
    reply = make_channel(KIND).acknowledge(push(answer()))
    assert (reply.status, reply.body) == (200, ACCEPTED)
    assert reply.content_type == "application/json; charset=utf-8"

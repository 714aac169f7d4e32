"""TwiML is read as Twilio reads it, and what it would stumble over is told with its code."""

from __future__ import annotations

import pytest

from simulator.twilio.voice.twiml import Broken, read

TURN = (
    '<?xml version="1.0" encoding="UTF-8"?><Response><Gather action="/voice/c1/turn?t=2" actionOnEmptyResult="true" '
    'hints="退货,转人工" input="dtmf speech" language="cmn-Hans-CN" method="POST" numDigits="1" speechTimeout="auto" '
    'timeout="5"><Say language="cmn-CN" voice="Polly.Zhiyu-Neural">您好</Say></Gather></Response>'
)
TO_A_BROWSER = (
    '<?xml version="1.0" encoding="UTF-8"?><Response><Dial action="/voice/c1/done" answerOnBridge="true" '
    'callerId="+14155550100" record="record-from-answer-dual" recordingStatusCallback="https://h/rec" '
    'recordingStatusCallbackEvent="completed absent" timeout="20"><Client statusCallback="https://h/leg" '
    'statusCallbackEvent="initiated ringing answered completed">agent_7</Client></Dial></Response>'
)
TO_A_ROOM = (
    '<Response><Dial action="?leg=x&amp;turn=4"><Conference startConferenceOnEnter="true" endConferenceOnExit="true" '
    'participantLabel="customer" beep="false" waitUrl="" record="record-from-start" statusCallbackEvent="start end '
    'join leave hold">9f</Conference></Dial></Response>'
)


def test_a_turn() -> None:
    [gather] = read(TURN.encode())
    assert (gather.name, gather.words("input", ""), gather.number("numDigits", 0)) == ("Gather", {"dtmf", "speech"}, 1)
    assert [(child.name, child.text) for child in gather.children] == [("Say", "您好")]


@pytest.mark.parametrize(
    ("document", "noun", "text"), [(TO_A_BROWSER, "Client", "agent_7"), (TO_A_ROOM, "Conference", "9f")]
)
def test_dialling(document: str, noun: str, text: str) -> None:
    [dial] = read(document)
    assert [(child.name, child.text) for child in dial.children] == [(noun, text)]


@pytest.mark.parametrize(
    "document",
    [
        "<Response/>",
        "<Response><Dial>+85251230001</Dial></Response>",
        "<Response><Say>Order <say-as interpret-as='digits'>991</say-as>, <break/>please</Say></Response>",
        "<Response><Start><Recording recordingStatusCallback='/rec' channels='dual'/></Start><Leave/></Response>",
        "<Response><Dial><Client><Identity>a_7</Identity><Parameter name='a' value='b'/></Client></Dial></Response>",
    ],
)
def test_documents_that_are_right(document: str) -> None:
    read(document, "text/xml; charset=utf-8")


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("", 12100),
        ("<Response><Say>", 12100),
        ("<Response><Say>\x0b</Say></Response>", 12100),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><Response/>", 12100),
        ("<Answer/>", 12100),
        ("<Response>Hello</Response>", 12200),
        ("<Response><Shout/></Response>", 12200),
        ("<Response><say>Hello</say></Response>", 12200),
        ("<Response><Say speed='2'>Hello</Say></Response>", 12200),
        ("<Response><Say loop='often'>Hello</Say></Response>", 12200),
        ("<Response><Gather><Dial>+85251230001</Dial></Gather></Response>", 12200),
        ("<Response><Gather language='zh-CN'/></Response>", 12200),  # a voice's name for Chinese, not a listener's
        ("<Response><Gather input='voice'/></Response>", 12200),
        ("<Response><Gather method='PUT'/></Response>", 12200),
        ("<Response><Gather input='speech' speechModel='default' speechTimeout='auto'/></Response>", 13335),
        ("<Response><Dial>nobody</Dial></Response>", 12200),
        ("<Response><Dial/></Response>", 12200),
        ("<Response><Dial><Conference>a</Conference><Number>+85251230001</Number></Dial></Response>", 12200),
        ("<Response><Dial><Client>agent@7</Client></Dial></Response>", 12200),
        ("<Response><Dial><Conference beep='loud'>a</Conference></Dial></Response>", 12200),
        ("<Response><Say></Say></Response>", 13520),
        (f"<Response><Say>{'好' * 4097}</Say></Response>", 13520),
    ],
)
def test_documents_that_are_wrong(document: str, code: int) -> None:
    with pytest.raises(Broken) as raised:
        read(document)
    assert raised.value.code == code


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/json"])
def test_what_is_no_xml(content_type: str) -> None:
    with pytest.raises(Broken) as raised:
        read("<Response/>", content_type)
    assert raised.value.code == 12300

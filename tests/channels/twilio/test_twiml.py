"""What a leg is told to do, letter by letter: Twilio says nothing about an attribute that it does not know."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from defusedxml.ElementTree import fromstring

from channels.twilio.hooks import RETRIES
from channels.twilio.twiml import LONGEST_SAY, Leg, document
from channels.voice import Ask, HangUp, Join, Music, Pause, Record, Say, Script, Step

CALL = "CA0123456789abcdef0123456789abcdef"
UID = UUID("5f0e2a3c-7d41-4b8e-9c55-0a1b2c3d4e5f")
ROOM = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
CALLER = Leg("https://hub.example.test/hooks/phone", CALL, None)
PLACED = replace(CALLER, uid=UID)
WITH_MUSIC = replace(CALLER, music="https://cdn.example.test/waltz.mp3?v=1&n=2")

NEXT = "/hooks/phone?turn=3"
NEXT_PLACED = f"{NEXT}&amp;leg={UID}"
TO_ZH = 'language="cmn-CN" voice="Polly.Zhiyu-Neural"'
TO_EN = 'language="en-US" voice="Polly.Joanna-Neural"'
TOLD = (
    f'recordingStatusCallback="https://hub.example.test/hooks/phone?on=recording&amp;call={CALL}'
    '#rc=3&amp;rp=5xx,ct,rt&amp;rt=5000"'
    ' recordingStatusCallbackEvent="completed absent" recordingStatusCallbackMethod="POST"'
)
TOLD_PLACED = TOLD.replace(CALL, f"{CALL}&amp;leg={UID}")
KEYS = f'<Gather action="{NEXT}" actionOnEmptyResult="true" input="dtmf" method="POST" numDigits="1" timeout="1">'
RECORD = (
    f'<Record action="{NEXT}" finishOnKey="#" maxLength="120" method="POST" playBeep="true" {TOLD} timeout="5"'
    ' trim="trim-silence" />'
)
ASK_AGAIN = f'<Redirect method="POST">{NEXT}</Redirect>'

STEPS_OF_A_CALL = {
    "greeted, told that it is recorded, and asked": (
        (Ask((Say("您好，这里是驿站小店。"), Say("请说出您的问题。")), digits=1, hints=("退款", "转人工")),),
        CALLER,
        f'<Gather action="{NEXT}" actionOnEmptyResult="true" hints="退款,转人工" input="dtmf speech"'
        ' language="cmn-Hans-CN" method="POST" numDigits="1" speechTimeout="auto" timeout="5">'
        f"<Say {TO_ZH}>您好，这里是驿站小店。</Say><Say {TO_ZH}>请说出您的问题。</Say></Gather>",
    ),
    "the bot takes a moment": (
        (Say("请稍等。"), Pause(1)),
        CALLER,
        f'<Say {TO_ZH}>请稍等。</Say><Pause length="1" />{ASK_AGAIN}',
    ),
    "waits in the queue": (
        (Ask((Say("您是下一位。"), Music(15)), speech=False, patience=1),),
        CALLER,
        f'{KEYS}<Say {TO_ZH}>您是下一位。</Say><Pause length="15" /></Gather>',
    ),
    "waits in the queue, to music": (
        (Ask((Say("您是下一位。"), Music(15)), speech=False, patience=1),),
        WITH_MUSIC,
        f"{KEYS}<Say {TO_ZH}>您是下一位。</Say><Play>https://cdn.example.test/waltz.mp3?v=1&amp;n=2</Play></Gather>",
    ),
    "speaks on the machine, or is silent": ((Record(120),), CALLER, f"{RECORD}{ASK_AGAIN}"),
    "is told why, and recorded": (
        (Say("现在没有人。"), Record(120)),
        CALLER,
        f"<Say {TO_ZH}>现在没有人。</Say>{RECORD}{ASK_AGAIN}",
    ),
    "talks, and nobody stays when it leaves": (
        (Say("正在接通。"), Join(ROOM, closes=True, recorded=True)),
        CALLER,
        f'<Say {TO_ZH}>正在接通。</Say><Dial action="{NEXT}" method="POST"><Conference beep="false"'
        f' endConferenceOnExit="true" record="record-from-start" {TOLD} startConferenceOnEnter="true">{ROOM}'
        "</Conference></Dial>",
    ),
    "talks, after music": (
        (Join(ROOM, closes=True),),
        WITH_MUSIC,
        f'<Dial action="{NEXT}" method="POST"><Conference beep="false" endConferenceOnExit="true"'
        ' startConferenceOnEnter="true" waitMethod="GET"'
        f' waitUrl="https://cdn.example.test/waltz.mp3?v=1&amp;n=2">{ROOM}</Conference></Dial>',
    ),
    "an agent's phone is asked": (
        (Ask((Say("客户来电，按一接听。"),), speech=False, patience=8),),
        PLACED,
        f'<Gather action="{NEXT_PLACED}" actionOnEmptyResult="true" input="dtmf" method="POST" numDigits="1"'
        f' timeout="8"><Say {TO_ZH}>客户来电，按一接听。</Say></Gather>',
    ),
    "an agent joins": (
        (Join(ROOM),),
        PLACED,
        f'<Dial action="{NEXT_PLACED}" method="POST"><Conference beep="false" endConferenceOnExit="false"'
        f' startConferenceOnEnter="true">{ROOM}</Conference></Dial>',
    ),
    "whom we called is announced, and recorded": (
        (Say("客服来电。"), Join(ROOM, closes=True, recorded=True)),
        PLACED,
        f'<Say {TO_ZH}>客服来电。</Say><Dial action="{NEXT_PLACED}" method="POST"><Conference beep="false"'
        f' endConferenceOnExit="true" record="record-from-start" {TOLD_PLACED} startConferenceOnEnter="true">{ROOM}'
        "</Conference></Dial>",
    ),
    "hangs up": ((Say("再见。"), HangUp()), CALLER, f"<Say {TO_ZH}>再见。</Say><Hangup />"),
    "has nothing to do": ((), CALLER, ASK_AGAIN),
    "waits alone": ((Music(15),), CALLER, f'<Pause length="15" />{ASK_AGAIN}'),
}


@pytest.mark.parametrize(("steps", "leg", "written"), STEPS_OF_A_CALL.values(), ids=STEPS_OF_A_CALL.keys())
def test_each_step_of_a_call(steps: tuple[Step, ...], leg: Leg, written: str) -> None:
    text = document(Script(steps, "3"), leg)
    assert text == f'<?xml version="1.0" encoding="UTF-8"?><Response>{written}</Response>'
    assert fromstring(text).tag == "Response"


def test_english_is_spoken_and_understood() -> None:
    text = document(Script((Ask((Say("Hello"),), hints=("refund",)), HangUp()), "1", "en"), CALLER)
    assert f"<Say {TO_EN}>Hello</Say>" in text
    assert 'hints="refund" input="dtmf speech" language="en-US"' in text


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (Ask(speech=True, digits=0), {"input": "speech", "speechTimeout": "auto", "language": "cmn-Hans-CN"}),
        (Ask(speech=False, digits=12), {"input": "dtmf", "numDigits": "12"}),
        (Ask(speech=False, hints=("退款",)), {"input": "dtmf", "numDigits": "1"}),
        (
            Ask(hints=("退,款", "", "a\x00b", "长" * 300)),
            {
                "input": "dtmf speech",
                "numDigits": "1",
                "speechTimeout": "auto",
                "language": "cmn-Hans-CN",
                "hints": f"退 款,ab,{'长' * 100}",
            },
        ),
    ],
)
def test_what_is_listened_for(ask: Ask, said: dict[str, str]) -> None:
    [gather] = fromstring(document(Script((ask,), "3"), CALLER))
    always = {"action": NEXT, "method": "POST", "timeout": "5", "actionOnEmptyResult": "true"}
    assert gather.attrib == always | said


def test_as_many_hints_as_are_allowed() -> None:
    [gather] = fromstring(document(Script((Ask(hints=tuple(map(str, range(600)))),), "3"), CALLER))
    assert gather.get("hints", "").split(",") == [str(number) for number in range(500)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        (" \n\x07", []),
        ('a < b & "c" ]]> </Say><Hangup/>', ['a < b & "c" ]]> </Say><Hangup/>']),
        ("一\x00二\x0b\x1f\ufffe\uffff三", ["一二三"]),
        ("前\ud83d后", ["前后"]),
        ("笑😀", ["笑😀"]),
        ("一。" * 2048, ["一。" * 2048]),
        ("一二三。" * 1500, ["一二三。" * 1024, "一二三。" * 476]),
        ("It is. " * 700, [("It is. " * 585), ("It is. " * 115).strip()]),
        ("1.5" * 2000, [("1.5" * 2000)[:LONGEST_SAY], ("1.5" * 2000)[LONGEST_SAY:]]),
    ],
    ids=repr,
)
def test_what_is_said_is_cut_by_the_sentence(text: str, parts: list[str]) -> None:
    said = fromstring(document(Script((Say(text), HangUp()), "3"), CALLER)).findall("Say")
    assert [each.text for each in said] == parts
    assert all(len(each.text or "") <= LONGEST_SAY for each in said)


@pytest.mark.parametrize("hook", ["https://hub.example.test/hooks/phone", "https://example.test/desk/hooks/phone"])
@pytest.mark.parametrize("steps", [(Ask(),), (Record(9),), (Join(ROOM, recorded=True),), (Pause(1),)])
def test_every_address_leads_back_to_us(hook: str, steps: tuple[Step, ...]) -> None:
    """Twilio resolves those without a host against the document's own."""
    path = hook.removeprefix("https://hub.example.test").removeprefix("https://example.test")
    text = document(Script(steps, "m3"), Leg(hook, CALL, UID))
    addresses = [
        value for each in fromstring(text).iter() for value in (*each.attrib.values(), each.text or "") if "?" in value
    ]
    assert addresses
    assert set(addresses) <= {f"{path}?turn=m3&leg={UID}", f"{hook}?on=recording&call={CALL}&leg={UID}{RETRIES}"}

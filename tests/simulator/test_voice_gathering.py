"""Gather listens as Twilio does: keys and speech, prompts that are cut short, silence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulator.phoning import Line, heard, response, telephone

PROMPT = '<Say language="zh-CN">请说出您的问题，或者按零转人工客服。</Say>'
BOTH = 'input="dtmf speech" speechTimeout="auto"'


@pytest.fixture
def line() -> Iterator[Line]:
    with telephone() as standing:
        yield standing


def gathered(line: Line, attributes: str, *steps: dict[str, Any], prompt: str = PROMPT) -> dict[str, str] | None:
    """What the action was told; None if the next verb came instead."""
    line.says(response(f'<Gather action="/heard" {attributes}>{prompt}</Gather>', "<Say>Nothing</Say>"))
    line.says(response("<Say>Thank you</Say>"), "/heard")
    call = line.calls(*steps)
    assert (call["script"]["outcome"], line.errors()) == ("done", []), call
    asked = line.hub.asked("/heard")
    assert ("Nothing" in heard(call)) == (not asked)
    names = ("Digits", "SpeechResult")
    return {name: asked[0][name] for name in names if name in asked[0]} if asked else None


@pytest.mark.parametrize(
    ("attributes", "steps", "expected"),
    [
        ('numDigits="1"', [{"hear": "请说"}, {"press": "0"}], {"Digits": "0"}),
        ('numDigits="4"', [{"hear": "请说"}, {"press": "12"}, {"wait": 2}, {"press": "345"}], {"Digits": "1234"}),
        ("", [{"hear": "请说"}, {"press": "991#"}], {"Digits": "991"}),
        ('finishOnKey="*"', [{"hear": "请说"}, {"press": "9#1*"}], {"Digits": "9#1"}),
        ('finishOnKey=""  numDigits="2"', [{"hear": "请说"}, {"press": "#*"}], {"Digits": "#*"}),
        ('timeout="2"', [{"hear": "请说"}, {"press": "99"}], {"Digits": "99"}),  # the silence after it
        ("", [{"hear": "请说"}, {"press": "#"}], None),
        ("", [{"hear": "请说"}, {"say": "退货"}, {"hear": "Nothing"}], None),  # nobody listens for speech
        (BOTH, [{"hear": "请说"}, {"say": "我要退货"}], {"SpeechResult": "我要退货"}),
        (f'{BOTH} numDigits="1"', [{"hear": "请说"}, {"say": "人工"}, {"press": "0"}], {"SpeechResult": "人工"}),
        ('input="speech"', [{"hear": "请说"}, {"press": "0"}, {"hear": "Nothing"}], None),
        (
            'input="speech" speechTimeout="3"',
            [{"hear": "请说"}, {"say": "one"}, {"wait": 1}, {"say": "two"}],
            {"SpeechResult": "one two"},
        ),
        (f'{BOTH} timeout="2"', [{"hear": "Nothing"}], None),
        ('timeout="2" actionOnEmptyResult="true"', [{"hear": "Thank you"}], {"Digits": ""}),
        (f'{BOTH} timeout="1" actionOnEmptyResult="true"', [{"hear": "Thank"}], {"Digits": "", "SpeechResult": ""}),
    ],
)
def test_what_is_heard(line: Line, attributes: str, steps: list[Any], expected: dict[str, str] | None) -> None:
    assert gathered(line, attributes, *steps) == expected


@pytest.mark.parametrize(("confidence", "told"), [(0.5, "0.5000"), (None, None)])
def test_how_sure_the_listener_is(line: Line, confidence: float | None, told: str | None) -> None:
    gathered(line, BOTH, {"hear": "请说"}, {"say": "退货", "confidence": confidence}, {"hear": "Thank"})
    assert line.hub.asked("/heard")[0].get("Confidence") == told


@pytest.mark.parametrize("act", [{"press": "0"}, {"say": "转人工"}])
def test_prompts_are_cut_short(line: Line, act: dict[str, Any]) -> None:
    assert gathered(line, f'{BOTH} numDigits="1"', {"hear": "请说", "interrupts": True}, act)
    [prompt] = [each for each in line.get("calls/" + line.last())["lines"] if each.get("text", "").startswith("请说")]
    assert prompt["cut"] is True


def test_speech_that_may_not_interrupt_is_lost(line: Line) -> None:
    steps = [{"hear": "请说", "interrupts": True}, {"say": "喂"}, {"wait": 3}, {"say": "人工"}]
    assert (gathered(line, f'{BOTH} bargeIn="false"', *steps) or {})["SpeechResult"] == "人工"
    lost = [each["heard"] for each in line.get("calls/" + line.last())["lines"] if each["kind"] == "own"]
    assert lost == [False, True]


def test_what_is_said_outside_is_lost(line: Line) -> None:
    line.says(response("<Say>" + "word " * 12 + "</Say>", '<Gather action="/heard" timeout="1"/>'))
    call = line.calls({"hear": "word", "interrupts": True}, {"press": "1"}, {"hung_up": True})
    assert [each["heard"] for each in call["lines"] if each["kind"] == "keys"] == [False]
    assert not line.hub.asked("/heard")


def test_without_an_action_the_document_is_asked_again(line: Line) -> None:
    line.says(lambda asked: response("<Hangup/>" if asked.get("Digits") else '<Gather numDigits="1"/>'))
    line.calls({"notice": "ringing"}, {"wait": 1}, {"press": "7"}, {"hung_up": True})
    assert [asked.get("Digits") for asked in line.hub.asked("/hooks/phone")] == [None, "7"]

"""How it was, asked on the phone: when the agent has hung up, by keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from channels.voice import Ask, HangUp
from hub.desk.surveys import Survey as Rules
from hub.models import Conversation, Survey
from tests.hub.test_calls import Leg, answered, card, incoming, said
from tests.stage import Person, Stage

KEYS = ["这次服务您还满意吗？", *(f"{what}，请按{digit}。" for what, digit in [("非常满意", 5), ("满意", 4)])]
GOODBYE = "感谢您的来电，再见。"


@pytest.fixture
def rules(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Callable[[Rules | None], None]:
    monkeypatch.setattr("hub.web.calling.LOOK_EVERY", 0.01)

    def chosen(rules: Rules | None) -> None:
        changed = replace(stage.app.extensions["settings"], survey=rules)
        monkeypatch.setitem(stage.app.extensions, "settings", changed)

    chosen(Rules())
    return chosen


@pytest.fixture
def anna(stage: Stage, rules: Callable[[Rules | None], None]) -> Person:
    return stage.agent("Anna")


@pytest.fixture
def caller(stage: Stage) -> Leg:
    return incoming(stage)


def asked(caller: Leg) -> None:
    """The agent hangs up her own phone."""
    phone = answered(caller.stage, caller)
    phone.ends()
    question = said(caller.moved())
    assert question[:3] == KEYS and len(question) == 6


def test_a_key_is_an_answer(caller: Leg, anna: Person) -> None:
    asked(caller)
    assert card(anna)["state"] == "ended"  # for everybody but the customer
    assert caller.script and isinstance(caller.script.steps[0], Ask)
    assert said(caller.asks(digits="2")) == ["谢谢您的评价！", GOODBYE]
    assert caller.script.steps[-1] == HangUp()
    caller.ends()
    row = caller.stage.row(Survey)
    assert (row.way, row.score, row.state, row.channel) == ("keys", 2, "done", "line")
    assert caller.stage.row(Conversation).csat == {"score": 2, "scale": "stars", "comment": ""}
    assert "rated" in [name for who, name in caller.stage.thread() if who == "system"]


@pytest.mark.parametrize("digits", ["", "9", "*"])
def test_no_answer_or_none_of_the_keys_ends_the_call(caller: Leg, anna: Person, digits: str) -> None:
    asked(caller)
    assert said(caller.asks(digits=digits)) == [GOODBYE]
    row = caller.stage.row(Survey)
    assert (row.score, row.answered_at) == (None, None)


def test_a_turn_that_comes_twice_is_rated_once(caller: Leg, anna: Person) -> None:
    asked(caller)
    turn = caller.turn
    first = said(caller.asks(turn, digits="5"))
    assert said(caller.asks(turn, digits="5")) == first
    names = [name for who, name in caller.stage.thread() if who == "system"]
    assert names.count("rated") == 1


def test_hung_up_in_the_inbox_the_customer_stays_for_it(caller: Leg, anna: Person) -> None:
    phone = answered(caller.stage, caller)
    anna.post("/calls/1/hang-up")
    caller.stage.work()
    phone.ends()
    assert said(caller.moved())[0] == KEYS[0]


def test_who_hangs_up_first_is_not_asked_again(caller: Leg, anna: Person) -> None:
    asked(caller)
    caller.ends()
    second = incoming(caller.stage, name="CA2")
    second.asks()
    second.asks(digits="0")
    assert len(caller.stage.rows(Survey)) == 1
    anna.post("/conversations/1/resolve")
    caller.stage.work()
    assert len(caller.stage.rows(Survey)) == 1


@pytest.mark.parametrize("rule", [None, Rules(channels=("desk",)), Rules(teams=("support",))])
def test_nobody_is_asked_where_it_is_not_wanted(
    caller: Leg, anna: Person, rules: Callable[[Rules | None], None], rule: Rules | None
) -> None:
    rules(rule)
    phone = answered(caller.stage, caller)
    phone.ends()
    assert said(caller.moved()) == [GOODBYE]

"""What the bot's answers do: it speaks while the conversation is its own, and makes way for people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from hub.db import db, now
from hub.knowledge import Knowledge
from hub.models import Allowance, BotTurn, Conversation
from hub.services import bot_turns
from hub.settings import BotFile
from tests.stage import Stage, WeChat, at_once, states
from workers.app import bots
from workers.bots.bot import Bot
from workers.bots.contract import Answer, Candidate, Engine, HandOver, Later, Say, Turn
from workers.bots.manners import Manners

HANDED_OVER = "正在为您转接人工客服，请稍候。"
MISSED = "抱歉，我没有听懂。您可以换个说法，或者回复「转人工」。"


class Told(Engine):
    """Does what a test says, and remembers what it was asked."""

    def __init__(self, answer: Callable[[Turn], Answer | None], *, quick: bool = False):
        super().__init__(None, Knowledge())
        self.answer_with, self.turns, self._quick = answer, list[Turn](), quick

    def answer(self, turn: Turn) -> Answer | None:
        if turn.at_once and not self._quick:
            raise Later
        self.turns.append(turn)
        return self.answer_with(turn)


@pytest.fixture
def employ(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Told]:
    def put(answer: Callable[[Turn], Answer | None], *, quick: bool = False, patience: str = "0s") -> Told:
        told = Told(answer, quick=quick)
        file = BotFile.model_validate({"engines": [{}], "patience": patience})
        monkeypatch.setitem(bots()[0], "frontdesk", Bot(file, (("told", told),), Knowledge(), Manners(file.hand_over)))
        described = stage.app.extensions["settings"].bots
        monkeypatch.setitem(described, "frontdesk", replace(described["frontdesk"], file=file))
        return told

    return put


def test_it_answers_and_says_why(stage: Stage, wechat: WeChat) -> None:
    stage.push("怎么退款")
    stage.work()
    turn, conversation = stage.row(BotTurn), stage.conversation()
    assert (turn.state, turn.outcome) == ("done", "said")
    assert turn.candidates == [{"id": "refund", "question": "怎么退款", "score": 0.99}]
    assert (conversation.status, conversation.unread, conversation.misses) == ("bot", 0, 0)
    answer = stage.agent().get("/conversations/1/messages")["items"][-1]
    assert answer["author"] == {"kind": "bot", "id": None, "name": "frontdesk"}
    assert answer["payload"]["bot_turn"]["choice"] == "refund"
    assert wechat.sent == [
        {"touser": "anna", "msgtype": "text", "text": {"content": "七天内可以退款。"}, "aimsgcontext": {"is_ai_msg": 1}}
    ]


def test_choices_are_text_where_nothing_can_be_tapped(
    stage: Stage, employ: Callable[..., Told], wechat: WeChat
) -> None:
    employ(lambda turn: Say(text="哪一个？", choices=("退款", "发票")))
    stage.push("怎么弄")
    stage.work()
    assert wechat.texts == ["哪一个？\n1. 退款\n2. 发票"]
    answer = stage.agent().get("/conversations/1/messages")["items"][-1]
    assert (answer["kind"], answer["text"]) == ("menu", "哪一个？")


def test_once_it_did_not_understand_it_asks_and_the_second_time_people_take_over(stage: Stage, wechat: WeChat) -> None:
    stage.push("嗯哼哈嘿")
    stage.work()
    assert (stage.conversation().status, stage.conversation().misses) == ("bot", 1)
    stage.push("哼哼哈嘿")
    stage.work()
    conversation = stage.conversation()
    assert (conversation.status, conversation.team) == ("waiting", "sales")
    assert conversation.waiting_since is not None
    assert [text for who, text in stage.thread() if who != "contact"] == [MISSED, HANDED_OVER, "handed_over"]
    assert stage.agent().get("/conversations/1/messages")["items"][-1]["payload"] == {
        "event": "handed_over",
        "to": "people",
        "reason": "not_understood",
        "team": "sales",
        "questions": [{"text": "嗯哼哈嘿", "answered": ""}],
    }


def test_an_answer_in_between_forgives_the_miss(stage: Stage, wechat: WeChat) -> None:
    for text in ("嗯哼哈嘿", "怎么退款", "嗯哼哈嘿"):
        stage.push(text)
        stage.work()
    assert (stage.conversation().status, stage.conversation().misses) == ("bot", 1)


def test_the_hub_speaks_the_language_of_the_question(stage: Stage, wechat: WeChat) -> None:
    for number, text in enumerate(("zzz quux", "嗯哼哈嘿")):
        stage.push(text, at=number)
        stage.work()
    assert wechat.texts[0].startswith("Sorry, I did not understand.")
    assert wechat.texts[1] == HANDED_OVER


def test_who_asks_for_a_person_gets_one(stage: Stage, wechat: WeChat) -> None:
    stage.push("转人工")
    stage.work()
    assert stage.thread() == [("contact", "转人工"), ("bot", HANDED_OVER), ("system", "handed_over")]
    assert (stage.conversation().status, stage.row(BotTurn).outcome) == ("waiting", "handed_over")
    stage.push("怎么退款")
    stage.work()
    assert stage.thread()[-1] == ("contact", "怎么退款")  # it waits for a person now
    counts = stage.agent().get("/conversations/counts")
    assert [counts[name] for name in ("mine", "waiting", "all")] == [0, 1, 1]


def test_where_the_only_engine_fails_people_take_over(
    stage: Stage, employ: Callable[..., Told], wechat: WeChat
) -> None:
    def fails(turn: Turn) -> Answer | None:
        raise ZeroDivisionError("what the customer wrote")

    told = employ(fails)
    stage.push("怎么退款")
    stage.work()
    turn = stage.row(BotTurn)
    assert (len(told.turns), turn.state, turn.outcome, turn.reason) == (1, "done", "handed_over", "bot_failed")
    assert [(step["made"], step["why"]) for step in turn.steps] == [("failed", "ZeroDivisionError")]
    assert stage.conversation().status == "waiting"


def test_a_bug_around_the_engines_is_tried_once_more_and_then_people_take_over(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, wechat: WeChat
) -> None:
    def fails(self: Bot, turn: Turn, state: object) -> None:
        raise ZeroDivisionError("what the customer wrote")

    monkeypatch.setattr(Bot, "think", fails)
    stage.push("怎么退款")
    stage.work()
    assert stage.conversation().status == "bot"
    stage.make_due(BotTurn)
    stage.work()
    turn = stage.row(BotTurn)
    assert (turn.state, turn.error, turn.attempts) == ("failed", "ZeroDivisionError", 2)
    assert stage.conversation().status == "waiting"
    [job] = stage.agent(role="supervisor").get("/jobs")["items"]
    assert (job["kind"], job["error_code"], job["conversation_id"]) == ("bot_turn", "engine", 1)


def test_one_customers_trouble_is_nobody_elses(stage: Stage, employ: Callable[..., Told], wechat: WeChat) -> None:
    def fails_for_anna(turn: Turn) -> Answer | None:
        if turn.text == "anna":
            raise ZeroDivisionError
        return Say(text=f"hello {turn.text}")

    employ(fails_for_anna)
    for sender in ("anna", "bo", "cy"):
        stage.push(sender, sender=sender)
    stage.work()
    assert sorted(wechat.texts) == [bot_turns.TEXTS["handed_over"].en, "hello bo", "hello cy"]


# what belongs together


def test_what_is_understood_is_answered_at_once(stage: Stage, employ: Callable[..., Told], wechat: WeChat) -> None:
    employ(lambda turn: Say(text="hi", choice="hi"), quick=True, patience="5s")
    stage.push("怎么退款")
    stage.do("arrival")
    assert stage.thread() == [("contact", "怎么退款"), ("bot", "hi")]


def test_what_makes_no_sense_alone_is_asked_with_what_follows(
    stage: Stage, employ: Callable[..., Told], wechat: WeChat
) -> None:
    told = employ(lambda turn: Say(text="七天", choice="x") if "退款" in turn.text else None, quick=True, patience="5s")
    for number, text in enumerate(("那个", "我想问", "怎么退款")):
        stage.push(text, at=number)
        stage.do("arrival")
    assert [turn.text for turn in told.turns] == ["那个", "那个\n我想问", "那个\n我想问\n怎么退款"]
    assert [text for who, text in stage.thread() if who == "bot"] == ["七天"]
    assert states(stage.rows(BotTurn)) == ["done"]
    stage.push("怎么退款", at=9)
    stage.do("arrival")
    assert told.turns[-1].text == "怎么退款"


def test_nobody_waits_for_more_for_ever(stage: Stage, employ: Callable[..., Told], wechat: WeChat) -> None:
    employ(lambda turn: None, quick=True, patience="5s")
    stage.push("那个")
    stage.work()
    assert stage.thread() == [("contact", "那个")]
    stage.make_due(BotTurn)
    stage.work()
    assert stage.thread()[-1] == ("bot", MISSED)


def test_who_asks_for_a_person_is_not_kept_by_a_bot_that_still_thinks(
    stage: Stage, employ: Callable[..., Told], wechat: WeChat
) -> None:
    def is_slow(turn: Turn) -> Answer | None:
        stage.push("转人工", at=5)
        stage.do("arrival")
        return Say(text="too late")

    employ(is_slow)
    stage.push("怎么退款")
    stage.work()
    assert stage.conversation().status == "waiting"
    assert [text for who, text in stage.thread() if who == "bot"] == [HANDED_OVER]
    assert [turn.outcome for turn in stage.rows(BotTurn)] == ["silent", "handed_over"]


def test_agents_read_what_the_bot_learned(stage: Stage, employ: Callable[..., Told], wechat: WeChat) -> None:
    refund = (Candidate("refund", "怎么退款", 0.4),)
    told = employ(lambda turn: Say(text="单号？", slots={"订单": "YZ1"}, notes={"step": 1}, choice="orders"))
    stage.push("查订单")
    stage.work()
    told.answer_with = lambda turn: HandOver(reason="not_found", candidates=refund)
    stage.push("YZ1", at=3)
    stage.work()
    assert told.turns[-1].notes == {"step": 1}
    payload = stage.agent().get("/conversations/1/messages")["items"][-1]["payload"]
    assert payload == {
        "event": "handed_over",
        "to": "people",
        "reason": "not_found",
        "team": "sales",
        "questions": [{"text": "查订单", "answered": "orders"}],
        "slots": {"订单": "YZ1"},
        "likely": [{"id": "refund", "question": "怎么退款", "score": 0.4}],
    }


def test_what_was_thought_of_an_older_state_is_thought_again(
    stage: Stage, employ: Callable[..., Told], wechat: WeChat
) -> None:
    def says_how_often(turn: Turn) -> Answer | None:
        if not turn.notes:
            with stage.inside():  # on another channel of the same customer
                values = {"bot_state": {"notes": {"told": {"n": 1}}}, "bot_revision": Conversation.bot_revision + 1}
                db.session.execute(update(Conversation).values(values))
        return Say(text=f"{turn.notes.get('n', 0)}", notes={"n": 2})

    told = employ(says_how_often)
    stage.push("?")
    stage.work()
    assert [text for who, text in stage.thread() if who == "bot"] == ["1"]
    assert len(told.turns) == 2
    assert (stage.conversation().bot_state, stage.conversation().bot_revision) == ({"notes": {"told": {"n": 2}}}, 2)


def test_when_only_the_last_answer_is_left_a_person_must_give_it(stage: Stage, slow_bot: None, wechat: WeChat) -> None:
    stage.push("怎么退款")
    stage.do("arrival")
    with stage.inside():
        db.session.execute(update(Allowance).values(left=1))
    stage.work()
    turn = stage.row(BotTurn)
    assert (turn.state, turn.error_code, wechat.sent) == ("done", "allowance_used", [])
    assert (stage.conversation().status, stage.thread()[-1]) == ("waiting", ("system", "handed_over"))


def test_a_bot_without_allowance_does_not_lose_the_hand_over(stage: Stage, slow_bot: None, wechat: WeChat) -> None:
    stage.push("转人工")
    stage.do("arrival")
    with stage.inside():
        db.session.execute(update(Allowance).values(until=now() - timedelta(seconds=1)))
    stage.work()
    assert (stage.conversation().status, wechat.sent) == ("waiting", [])


# a person is faster


@pytest.mark.parametrize("verdict", [Say(text="too late"), HandOver(reason="asked_for_person"), None])
def test_a_turn_that_was_thinking_meanwhile_says_nothing(
    stage: Stage, employ: Callable[..., Told], wechat: WeChat, verdict: Answer | None
) -> None:
    anna = stage.agent()

    def is_slow(turn: Turn) -> Answer | None:
        [_] = at_once(lambda: anna.post("/conversations/1/claim"))
        return verdict

    employ(is_slow)
    stage.push("怎么退款")
    stage.work()
    assert stage.thread() == [("contact", "怎么退款"), ("system", "claimed")]
    assert (stage.row(BotTurn).state, stage.row(BotTurn).outcome) == ("done", "silent")
    assert (stage.conversation().status, stage.conversation().assignee_id) == ("open", anna.id)


def test_handed_back_the_bot_answers_again(stage: Stage, wechat: WeChat) -> None:
    anna = stage.agent()
    stage.push("转人工")
    stage.work()
    anna.post("/conversations/1/claim")
    anna.post("/conversations/1/handover", {"to": "bot"})
    stage.push("怎么退款")
    stage.work()
    assert stage.thread()[-2:] == [("contact", "怎么退款"), ("bot", "七天内可以退款。")]


# what the bot is told


def test_it_knows_what_was_said_before(stage: Stage, employ: Callable[..., Told], wechat: WeChat) -> None:
    told = employ(lambda turn: Say(text=f"re: {turn.text}", candidates=(Candidate("c", "q", 0.5),)))
    for number in range(8):
        stage.push(f"q{number}", at=number)
        stage.work()
    stage.agent().post("/conversations/1/messages", {"text": "a secret", "note": True}, 201)
    stage.push("last", at=20)
    stage.work()
    last = told.turns[-1]
    assert (last.text, last.kind, last.channel) == ("last", "text", "shop")
    assert [(line.author, line.text) for line in last.history][-3:] == [
        ("bot", "re: q6"),
        ("contact", "q7"),
        ("bot", "re: q7"),
    ]
    assert len(last.history) == 10


def test_questions_that_wait_together_are_answered_one_after_the_other(
    stage: Stage, employ: Callable[..., Told], wechat: WeChat
) -> None:
    told = employ(lambda turn: Say(text=f"re: {turn.text}"))
    for number in range(3):
        stage.push(f"q{number}", at=number)
    for _ in range(3):
        stage.do("arrival")
    at_once(*[stage.work] * 3)
    stage.work()
    assert [turn.text for turn in told.turns] == ["q0", "q1", "q2"]
    assert [text for who, text in stage.thread() if who == "bot"] == ["re: q0", "re: q1", "re: q2"]


def test_a_bot_that_is_no_longer_configured_hands_over(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, wechat: Any
) -> None:
    monkeypatch.delitem(bots()[0], "frontdesk")
    stage.push("怎么退款")
    stage.work()
    assert (stage.conversation().status, states(stage.rows(BotTurn))) == ("waiting", ["done"])

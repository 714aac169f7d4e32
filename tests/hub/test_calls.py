"""Phone calls, from the first ring to what the inbox shows of them afterwards."""

from __future__ import annotations

import io
import itertools
import threading
import wave
from array import array
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from channels.contract import Address, CallEvent
from channels.errors import Refused, Throttled, Uncertain, Unreachable
from channels.voice import Ask, HangUp, Join, Music, Pause, Record, Say, Script
from hub import files
from hub.db import db, now
from hub.desk.routing import Routing
from hub.jobs import one_again
from hub.models import (
    Agent,
    Arrival,
    Attachment,
    Call,
    CallAction,
    CallLeg,
    CallScript,
    Conversation,
    Delivery,
    Identity,
    Message,
)
from hub.models import Transcription as TranscriptionJob
from hub.services import call_actions, calls, lines, scripts, transcripts
from hub.settings import Transcription
from tests.stage import Person, Stage, at_once
from tests.switchboard import EVENTS, SCRIPT, SIGNATURE, Switchboard
from workers import tasks

CUSTOMER = "+85251230001"


@dataclass
class Leg:
    """One phone at the switchboard: what it did, and what it was told to do."""

    stage: Stage
    id: str
    sender: Address | None = None
    uid: Any = None
    turn: str = "0"
    sequence: int = 0
    heard: list[str] = field(default_factory=list)
    script: Script | None = None

    def push(self, kind: str, key: str | None = None, **fields: Any) -> Any:
        self.sequence += 1
        event = CallEvent(
            key=key or f"{self.id}:{kind}:{self.sequence}",
            sent_at=datetime.now(UTC),
            leg=self.id,
            uid=self.uid,
            sender=self.sender,
            sequence=self.sequence,
            kind=kind,  # type: ignore[arg-type]
            **fields,
        )
        body, headers = EVENTS.dump_json([event]), {"X-Signature": SIGNATURE}
        return self.stage.app.test_client().post("/hooks/line", data=body, headers=headers)

    def asks(self, turn: str | None = None, **fields: Any) -> Script:
        """With what was said or pressed; the workers work meanwhile."""
        turn = turn or self.turn
        answers: list[Any] = []
        asking = threading.Thread(
            target=lambda: answers.append(self.push("asks", key=f"{self.id}:{turn}", turn=turn, **fields))
        )
        asking.start()
        while asking.is_alive():
            self.stage.work()
            asking.join(0.01)
        self.stage.work()
        assert answers and answers[0].status_code == 200
        self.script = SCRIPT.validate_json(answers[0].data)
        self.turn = self.script.turn
        self.heard += said(self.script)
        return self.script

    def ends(self, outcome: str = "completed", **fields: Any) -> None:
        self.push("ended", outcome=outcome, **fields)
        self.stage.work()

    def moved(self) -> Script:
        """The engine does what it was told: the leg asks with the turn it was moved to."""
        [*_, turn] = [what[2] for what in Switchboard.done if what[:2] == ("move", self.id)]
        return self.asks(turn)


def said(script: Script) -> list[str]:
    spoken = [step for each in script.steps for step in (each.prompts if isinstance(each, Ask) else (each,))]
    return [step.text for step in spoken if isinstance(step, Say)]


@pytest.fixture
def line(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr("hub.web.calling.LOOK_EVERY", 0.01)
    return stage


@pytest.fixture
def anna(line: Stage) -> Person:
    return line.agent("Anna")


@pytest.fixture
def caller(line: Stage) -> Leg:
    return incoming(line)


def incoming(stage: Stage, number: str = CUSTOMER, name: str = "CA1") -> Leg:
    return Leg(stage, name, Address("tel", number))


def placed(stage: Stage, number: int = -1) -> Leg:
    """The phone that was rung last."""
    placement = Switchboard.placed[number]
    place = Switchboard.placed.index(placement) + 1
    return Leg(stage, f"leg-{place}", uid=placement.uid)


def card(agent: Person, conversation: int = 1) -> dict[str, Any]:
    messages = agent.get(f"/conversations/{conversation}/messages")["items"]
    return [each["payload"]["call"] for each in messages if each["kind"] == "call"][-1]


def answered(stage: Stage, caller: Leg, phone: Leg | None = None) -> Leg:
    """The caller asks for a person; a phone rings, is answered, and both are in the room."""
    caller.asks()
    caller.asks(digits="0")
    phone = phone or placed(stage)
    phone.asks()
    phone.asks(digits="1")
    caller.moved()
    return phone


# the bot


def test_the_caller_is_greeted_and_told_of_the_recording(caller: Leg, anna: Person) -> None:
    script = caller.asks()
    [ask] = script.steps
    assert isinstance(ask, Ask) and ask.speech and ask.digits == 1 and ask.hints == ("怎么退款",)
    assert caller.heard[:2] == ["这里是驿站小店", "为保证服务质量，本次通话可能会被录音。"]
    assert caller.heard[2:4] == ["怎么退款，请按1。", "人工服务，请按零。"]
    shown = card(anna)
    assert (shown["state"], shown["direction"], shown["number"]) == ("bot", "in", CUSTOMER)
    assert [(leg["party"], leg["state"]) for leg in shown["legs"]] == [("customer", "answered")]


@pytest.mark.parametrize("given", [{"text": "怎么退款", "confidence": 0.9}, {"digits": "1"}])
def test_the_bot_answers_aloud(caller: Leg, anna: Person, given: dict[str, Any]) -> None:
    caller.asks()
    caller.heard.clear()
    caller.asks(**given)
    assert caller.heard == ["七天内可以退款。", "请问还有什么可以帮您？"]
    assert caller.stage.thread() == [("contact", "call"), ("contact", "怎么退款"), ("bot", "七天内可以退款。")]
    [_, question, reply] = anna.get("/conversations/1/messages")["items"]
    assert question["payload"]["spoken"] == {"call": 1, **{k: v for k, v in given.items() if k != "text"}}
    assert reply["delivery"]["state"] == "sent"
    caller.ends()
    shown = card(anna)
    assert (shown["state"], shown["outcome"]) == ("ended", "bot")
    assert anna.get("/conversations/1")["status"] == "bot"


def test_silence_is_asked_once_and_then_a_person_helps(caller: Leg, anna: Person) -> None:
    caller.asks()
    caller.heard.clear()
    caller.asks()
    assert caller.heard == ["抱歉，我没有听清，请您再说一遍。"]
    caller.asks()
    assert anna.get("/conversations/1")["status"] == "waiting"
    assert card(anna)["state"] == "queued"


def test_a_slow_bot_does_not_leave_the_caller_in_silence(
    caller: Leg, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller.asks()
    monkeypatch.setattr("hub.web.calling.WITHIN", 0.2)
    monkeypatch.setattr("workers.answering.answer_at_once", lambda turns: None)
    monkeypatch.setitem(tasks.DOES, "bot_turn", (lambda limit: 0, 1))
    assert caller.asks(text="怎么退款").steps == (Say("请稍等。"), Pause(1))
    monkeypatch.undo()
    monkeypatch.setattr("hub.web.calling.LOOK_EVERY", 0.01)
    caller.heard.clear()
    caller.asks()
    assert caller.heard[0] == "七天内可以退款。"


def test_agents_words_are_said_while_the_caller_listens(caller: Leg, anna: Person) -> None:
    caller.asks()
    anna.post("/conversations/1/messages", {"text": "**马上**来 https://a.example/x"}, 201)
    caller.asks()
    assert "马上 来" in " ".join(caller.heard).replace("  ", " ")


def test_nothing_can_be_said_without_a_call(caller: Leg, anna: Person) -> None:
    caller.asks()
    caller.ends()
    assert anna.get("/conversations/1")["reply"]["reason"] == "no_call"
    assert anna.post("/conversations/1/messages", {"text": "喂"}, 409)["code"] == "no_call"


def test_what_was_not_said_before_they_hung_up_failed(caller: Leg, anna: Person) -> None:
    caller.asks()
    anna.post("/conversations/1/messages", {"text": "等等"}, 201)
    caller.ends()
    [delivery] = [row for row in caller.stage.rows(Delivery) if row.text == "等等"]
    assert (delivery.state, delivery.error_code) == ("failed", "hung_up")


# the queue


def test_a_caller_who_wants_a_person_waits_and_is_bridged(caller: Leg, anna: Person) -> None:
    stage = caller.stage
    caller.asks()
    script = caller.asks(digits="0")
    [ask] = script.steps
    assert isinstance(ask, Ask) and not ask.speech and isinstance(ask.prompts[-1], Music)
    assert said(script) == ["正在为您接通人工客服。", "您是下一位，请稍候。如果不想等待，请按一，我们会给您回电。"]
    assert card(anna)["position"] == 1
    [ringing] = Switchboard.placed
    assert (ringing.to, ringing.rings_for) == ("+85290000001", timedelta(seconds=20))

    phone = placed(stage)
    phone.push("ringing")
    stage.work()
    assert [leg["state"] for leg in card(anna)["legs"]] == ["answered", "ringing"]
    assert said(phone.asks()) == ["客户来电，按一接听。"]
    assert list(phone.asks(digits="1").steps) == [Join(stage.row(Call).uid.hex, recorded=True)]
    script = caller.moved()
    assert script.steps[-1] == Join(stage.row(Call).uid.hex, closes=True, recorded=True)

    shown = card(anna)
    assert (shown["state"], shown["agent"]["name"]) == ("talking", "Anna")
    assert anna.get("/conversations/1")["assignee"]["name"] == "Anna"
    caller.ends()
    assert said(phone.asks()) == [] and phone.script and phone.script.steps == (HangUp(),)
    phone.ends()
    shown = card(anna)
    assert (shown["state"], shown["outcome"], shown["agent"]["name"]) == ("ended", "answered", "Anna")
    assert [leg["state"] for leg in shown["legs"]] == ["ended", "ended"]
    events = [name for who, name in stage.thread() if who == "system"]
    assert events == ["handed_over", "call_queued", "call_ringing_agents", "call_taken", "claimed"] or events == [
        *("handed_over", "call_queued", "call_ringing_agents", "claimed", "call_taken")
    ]


def test_the_agent_hangs_up_and_the_caller_is_told(caller: Leg, anna: Person) -> None:
    phone = answered(caller.stage, caller)
    phone.ends()
    assert said(caller.moved()) == ["感谢您的来电，再见。"]
    assert caller.script and caller.script.steps[-1] == HangUp()


def test_the_room_closed_before_we_noticed(caller: Leg, anna: Person) -> None:
    answered(caller.stage, caller)
    assert said(caller.asks()) == ["感谢您的来电，再见。"]


def test_two_agents_pick_up_at_once(line: Stage) -> None:
    anna, bob = line.agent("Anna"), line.agent("Bo")
    with line.inside():
        db.session.execute(update(Conversation).values(team="everyone"))
    caller = incoming(line)
    caller.asks()
    with line.inside():
        db.session.execute(update(Conversation).values(team="everyone"))
    caller.asks(digits="0")
    assert sorted(each.to for each in Switchboard.placed) == ["+85290000001", "+85290000002"]
    phones = [placed(line, 0), placed(line, 1)]
    for phone in phones:
        phone.asks()
    pushes = [
        lambda phone=phone: phone.push("asks", key=f"{phone.id}:{phone.turn}", turn=phone.turn, digits="1")
        for phone in phones
    ]
    done = threading.Event()
    answers: list[Any] = []
    pressing = threading.Thread(target=lambda: (answers.extend(at_once(*pushes)), done.set()))
    pressing.start()
    while not done.is_set():
        line.work()
    pressing.join()
    steps = [SCRIPT.validate_json(each.data).steps for each in answers]
    joined = [each for each in steps if isinstance(each[-1], Join)]
    told = [each for each in steps if each == (Say("这个来电已经有人接听了。再见。"), HangUp())]
    assert (len(joined), len(told)) == (1, 1)
    line.work()
    shown = card(anna)
    first = line.row(Agent, Agent.id == shown["agent"]["id"])
    assert first.name == ("Anna" if isinstance(steps[0][-1], Join) else "Bo")
    assert bob.get("/conversations/1")["assignee"]["name"] == first.name
    ended = [what for what in Switchboard.done if what[0] == "end"]
    assert len(ended) == 1  # the other phone, which still rang for all we knew


def test_an_agent_on_a_call_is_not_rung_for_another(caller: Leg, anna: Person) -> None:
    answered(caller.stage, caller)
    other = incoming(caller.stage, "+85251230009", "CA9")
    other.asks()
    script = other.asks(digits="0")
    assert len(Switchboard.placed) == 1
    assert isinstance(script.steps[-1], Ask) and isinstance(script.steps[-1].prompts[-1], Music)


def test_a_machine_that_answers_does_not_take_the_call(caller: Leg, anna: Person) -> None:
    caller.asks()
    caller.asks(digits="0")
    phone = placed(caller.stage)
    phone.asks()
    assert phone.asks().steps == (HangUp(),)
    phone.ends()
    assert card(anna)["state"] == "queued"


def test_agents_are_rung_again_after_a_while(caller: Leg, anna: Person) -> None:
    caller.asks()
    caller.asks(digits="0")
    placed(caller.stage).ends("no_answer")
    caller.asks()
    assert len(Switchboard.placed) == 1  # a phone that rings without end is no help
    with caller.stage.inside():
        db.session.execute(update(Call).values(rung_at=now() - timedelta(seconds=30)))
    caller.asks()
    assert len(Switchboard.placed) == 2


def test_the_place_in_the_queue(line: Stage, anna: Person) -> None:
    first, second = incoming(line), incoming(line, "+85251230009", "CA9")
    for each in (first, second):
        each.asks()
        each.asks(digits="0")
    assert [card(anna, number)["position"] for number in (1, 2)] == [1, 2]
    assert second.heard[-1].startswith("您前面还有1位")
    first.ends()
    second.asks()
    assert second.heard[-1].startswith("您是下一位")


# nobody is there


def test_nobody_on_duty_means_a_message(caller: Leg, line: Stage) -> None:
    anna = line.agent("Anna")
    _put(anna, "/me/phone", {"device": "off"})
    caller.asks()
    script = caller.asks(digits="0")
    assert said(script) == ["很抱歉，现在没有客服人员可以接听。", scripts.words("zh-CN", "offer")]
    assert caller.asks().steps == (Record(120),)
    script = caller.asks(recording="RE1", seconds=7)
    assert said(script) == [scripts.words("zh-CN", "thanks")]
    caller.ends()
    shown = card(anna)
    assert (shown["state"], shown["outcome"]) == ("ended", "voicemail")
    [message] = [each for each in anna.get("/conversations/1/messages")["items"] if each["kind"] == "audio"]
    assert message["payload"]["voicemail"] == {"call": 1, "seconds": 7}
    assert message["attachments"][0]["state"] == "ready"
    assert anna.get("/conversations/1")["status"] == "waiting"


def test_a_silent_message_is_a_missed_call(caller: Leg, line: Stage) -> None:
    anna = line.agent("Anna")
    _put(anna, "/me/phone", {"device": "off"})
    caller.asks()
    caller.asks(digits="0")
    caller.asks()
    assert said(caller.asks()) == [scripts.words("zh-CN", "nothing")]
    caller.ends()
    assert card(anna)["outcome"] == "missed"
    assert "missed_call" in [name for _, name in line.thread()]


def test_a_message_whose_recording_comes_after_the_end(caller: Leg, line: Stage) -> None:
    anna = line.agent("Anna")
    _put(anna, "/me/phone", {"device": "off"})
    caller.asks()
    caller.asks(digits="0")
    caller.asks()
    caller.ends()
    caller.push("recorded", recording="RE1", seconds=7)
    caller.push("recorded", recording="RE1", seconds=7)
    line.work()
    assert card(anna)["outcome"] == "voicemail"
    assert [name for _, name in line.thread()].count("audio") == 1


@pytest.mark.parametrize("where", ["queue", "machine"])
def test_a_call_back_is_promised(caller: Leg, line: Stage, where: str) -> None:
    anna = line.agent("Anna")
    if where == "machine":
        _put(anna, "/me/phone", {"device": "off"})
    caller.asks()
    caller.asks(digits="0")
    assert said(caller.asks(digits="1")) == [scripts.words("zh-CN", "callback")]
    caller.ends()
    assert card(anna)["outcome"] == "callback"
    assert ("system", "callback_requested") in line.thread()
    assert anna.get("/conversations/1")["status"] == "waiting"


def test_who_waited_too_long_may_leave_a_message(caller: Leg, anna: Person) -> None:
    caller.asks()
    caller.asks(digits="0")
    with caller.stage.inside():
        db.session.execute(update(Call).values(queued_at=now() - timedelta(minutes=4)))
    assert said(caller.asks())[0] == "很抱歉，现在没有客服人员可以接听。"
    assert card(anna)["state"] == "voicemail"


def test_outside_of_hours(caller: Leg, anna: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.voice.VoiceSettings.is_open", lambda self, at: False)
    caller.asks()
    assert said(caller.asks(digits="0"))[0] == "很抱歉，现在是非工作时间。"


@pytest.mark.parametrize(
    ("steps", "outcome", "status"),
    [
        ([{}], "missed", "waiting"),
        ([{}, {"text": "怎么退款"}], "bot", "bot"),
        ([{}, {"digits": "0"}], "abandoned", "waiting"),
        ([{}, {"digits": "0"}, {}], "abandoned", "waiting"),
    ],
    ids=["while greeted", "after an answer", "in the queue", "later in the queue"],
)
def test_they_hang_up_at_each_step(
    caller: Leg, anna: Person, steps: list[dict[str, Any]], outcome: str, status: str
) -> None:
    for step in steps:
        caller.asks(**step)
    caller.ends()
    assert (card(anna)["state"], card(anna)["outcome"]) == ("ended", outcome)
    assert anna.get("/conversations/1")["status"] == status
    assert not [leg for leg in caller.stage.rows(CallLeg, CallLeg.state != "ended") if leg.party == "customer"]
    assert caller.stage.rows(CallAction, CallAction.state.in_(("pending", "running"))) == []


def test_a_withheld_number_is_somebody_else_each_time(line: Stage, anna: Person) -> None:
    for name in ("CA1", "CA2"):
        with line.app.app_context():
            who = lines.line("line").caller("anonymous", name)
        leg = Leg(line, name, who)
        leg.asks()
        leg.ends()
    assert [row.scheme for row in line.rows(Identity)] == ["tel-withheld"] * 2
    assert len(line.rows(Conversation)) == 2
    assert anna.post("/conversations/1/calls", {}, 409)["code"] == "cannot_call"


# repeats, and any order


def test_a_turn_that_is_asked_twice_is_answered_the_same_and_done_once(caller: Leg, anna: Person) -> None:
    caller.asks()
    turn = caller.turn
    first = caller.asks(turn, text="怎么退款")
    again = caller.asks(turn, text="怎么退款")
    assert first == again
    assert [name for _, name in caller.stage.thread()] == ["call", "怎么退款", "七天内可以退款。"]


def test_status_callbacks_in_every_order_end_the_same(line: Stage, anna: Person) -> None:
    news = [("ringing", {}), ("answered", {}), ("ended", {"outcome": "completed"}), ("ended", {"outcome": "completed"})]
    for number, order in enumerate(itertools.permutations(news)):
        leg = incoming(line, f"+8525123{number:04}", f"CA{number}")
        leg.asks()
        for kind, fields in order:
            leg.push(kind, **fields)
        line.work()
        rows = line.rows(CallLeg, CallLeg.provider_id == f"CA{number}")
        assert [(row.state, row.outcome, row.call_id) for row in rows] == [("ended", "completed", number + 1)], order
    assert {row.state for row in line.rows(Call)} == {"ended"}


def test_status_callbacks_before_the_call_itself(caller: Leg, anna: Person) -> None:
    caller.push("ringing")
    caller.stage.work()
    caller.asks()
    assert [row.state for row in caller.stage.rows(Call)] == ["bot"]


def test_news_of_calls_that_nobody_knows_change_nothing(line: Stage) -> None:
    leg = Leg(line, "CA404")
    leg.push("ended", outcome="completed")
    leg.push("recorded", recording="RE9", seconds=1)
    line.work()
    assert line.rows(Call) == []


def test_the_database_is_away(caller: Leg, anna: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller.stage.app.extensions["inlet"], "_database_is_away", lambda: True)
    script = caller.asks()
    assert script.steps == (Say("系统繁忙，请不要挂机。"), Pause(3)) and script.turn == "0"
    monkeypatch.undo()
    monkeypatch.setattr("hub.web.calling.LOOK_EVERY", 0.01)
    assert caller.asks().steps != script.steps


# calling out


def test_an_agent_calls_a_customer(caller: Leg, anna: Person) -> None:
    stage = caller.stage
    caller.asks()
    caller.ends()
    Switchboard.placed.clear()
    message = anna.post("/conversations/1/calls", {}, 201)
    assert (message["kind"], message["direction"], message["payload"]["call"]["state"]) == ("call", "out", "calling")
    stage.work()
    phone = placed(stage)
    assert said(phone.asks()) == ["按一呼叫客户。"]
    [join] = phone.asks(digits="1").steps
    stage.work()
    assert card(anna)["state"] == "dialling"
    assert Switchboard.placed[-1].to == CUSTOMER
    customer = placed(stage)
    customer.push("ringing")
    script = customer.asks()
    assert said(script) == ["客服来电，请稍候。", "为保证服务质量，本次通话可能会被录音。"]
    assert isinstance(script.steps[-1], Join) and script.steps[-1].room == join.room
    assert card(anna)["state"] == "talking"
    customer.push("recorded", recording="RE5", seconds=30)
    customer.ends()
    phone.ends()
    shown = card(anna)
    assert (shown["state"], shown["outcome"]) == ("ended", "answered")
    items = {each["id"]: each for each in anna.get("/conversations/1/messages")["items"]}
    [recording] = items[message["id"]]["attachments"]
    assert (recording["medium"], recording["state"]) == ("audio", "ready")


@pytest.mark.parametrize(
    ("outcome", "words"),
    [("busy", "对方正忙，请稍后再拨。"), ("no_answer", "对方没有接听。"), ("failed", "呼叫没有接通。")],
)
def test_the_customer_does_not_answer(caller: Leg, anna: Person, outcome: str, words: str) -> None:
    stage = caller.stage
    caller.asks()
    caller.ends()
    Switchboard.placed.clear()
    anna.post("/conversations/1/calls", {}, 201)
    stage.work()
    phone = placed(stage)
    phone.asks()
    phone.asks(digits="1")
    stage.work()
    customer = placed(stage)
    customer.ends(outcome)
    assert said(phone.moved()) == [words]
    phone.ends()
    assert (card(anna)["state"], card(anna)["outcome"]) == ("ended", outcome)


def test_the_agents_own_phone_is_not_answered(caller: Leg, anna: Person) -> None:
    caller.asks()
    caller.ends()
    Switchboard.placed.clear()
    anna.post("/conversations/1/calls", {}, 201)
    caller.stage.work()
    placed(caller.stage).ends("no_answer")
    assert (card(anna)["state"], card(anna)["outcome"]) == ("ended", "no_answer")
    assert len(Switchboard.placed) == 1  # the customer was never rung


def test_one_call_at_a_time(caller: Leg, anna: Person) -> None:
    caller.asks()
    assert anna.post("/conversations/1/calls", {}, 409)["code"] == "busy"
    caller.ends()
    anna.post("/conversations/1/calls", {}, 201)
    assert anna.post("/conversations/1/calls", {}, 409)["code"] == "busy"


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (Refused("the number does not exist", code="21211"), "failed", "the number does not exist"),
        (Unreachable("no connection"), "failed", "no connection"),
        (Throttled("slow down", after=timedelta(milliseconds=1)), "", ""),
        (Uncertain("no answer"), "", ""),
    ],
    ids=["refused", "unreachable", "throttled", "uncertain"],
)
def test_a_phone_cannot_be_rung(caller: Leg, anna: Person, error: Any, state: str, reason: str) -> None:
    stage = caller.stage
    caller.asks()
    caller.ends()
    Switchboard.placed.clear()
    anna.post("/conversations/1/calls", {}, 201)
    Switchboard.answers.append(error)
    stage.work()
    shown = card(anna)
    assert (shown["outcome"], shown["reason"]) == (("no_answer", reason) if state else ("", ""))
    assert len(Switchboard.placed) == isinstance(error, Throttled)  # never twice what may have rung already
    if isinstance(error, Uncertain):
        assert [row.state for row in stage.rows(CallAction, CallAction.action == "place")] == ["uncertain"]
        leg = stage.rows(CallLeg)[-1]
        phone = Leg(stage, "leg-77", uid=leg.uid)
        phone.asks()  # it did ring
        assert stage.rows(CallLeg)[-1].provider_id == "leg-77"


def test_a_phone_of_which_nothing_is_heard(caller: Leg, anna: Person) -> None:
    caller.asks()
    caller.asks(digits="0")
    with caller.stage.inside():
        db.session.execute(
            update(CallLeg).where(CallLeg.party == "agent").values(created_at=now() - timedelta(hours=1))
        )
        call_actions.lose_overdue()
    caller.stage.work()
    assert [leg["state"] for leg in card(anna)["legs"]] == ["answered", "ended"]


def test_a_call_of_whose_end_nobody_told_us(caller: Leg, anna: Person) -> None:
    caller.asks()
    past = now() - timedelta(minutes=11)
    with caller.stage.inside():
        db.session.execute(update(Call).values(started_at=past))
        db.session.execute(update(CallLeg).values(heard_at=past))
    with caller.stage.inside():
        assert calls.lose_silent() == 1
    assert card(anna)["state"] == "ended"


# during a call


def test_hold_and_resume(caller: Leg, anna: Person) -> None:
    answered(caller.stage, caller)
    anna.post("/calls/1/hold", {"on": True})
    caller.stage.work()
    assert ("hold", "CA1") in Switchboard.done and card(anna)["held"]
    anna.post("/calls/1/hold", {"on": False})
    caller.stage.work()
    assert ("resume", "CA1") in Switchboard.done and not card(anna)["held"]


def test_who_is_on_the_way_into_the_room_is_held_a_moment_later(caller: Leg, anna: Person) -> None:
    answered(caller.stage, caller)
    Switchboard.answers.append(Refused("not in the room"))
    anna.post("/calls/1/hold", {"on": True})
    caller.stage.work()
    assert not card(anna)["held"]
    caller.stage.make_due(CallAction)
    caller.stage.work()
    assert card(anna)["held"]


def test_hang_up(caller: Leg, anna: Person) -> None:
    phone = answered(caller.stage, caller)
    anna.post("/calls/1/hang-up")
    caller.stage.work()
    assert {("end", "CA1"), ("end", phone.id)} <= set(Switchboard.done)
    assert card(anna)["state"] == "ended"
    assert anna.post("/calls/1/hang-up", status=409)["code"] == "not_live"


def test_a_call_is_passed_on(caller: Leg, anna: Person) -> None:
    stage = caller.stage
    bo = stage.agent("Bo")
    phone = answered(stage, caller)
    anna.post("/calls/1/transfer", {"agent_id": bo.id})
    assert anna.post("/calls/1/transfer", {"agent_id": bo.id}, 409)["code"] == "busy"
    stage.work()
    other = placed(stage)
    assert said(other.asks()) == ["同事转给您客户的来电，按一接听。"]
    assert isinstance(other.asks(digits="1").steps[0], Join)
    stage.work()
    assert ("end", phone.id) in Switchboard.done
    shown = card(anna)
    assert (shown["state"], shown["agent"]["name"]) == ("talking", "Bo")
    assert bo.get("/conversations/1")["assignee"]["name"] == "Bo"
    phone.ends()
    assert card(anna)["state"] == "talking"  # who has passed it on may go
    assert not [what for what in Switchboard.done if what[:2] == ("move", "CA1")][1:]


def test_a_call_that_is_not_taken_stays_where_it_is(caller: Leg, anna: Person) -> None:
    stage = caller.stage
    bo = stage.agent("Bo")
    answered(stage, caller)
    anna.post("/calls/1/transfer", {"agent_id": bo.id})
    stage.work()
    placed(stage).ends("no_answer")
    assert (card(anna)["state"], card(anna)["agent"]["name"]) == ("talking", "Anna")
    assert ("system", "call_transfer_failed") in stage.thread()
    assert anna.post("/calls/1/transfer", {"agent_id": anna.id}, 409)["code"] == "taken"


def test_nobody_meddles_with_a_colleagues_call(caller: Leg, anna: Person) -> None:
    cy, boss = caller.stage.agent("Cy"), caller.stage.agent("Boss", "supervisor")
    answered(caller.stage, caller)
    for path, body in (("hold", {"on": True}), ("hang-up", None), ("transfer", {"agent_id": cy.id})):
        assert cy.post(f"/calls/1/{path}", body, 403)["by"] == "Anna"
    boss.post("/calls/1/hang-up")


def test_who_has_the_conversation_is_rung_first_and_once(line: Stage) -> None:
    anna, bo = line.agent("Anna"), line.agent("Bo", "supervisor")  # of another team
    caller = incoming(line)
    caller.asks()
    caller.ends()
    bo.post("/conversations/1/claim")
    again = incoming(line, name="CA2")
    again.asks()
    assert [each.to for each in Switchboard.placed] == ["+85290000002"]
    placed(line).ends("no_answer")
    with line.inside():
        db.session.execute(update(Call).where(Call.state == "queued").values(rung_at=now() - timedelta(minutes=1)))
    again.asks()
    assert [each.to for each in Switchboard.placed] == ["+85290000002", "+85290000001"]  # then the team
    assert anna.get("/conversations/1")["assignee"]["name"] == "Bo"


def test_where_conversations_are_given_those_ring_who_can_and_are_not_away(
    line: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anna of the own team is away, so Bo of the next one is rung; while the caller waits nobody is given anything."""
    overflow = [{"team": "returns", "after": "0s"}]
    rules = Routing.model_validate({"teams": {"sales": {"strategy": "least_busy", "overflow": overflow}}})
    settings = replace(line.app.extensions["settings"], routing=rules)
    monkeypatch.setitem(line.app.extensions, "settings", settings)
    anna, bo = line.agent("Anna"), line.agent("Bo")
    anna.put("/me/presence", {"status": "away"})
    bo.put("/me/presence", {"status": "online"})
    caller = incoming(line)
    caller.asks()
    caller.asks(digits="0")
    assert [each.to for each in Switchboard.placed] == ["+85290000002"]
    assert line.conversation().assignee_id is None
    caller.ends()
    assert line.conversation().assignee_id == bo.id  # who called in vain is called back


def test_take_rings_me(caller: Leg, anna: Person) -> None:
    stage = caller.stage
    bo = stage.agent("Bo", "supervisor")  # of another team
    caller.asks()
    caller.asks(digits="0")
    assert [each.to for each in Switchboard.placed] == ["+85290000001"]
    bo.post("/calls/1/take")
    stage.work()
    assert Switchboard.placed[-1].to == "+85290000002"
    phone = placed(stage)
    phone.asks()
    phone.asks(digits="1")
    assert card(anna)["agent"]["name"] == "Bo"
    assert anna.post("/calls/1/take", status=409) == {
        **anna.post("/calls/1/take", status=409),
        "code": "taken",
        "by": "Bo",
    }


# where agents take calls


def test_where_i_take_calls(line: Stage, anna: Person) -> None:
    assert anna.get("/me/phone") == {
        "device": "phone",
        "phone": "+85290000001",
        "browser": True,
        "channels": [{"name": "line", "label": "Line"}],
    }
    assert _put(anna, "/me/phone", {"device": "browser"})["device"] == "browser"
    token = anna.post("/me/softphone")
    assert token == {
        "driver": "switchboard",
        "token": f"token-of-{anna.id}",
        "expires_in": 3600,
        "address": "",
    }
    cara = line.agent("Cara")
    assert (cara.get("/me/phone")["device"], cara.get("/me/phone")["phone"]) == ("off", None)
    assert _put(cara, "/me/phone", {"device": "phone"}, 409)["code"] == "no_device"


def test_a_browser_that_is_answered_has_the_call(caller: Leg, anna: Person) -> None:
    _put(anna, "/me/phone", {"device": "browser"})
    caller.asks()
    caller.asks(digits="0")
    assert Switchboard.placed[-1].to == f"browser-{anna.id}"
    assert isinstance(placed(caller.stage).asks().steps[0], Join)  # there is a button for it: no key to press
    assert card(anna)["state"] == "talking"


def test_the_calls_that_are_going_on(caller: Leg, anna: Person) -> None:
    caller.asks()
    [live] = anna.get("/calls")["items"]
    assert (live["id"], live["state"], live["conversation_id"], live["team"]) == (1, "bot", 1, "sales")
    assert live["contact"]["id"] == 1
    assert caller.stage.agent("Zoe").get("/calls")["items"] == []  # of another team
    caller.ends()
    assert anna.get("/calls")["items"] == []


def _put(person: Person, path: str, body: Any, status: int = 200) -> Any:
    response = person.client.put(f"/api/v1{path}", json=body)
    assert response.status_code == status, response.text
    return response.get_json()


# recordings


def recorded_call(caller: Leg) -> None:
    phone = answered(caller.stage, caller)
    caller.push("recorded", recording="RE1", seconds=30)
    caller.ends()
    phone.ends()


def test_recordings_go_when_their_time_is_over(caller: Leg, anna: Person) -> None:
    recorded_call(caller)
    stage = caller.stage
    tasks.tidy.run()
    assert stage.row(Attachment).state == "ready"
    with stage.inside():
        path = files.path_of(stage.row(Attachment).sha256 or "")
        db.session.execute(update(Attachment).values(created_at=now() - timedelta(days=91)))
        db.session.execute(update(Message).where(Message.kind == "call").values(payload={"transcript": "秘密"}))
    assert path.exists()
    tasks.tidy.run()
    stage.work()
    assert ("forget", "RE1") in Switchboard.done
    attachment = stage.row(Attachment)
    assert (attachment.state, attachment.sha256, path.exists()) == ("failed", None, False)
    [message] = stage.rows(Message, Message.kind == "call")
    assert "transcript" not in message.payload
    assert ("system", "recording_erased") in stage.thread()


def test_an_erased_caller_leaves_no_number_no_words_and_no_recording(caller: Leg, line: Stage) -> None:
    boss = line.agent("Boss", "supervisor")
    anna = line.agent("Anna")
    caller.asks()
    caller.asks(text="怎么退款")
    recorded = answered(line, caller)
    caller.push("recorded", recording="RE1", seconds=30)
    caller.ends()
    recorded.ends()
    boss.post("/contacts/1/erase", {})
    line.work()
    assert ("forget", "RE1") in Switchboard.done
    tables = (Call, CallLeg, CallScript, Message, Identity, Arrival, Delivery, CallAction)
    kept = [f"{model.__name__}: {row.__dict__}" for model in tables for row in line.rows(model)]
    for trace in (CUSTOMER, "怎么退款", "RE1"):
        assert [row for row in kept if trace in row] == []
    assert line.rows(CallScript) == []
    caller.push("ringing")  # late news of it
    line.work()
    assert anna.get("/calls")["items"] == []


def test_a_talk_is_written_down(caller: Leg, anna: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = caller.stage.app.extensions["settings"]
    service = Transcription(url="http://127.0.0.1:9")
    monkeypatch.setitem(
        caller.stage.app.extensions,
        "settings",
        replace(settings, hub=settings.hub.model_copy(update={"transcription": service})),
    )
    monkeypatch.setitem(tasks.DOES, "transcription", (lambda limit: 0, 1))
    recorded_call(caller)
    jobs = caller.stage.rows(TranscriptionJob)
    assert len(jobs) == 1
    with caller.stage.inside():
        job = one_again(TranscriptionJob, jobs[0].id)
        job.state = "running"
        transcripts.transcribed(job, "您好，我要退货")
    [message] = caller.stage.rows(Message, Message.kind == "call")
    assert message.payload["transcript"] == "您好，我要退货" and message.text == ""
    assert card(anna)["outcome"] == "answered"


def test_who_waits_hears_music_of_our_own(line: Stage) -> None:
    answer = line.app.test_client().get("/hold-music.wav")
    assert (answer.status_code, answer.mimetype) == (200, "audio/wav")
    with wave.open(io.BytesIO(answer.data)) as file:
        seconds = file.getnframes() / file.getframerate()
        loudest = max(abs(sample) for sample in array("h", file.readframes(file.getnframes())))
    assert abs(seconds - scripts.MUSIC) < 3 and 3000 < loudest < 32000
    assert line.app.extensions["channels"]["line"].music == "http://hub.test/hold-music.wav"


def test_what_is_to_be_done_to_legs_is_in_the_list_of_jobs(caller: Leg, line: Stage) -> None:
    line.agent("Anna")
    boss = line.agent("Boss", "supervisor")
    caller.asks()
    caller.asks(digits="0")
    other = incoming(line, "+85251230009", "CA9")
    other.asks()
    boss.post("/calls/1/hang-up")
    boss.post("/calls/2/hang-up")
    line.work()
    jobs = [each for each in boss.get("/jobs", state="done")["items"] if each["kind"] == "call_action"]
    assert {(job["lane"], job["conversation_id"]) for job in jobs} == {("leg:1", 1), ("leg:2", 1), ("leg:3", 2)}

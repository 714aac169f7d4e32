"""Beside the thread: what the bot would answer, who takes it, and what agents think of the bot's answers."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from hub.db import db, now
from hub.models import BotTurn, Suggestion
from hub.services import suggestions
from tests.stage import Person, Stage, WeChat, states
from workers.tasks import sweep, tidy

REFUND = {"id": "refund", "question": "怎么退款", "text": "七天内可以退款。", "score": 0.99}
NOTHING = {"id": None, "message_id": None, "answers": [], "recommendations": []}


def with_people(stage: Stage, *texts: str) -> Person:
    """A conversation that an agent has, in which the customer then writes these."""
    anna = stage.agent()
    stage.push("转人工")
    stage.work()
    anna.post("/conversations/1/claim")
    for number, text in enumerate(texts, 1):
        stage.push(text, at=number)
        stage.work()
    return anna


def test_an_agent_is_shown_what_the_bot_would_say(stage: Stage, wechat: WeChat) -> None:
    anna = with_people(stage, "怎么退款")
    shown = anna.get("/conversations/1/suggestions")
    question = anna.get("/conversations/1/messages")["items"][-1]
    assert (question["text"], shown["message_id"], shown["answers"]) == ("怎么退款", question["id"], [REFUND])
    assert "七天内可以退款。" not in wechat.texts


def test_who_asks_for_the_person_again_asks_for_nothing_else(stage: Stage, wechat: WeChat) -> None:
    anna = with_people(stage, "帮我转人工")
    assert anna.get("/conversations/1/suggestions")["answers"] == []
    stage.push("转人工，怎么退款", at=9)
    stage.work()
    assert anna.get("/conversations/1/suggestions")["answers"] == [REFUND]


def test_there_is_nothing_to_suggest(stage: Stage, wechat: WeChat) -> None:
    anna = stage.agent()
    stage.push("怎么退款")
    stage.work()
    assert anna.get("/conversations/1/suggestions") == NOTHING  # the bot has answered that
    assert anna.get("/conversations/99/suggestions", 404)["code"] == "not_found"


def test_who_is_handed_over_brings_the_question_along(stage: Stage, wechat: WeChat) -> None:
    for text in ("嗯哼哈嘿", "哼哼哈嘿"):
        stage.push(text)
        stage.work()
    [suggestion] = stage.rows(Suggestion)
    assert (suggestion.state, suggestion.answers) == ("done", [])


def test_what_is_old_is_forgotten(stage: Stage, wechat: WeChat) -> None:
    with_people(stage, "怎么退款", "怎么退款呀")
    first, last = stage.rows(Suggestion)[-2:]
    with stage.inside():
        db.session.execute(
            update(Suggestion).where(Suggestion.id == first.id).values(created_at=now() - timedelta(days=91))
        )
    tidy()
    assert [row.id for row in stage.rows(Suggestion)][-1] == last.id
    assert first.id not in [row.id for row in stage.rows(Suggestion)]


def test_what_an_agent_takes_is_noted(stage: Stage, wechat: WeChat) -> None:
    anna = with_people(stage, "怎么退款")
    number = anna.get("/conversations/1/suggestions")["id"]
    taken = {"id": number, "which": "refund"}
    anna.post("/conversations/1/messages", {"text": "七天内可以退款。", "suggestion": taken}, 201)
    row = stage.row(Suggestion, Suggestion.id == number)
    assert (row.used, row.edited, row.used_by_id) == ("refund", False, anna.id)
    anna.post("/conversations/1/messages", {"text": "您好，七天内可以。", "suggestion": taken}, 201)
    assert stage.row(Suggestion, Suggestion.id == number).edited


def test_nobody_takes_what_was_not_suggested(stage: Stage, wechat: WeChat) -> None:
    anna = with_people(stage, "怎么退款")
    number = anna.get("/conversations/1/suggestions")["id"]
    for taken, status in (({"id": number, "which": "other"}, 422), ({"id": number + 9, "which": "refund"}, 404)):
        anna.post("/conversations/1/messages", {"text": "七天", "suggestion": taken}, status)


def test_a_worker_that_dies_over_a_suggestion_leaves_it_to_another(stage: Stage, wechat: WeChat) -> None:
    anna = with_people(stage)
    stage.push("怎么退款", at=5)
    stage.do("arrival")
    with stage.inside():
        assert len(suggestions.claim_due(5)) == 1
        db.session.execute(update(Suggestion).values(claimed_at=now() - timedelta(seconds=61)))
    assert states(stage.rows(Suggestion))[-1] == "running"
    sweep()
    stage.work()
    assert anna.get("/conversations/1/suggestions")["answers"] == [REFUND]


# thumbs


def answered(stage: Stage) -> tuple[Person, int]:
    anna = stage.agent()
    stage.push("怎么退款")
    stage.work()
    return anna, anna.get("/conversations/1/messages")["items"][-1]["id"]


def test_agents_say_what_they_think_of_an_answer(stage: Stage, wechat: WeChat) -> None:
    anna, message = answered(stage)
    rated = anna.put(f"/messages/{message}/rating", {"rating": "bad", "meant": "none"})
    assert rated["payload"]["rating"] == {"rating": "bad", "meant": "none", "by": "Anna"}
    turn = stage.row(BotTurn)
    assert (turn.rating, turn.meant, turn.rated_by_id) == ("bad", "none", anna.id)
    rated = anna.put(f"/messages/{message}/rating", {"rating": None})
    assert "rating" not in rated["payload"]
    assert (stage.row(BotTurn).rating, stage.row(BotTurn).rated_by_id) == (None, None)


def test_what_cannot_be_rated(stage: Stage, wechat: WeChat) -> None:
    anna, message = answered(stage)
    question = message - 1
    anna.put(f"/messages/{question}/rating", {"rating": "good"}, 404)
    anna.put(f"/messages/{message}/rating", {"rating": "bad", "meant": "no such entry"}, 422)
    anna.put(f"/messages/{message}/rating", {"rating": "great"}, 422)


# what is known


def test_agents_read_what_the_bot_knows(stage: Stage) -> None:
    [entry] = stage.agent().get("/knowledge")["items"]
    assert entry == {"id": "refund", "kind": "entry", "question": "怎么退款", "answer": "七天内可以退款。", "tags": []}


def test_agents_see_the_bots(stage: Stage) -> None:
    bots = stage.agent().get("/bots")
    assert bots["items"] == [{"name": "frontdesk", "engines": ["keywords", "knowledge"]}]
    assert (bots["refused"], len(bots["version"])) == (None, 16)


# who it is for


def test_customers_have_tags(stage: Stage, wechat: WeChat) -> None:
    anna = stage.agent()
    stage.push("你好")
    stage.work()
    assert anna.patch("/contacts/1", {"tags": ["vip", "批发", "vip"]})["tags"] == ["vip", "批发"]
    assert anna.get("/contacts/1")["tags"] == ["vip", "批发"]
    for wrong in ([""], [" a"], ["a,b"], ["x" * 41], ["a"] * 21, "vip"):
        anna.patch("/contacts/1", {"tags": wrong}, 422)

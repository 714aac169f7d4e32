"""Two conversations of one customer become one, one becomes two, and both can be undone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import or_

from hub.db import db
from hub.models import (
    AuditEntry,
    BotTurn,
    Conversation,
    ConversationMerge,
    Delivery,
    Draft,
    Follow,
    Message,
    Notification,
    Suggestion,
)
from tests.stage import Person, Stage, at_once, written

AFTER = ["merged_into", "merged_in", "merge_undone", "split_from", "split_off", "split_undone"]


def mail(text: str, thread: str, number: int, *references: str, **fields: Any) -> Any:
    """A message that carries its thread; it is called m1, m2 …"""
    return written(
        text, thread=thread, number=number, at=number, message_id=f"m{number}", references=references, **fields
    )


@pytest.fixture
def bea(stage: Stage) -> Person:
    return stage.agent("Bea")


@pytest.fixture
def threads(stage: Stage) -> tuple[int, int]:
    """One customer wrote two mails about one matter."""
    stage.page(mail("price?", "t1", 1), mail("price, please", "t2", 2))
    stage.work()
    one, two = stage.rows(Conversation)
    return one.id, two.id


@pytest.fixture
def chat_and_mail(stage: Stage) -> tuple[int, int]:
    stage.page(written("hello", number=1), mail("price?", "t1", 2))
    stage.work()
    chat, thread = stage.rows(Conversation)
    return chat.id, thread.id


def receive(stage: Stage, *events: Any) -> None:
    stage.page(*events)
    stage.work()


def said(stage: Stage, conversation: int) -> list[str]:
    return [text for author, text in stage.thread(conversation) if author in ("contact", "agent", "bot")]


def states(stage: Stage) -> list[tuple[int, str]]:
    return [(row.id, row.status) for row in stage.rows(Conversation)]


# merge


def test_one_conversation_has_it_all_in_the_order_of_time_and_the_other_leads_to_it(
    stage: Stage, anna: Person, threads: tuple[int, int]
) -> None:
    kept, other = threads
    anna.post(f"/conversations/{kept}/messages", {"text": "100"}, 201)
    anna.post(f"/conversations/{other}/messages", {"text": "as I said"}, 201)
    joined = anna.post(f"/conversations/{kept}/merge", {"other": other})

    assert said(stage, kept) == ["price?", "price, please", "100", "as I said"]
    assert said(stage, other) == []
    assert (stage.thread(kept)[-1][1], stage.thread(other)[-1][1]) == ("merged_in", "merged_into")
    assert states(stage) == [(kept, "open"), (other, "resolved")]
    detail = anna.get(f"/conversations/{other}")
    assert (detail["merged_into"], detail["undoable"]) == (kept, [joined["merge"]])
    assert anna.get(f"/conversations/{kept}")["unread"] == 0
    problem = anna.post(f"/conversations/{other}/reopen", status=409)
    assert (problem["code"], problem["into"]) == ("merged", str(kept))
    [entry] = stage.rows(AuditEntry, AuditEntry.action == "merge_conversations")
    assert (entry.agent_id, entry.detail["other"]) == (anna.id, other)


@pytest.mark.parametrize(
    "answer", [mail("and with tax?", "t2", 9, "m2"), mail("and with tax?", "t2", 9), mail("?", "t9", 9, "m2")]
)
def test_a_mail_that_answers_what_was_moved_lands_in_the_kept_one(
    stage: Stage, anna: Person, threads: tuple[int, int], answer: Any
) -> None:
    kept, other = threads
    anna.post(f"/conversations/{kept}/merge", {"other": other})
    receive(stage, answer)
    assert said(stage, kept)[-1] == answer.text
    assert len(stage.rows(Conversation)) == 2

    anna.post(f"/conversations/{kept}/resolve")
    receive(stage, mail("once more", "t2", 10, "m2"))
    assert said(stage, kept)[-1] == "once more"
    assert stage.rows(Conversation)[0].status != "resolved"


def test_a_chat_goes_on_in_the_mails_it_was_merged_into(
    stage: Stage, anna: Person, chat_and_mail: tuple[int, int]
) -> None:
    chat, thread = chat_and_mail
    anna.post(f"/conversations/{thread}/merge", {"other": chat})
    receive(stage, written("are you there?", number=3, at=9))
    assert said(stage, thread) == ["hello", "price?", "are you there?"]
    anna.post(f"/conversations/{thread}/resolve")
    receive(stage, written("something else", number=4, at=99))
    assert [row.thread for row in stage.rows(Conversation, Conversation.status != "resolved")] == [""]
    assert said(stage, thread)[-1] == "are you there?"


def test_mails_that_went_into_a_chat_begin_anew_once_another_chat_is_open(
    stage: Stage, anna: Person, chat_and_mail: tuple[int, int]
) -> None:
    chat, thread = chat_and_mail
    anna.post(f"/conversations/{chat}/merge", {"other": thread})
    receive(stage, mail("a mail", "t1", 3, "m2"))
    assert said(stage, chat)[-1] == "a mail"
    anna.post(f"/conversations/{chat}/resolve")
    receive(stage, written("another chat", number=4, at=99))
    receive(stage, mail("a late mail", "t1", 5, "m2"))
    *_, newer, newest = stage.rows(Conversation)
    assert (said(stage, newer.id), said(stage, newest.id)) == (["another chat"], ["a late mail"])


def test_what_hangs_on_a_message_goes_with_it(
    stage: Stage, anna: Person, bea: Person, threads: tuple[int, int]
) -> None:
    kept, other = threads
    anna.post(f"/conversations/{other}/messages", {"text": "100"}, 201)
    anna.post(f"/conversations/{other}/messages", {"text": "@Bea", "note": True, "mentions": [bea.id]}, 201)
    bea.put(f"/conversations/{other}/follow", {})
    draft = {"text": "And then", "updated_at": "2026-03-01T12:00:00Z"}
    bea.put(f"/conversations/{other}/drafts/reply", draft)
    asked = stage.rows(Message, Message.conversation_id == other)[0].id
    with stage.inside():
        db.session.add(BotTurn(lane="x", conversation_id=other, message_id=asked, state="done"))
    before = [(row.id, row.message_id, row.state) for row in stage.rows(Delivery)]

    def places() -> list[set[int]]:
        """Where the suggestion, the bot's turn, what Bea was told, what she follows, and her draft are."""
        conditions: dict[Any, Any] = {
            Suggestion: Suggestion.message_id == asked,
            BotTurn: BotTurn.message_id == asked,
            Notification: Notification.kind == "mention",
            Follow: Follow.agent_id == bea.id,
            Draft: Draft.agent_id == bea.id,
        }
        return [{row.conversation_id for row in stage.rows(model, which)} for model, which in conditions.items()]

    assert places() == [{other}] * 5
    joined = anna.post(f"/conversations/{kept}/merge", {"other": other})
    assert places() == [{kept}, {kept}, {kept}, {kept, other}, {kept}]
    assert [(row.id, row.message_id, row.state) for row in stage.rows(Delivery)] == before

    anna.post(f"/conversations/{other}/unmerge", {"merge": joined["merge"]})
    assert places() == [{other}, {other}, {other}, {other}, {kept}]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("{kept}/merge", {"other": "{kept}"}, 422, "invalid"),
        ("{kept}/merge", {"other": 999}, 404, "not_found"),
        ("{kept}/merge", {"other": "{stranger}"}, 409, "other_contact"),
        ("{done}/merge", {"other": "{kept}"}, 409, "resolved"),
        ("{kept}/unmerge", {"merge": 999}, 404, "not_found"),
        ("{kept}/split", {"from_message": 1}, 409, "nothing_left"),
        ("{kept}/split", {"from_message": 2}, 422, "invalid"),
        ("{done}/split", {"from_message": 3}, 409, "resolved"),
    ],
)
def test_what_cannot_be(stage: Stage, anna: Person, path: str, body: dict[str, Any], status: int, code: str) -> None:
    receive(stage, mail("one", "t1", 1), mail("two", "t2", 2, sender="cy"), mail("three", "t3", 3))
    ids = {"kept": 1, "stranger": 2, "done": 3}
    anna.post("/conversations/3/resolve")
    given = {name: int(str(value).format(**ids)) for name, value in body.items()}
    assert anna.post("/conversations/" + path.format(**ids), given, status)["code"] == code


def test_an_old_matter_that_is_over_can_be_merged_into_what_goes_on(
    stage: Stage, anna: Person, threads: tuple[int, int]
) -> None:
    kept, other = threads
    anna.post(f"/conversations/{other}/resolve")
    joined = anna.post(f"/conversations/{kept}/merge", {"other": other})
    assert (said(stage, kept), states(stage)[0]) == (["price?", "price, please"], (kept, "waiting"))
    anna.post(f"/conversations/{kept}/unmerge", {"merge": joined["merge"]})
    assert (said(stage, other), states(stage)[1]) == (["price, please"], (other, "resolved"))


# undo


@pytest.mark.parametrize("by_us", [True, False])
def test_a_merge_cannot_be_undone_once_something_was_said(
    stage: Stage, anna: Person, threads: tuple[int, int], by_us: bool
) -> None:
    kept, other = threads
    joined = anna.post(f"/conversations/{kept}/merge", {"other": other})
    anna.post(f"/conversations/{kept}/messages", {"text": "hm", "note": True}, 201)
    assert anna.get(f"/conversations/{kept}")["undoable"] == [joined["merge"]]
    if by_us:
        anna.post(f"/conversations/{kept}/messages", {"text": "100"}, 201)
    else:
        receive(stage, mail("well?", "t2", 9, "m2"))
    assert anna.get(f"/conversations/{kept}")["undoable"] == []
    assert anna.post(f"/conversations/{kept}/unmerge", {"merge": joined["merge"]}, 409)["code"] == "said_since"


def test_an_undo_leaves_what_agents_did_since_and_may_be_asked_for_twice(
    stage: Stage, anna: Person, bea: Person, threads: tuple[int, int]
) -> None:
    kept, other = threads
    joined = anna.post(f"/conversations/{kept}/merge", {"other": other})
    bea.post(f"/conversations/{kept}/claim")
    for _ in range(2):
        anna.post(f"/conversations/{kept}/unmerge", {"merge": joined["merge"]})
    assert states(stage) == [(kept, "open"), (other, "waiting")]
    assert [row[1] for row in stage.thread(other)].count("merge_undone") == 1


def test_a_chain_is_undone_from_its_end(stage: Stage, anna: Person) -> None:
    receive(stage, *(mail(f"say {n}", f"t{n}", n) for n in (1, 2, 3)))
    first = anna.post("/conversations/2/merge", {"other": 3})
    second = anna.post("/conversations/1/merge", {"other": 2})
    receive(stage, mail("to the third", "t3", 9))
    assert said(stage, 1) == ["say 1", "say 2", "say 3", "to the third"]
    assert anna.post("/conversations/3/unmerge", {"merge": first["merge"]}, 409)["code"] == "moved_on"
    assert anna.post("/conversations/1/unmerge", {"merge": second["merge"]}, 409)["code"] == "said_since"


def test_an_undo_makes_no_second_open_chat(stage: Stage, anna: Person, chat_and_mail: tuple[int, int]) -> None:
    chat, thread = chat_and_mail
    joined = anna.post(f"/conversations/{thread}/merge", {"other": chat})
    anna.post(f"/conversations/{thread}/resolve")
    receive(stage, written("something else", number=4, at=99))
    assert anna.post(f"/conversations/{thread}/unmerge", {"merge": joined["merge"]}, 409)["code"] == "another_open"


# split


def test_from_one_message_on_it_is_another_conversation(stage: Stage, anna: Person, bea: Person) -> None:
    receive(stage, *(written(text, number=n, at=n) for n, text in enumerate(["my parcel", "thanks", "an invoice"], 1)))
    bea.post("/conversations/1/claim")
    invoice = stage.row(Message, Message.text == "an invoice")
    joined = anna.post("/conversations/1/split", {"from_message": invoice.id, "subject": "Invoice"})
    part = joined["other"]

    assert (said(stage, 1), said(stage, part)) == (["my parcel", "thanks"], ["an invoice"])
    assert (stage.thread(1)[-1][1], stage.thread(part)[-1][1]) == ("split_off", "split_from")
    shown = anna.get(f"/conversations/{part}")
    assert (shown["subject"], shown["status"], shown["assignee"]["id"]) == ("Invoice", "open", bea.id)
    assert shown["participants"] == []
    # what they write now goes on with what they wrote last, while that is open
    receive(stage, written("for my company", number=4, at=4))
    assert said(stage, part) == ["an invoice", "for my company"]
    assert anna.get("/conversations/1")["undoable"] == shown["undoable"] == [joined["merge"]]
    anna.post(f"/conversations/{part}/resolve")
    receive(stage, written("and my parcel?", number=5, at=5))
    assert said(stage, 1) == ["my parcel", "thanks", "and my parcel?"]

    anna.post("/conversations/1/unmerge", {"merge": joined["merge"]})
    everything = ["my parcel", "thanks", "an invoice", "for my company", "and my parcel?"]
    assert (said(stage, 1), said(stage, part)) == (everything, [])
    assert anna.get(f"/conversations/{part}")["merged_into"] == 1
    assert anna.get("/conversations/1")["undoable"] == []


def test_mails_go_to_the_part_that_they_answer(stage: Stage, anna: Person) -> None:
    receive(stage, mail("price?", "t1", 1), mail("and an invoice", "t1", 2, "m1"))
    invoice = stage.row(Message, Message.text == "and an invoice")
    joined = anna.post("/conversations/1/split", {"from_message": invoice.id})
    receive(stage, mail("of the price", "t1", 3, "m1"), mail("of the invoice", "t1", 4, "m2", "m1"))
    assert said(stage, 1) == ["price?", "of the price"]
    assert said(stage, joined["other"]) == ["and an invoice", "of the invoice"]


# what may happen at the same moment


def test_a_mail_that_comes_while_it_is_merged_is_kept_once(stage: Stage, anna: Person) -> None:
    for n in range(12):
        one, two, mine = f"a{n}", f"b{n}", 100 + 10 * n
        receive(stage, mail("1", one, mine, sender=one), mail("2", two, mine + 1, sender=one))
        kept, other = [row.id for row in stage.rows(Conversation)][-2:]
        stage.page(
            mail(f"late {n}", two, mine + 2, f"m{mine + 1}", sender=one),
            mail(f"by another {n}", two, mine + 3, sender="cy"),
        )
        outcomes = at_once(
            lambda kept=kept, other=other: anna.post(f"/conversations/{kept}/merge", {"other": other}),
            stage.work,
            stage.work,
        )
        assert not [each for each in outcomes if isinstance(each, Exception)], outcomes
        stage.make_due()
        stage.work()
        assert sorted(said(stage, kept)) == sorted(["1", "2", f"late {n}", f"by another {n}"])
        assert said(stage, other) == []


def test_of_two_who_merge_the_same_one_of_them_does(stage: Stage, anna: Person, bea: Person) -> None:
    receive(stage, *(mail(f"say {n}", f"t{n}", n) for n in range(1, 4)))
    outcomes = at_once(
        lambda: anna.client.post("/api/v1/conversations/1/merge", json={"other": 2}).status_code,
        lambda: bea.client.post("/api/v1/conversations/2/merge", json={"other": 1}).status_code,
    )
    assert sorted(outcomes) == [200, 409]  # type: ignore[type-var]
    assert len(stage.rows(ConversationMerge)) == 1
    assert sorted(said(stage, 1) + said(stage, 2)) == ["say 1", "say 2"]


# a merge that is undone never was

acts = some.lists(
    some.tuples(
        some.sampled_from(["one", "two"]), some.sampled_from(["in", "out", "note", "claim", "resolve", "read"])
    ),
    max_size=8,
)
_names = iter(range(1, 10_000))


@given(acts)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_merge_and_undo_change_nothing(stage: Stage, done: list[tuple[str, str]]) -> None:
    who, anna = f"cust{next(_names)}", _agent(stage)
    receive(stage, mail("1", f"{who}-one", next(_names), sender=who), mail("2", f"{who}-two", next(_names), sender=who))
    one, two = [row.id for row in stage.rows(Conversation)][-2:]
    ids = {"one": one, "two": two}
    for which, act in done:
        path = f"/conversations/{ids[which]}"
        if act == "in":
            receive(stage, mail("more", f"{who}-{which}", next(_names), sender=who))
        elif act in ("out", "note"):
            anna.client.post(f"/api/v1{path}/messages", json={"text": act, "note": act == "note"})
        else:
            anna.client.post(f"/api/v1{path}/{act}", json={})
    anna.post(f"/conversations/{one}/reopen")
    before = picture(stage, one, two)
    joined = anna.post(f"/conversations/{one}/merge", {"other": two})
    merged = picture(stage, one, two)
    assert {row[1] for row in merged["messages"]} == {one}
    assert [row[0] for row in merged["messages"]] == [row[0] for row in before["messages"]]
    assert merged["deliveries"] == before["deliveries"]
    anna.post(f"/conversations/{two}/unmerge", {"merge": joined["merge"]})
    assert picture(stage, one, two) == before


def _agent(stage: Stage) -> Person:
    """One of them is enough."""
    if not hasattr(stage, "only_agent"):
        stage.only_agent = stage.agent()  # type: ignore[attr-defined]
    return stage.only_agent  # type: ignore[attr-defined, no-any-return]


def picture(stage: Stage, *ids: int) -> dict[str, list[Any]]:
    """Both conversations, without the lines that say that they were merged."""
    messages = [
        row for row in stage.rows(Message, Message.conversation_id.in_(ids)) if row.payload.get("event") not in AFTER
    ]
    numbers = [row.id for row in messages]
    return {
        "messages": [(row.id, row.conversation_id, row.position, row.text) for row in messages],
        "deliveries": [
            (row.id, row.message_id, row.state) for row in stage.rows(Delivery, Delivery.message_id.in_(numbers))
        ],
        "conversations": [
            (
                *(row.id, row.status, row.assignee_id, row.team, row.unread, row.waiting_since, row.owed_since),
                *(row.reply_channel, row.reply_identity_id, row.newest_in_at, row.thread, row.takes_chat),
            )
            for row in stage.rows(Conversation, Conversation.id.in_(ids))
        ],
        "turns": [
            (row.id, row.conversation_id)
            for row in stage.rows(BotTurn, or_(BotTurn.conversation_id.in_(ids), BotTurn.message_id.in_(numbers)))
        ],
    }

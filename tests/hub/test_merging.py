"""Two contacts turn out to be one person, or not after all; and a message that failed is sent again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from channels.contract import Address, Event, Signal
from hub.db import db
from hub.models import AuditEntry, BotTurn, Contact, Conversation, Identity, Merge, Message
from tests.stage import NOON, Person, Stage, WeChat, at_once, written

UNION = Address("union", "u1")
RETRIES = 3  # of a worker that met another one


def people(stage: Stage) -> list[int]:
    return [row.contact_id for row in stage.rows(Identity)]


def unresolved(stage: Stage, *conditions: Any) -> list[Conversation]:
    return stage.rows(Conversation, Conversation.status != "resolved", *conditions)


def standing(stage: Stage) -> list[tuple[Any, ...]]:
    """What a merge changes, and what its undoing gives back."""
    return [
        (
            row.id,
            row.contact_id,
            row.status,
            row.assignee_id,
            row.team,
            row.unread,
            row.reply_channel,
            row.reply_identity_id,
            row.context,
            row.newest_in_at,
            row.waiting_since,
            row.snoozed_until,
        )
        for row in stage.rows(Conversation)
    ]


def said(stage: Stage, conversation: int) -> list[str]:
    return [text for author, text in stage.thread(conversation) if author in ("contact", "agent")]


def two(stage: Stage) -> tuple[int, int]:
    """One person as two contacts, each with something open: a bot has the first, the second waits."""
    stage.enter("order=1", sender="anna")
    stage.push("from the shop", sender="anna", at=1)
    while stage.do("arrival"):
        pass
    stage.push("from the desk", sender="anna", channel="desk", at=2)
    stage.do("arrival")
    kept, other = people(stage)
    return kept, other


def test_merged_contacts_share_their_identities_and_one_open_conversation(stage: Stage) -> None:
    kept, other = two(stage)
    anna = stage.agent()

    contact = anna.post(f"/contacts/{kept}/merge", {"contact": other})

    assert [identity["value"] for identity in contact["identities"]] == ["anna", "anna"]
    assert people(stage) == [kept, kept]
    [open_one] = unresolved(stage)
    assert said(stage, open_one.id) == ["from the shop", "from the desk"]
    assert stage.thread(open_one.id)[-1] == ("system", "merged")
    assert {row.author_id for row in stage.rows(Message, Message.author_kind == "contact")} == {kept}
    [entry] = stage.rows(AuditEntry, AuditEntry.action == "merge")
    assert (entry.agent_id, entry.detail["contact"], entry.detail["identities"]) == (anna.id, other, [2])
    [merge] = contact["merges"]
    assert (merge["by"], merge["other"], merge["undone"]) == (
        {"id": anna.id, "name": "Anna"},
        {"id": other, "name": ""},
        False,
    )

    stage.push("again", sender="anna", channel="desk", at=3)
    stage.work()
    assert said(stage, open_one.id)[-1] == "again"
    assert len(unresolved(stage)) == 1
    assert anna.get(f"/contacts/{other}")["conversations"] == []


@pytest.mark.parametrize(
    ("kept_is", "other_is", "joined"),
    [
        ("bot", "waiting", "waiting"),
        ("waiting", "bot", "waiting"),
        ("bot", "snoozed", "snoozed"),
        ("snoozed", "waiting", "waiting"),
        ("waiting", "mine", "open"),
        ("mine", "theirs", "open"),
        ("bot", "theirs", "open"),
        ("bot", "bot", "bot"),
    ],
)
def test_what_is_with_a_person_stays_with_a_person(stage: Stage, kept_is: str, other_is: str, joined: str) -> None:
    stage.page(written("kept", number=1), written("other", sender="cy", number=2, at=1))
    stage.work()
    anna, bea = stage.agent(), stage.agent("Bea")
    for number, state in ((1, kept_is), (2, other_is)):
        set_up(stage, number, state, anna, bea)
    before = standing(stage)
    anna.post("/contacts/1/merge", {"contact": 2})

    target, source = stage.rows(Conversation)
    assert (target.status, source.status) == (joined, "resolved")
    assert target.assignee_id == (anna.id if "mine" in (kept_is, other_is) else bea.id if joined == "open" else None)
    assert (target.waiting_since is not None, target.snoozed_until is not None) == (
        joined == "waiting",
        joined == "snoozed",
    )
    assert (target.unread, source.unread) == (2, 0)
    assert (target.reply_identity_id, target.newest_in_at) == (2, NOON + timedelta(seconds=1))

    anna.post("/contacts/1/unmerge", {"merge": 1})
    assert standing(stage) == before


def set_up(stage: Stage, number: int, state: str, anna: Person, bea: Person) -> None:
    if state == "snoozed":
        anna.post(f"/conversations/{number}/snooze", {"until": "2999-01-01T00:00:00Z"})
    if state in ("mine", "theirs"):
        (anna if state == "mine" else bea).post(f"/conversations/{number}/claim")
    with stage.inside():
        row = db.session.get_one(Conversation, number)
        row.unread = 1
        if state == "bot":
            row.status, row.bot, row.waiting_since = "bot", "frontdesk", None


def test_a_merge_is_undone_as_if_it_had_not_been(stage: Stage) -> None:
    kept, other = two(stage)
    anna = stage.agent()
    with stage.inside():
        db.session.get_one(Contact, other).name = "Wang"
        db.session.get_one(Contact, other).facts = {"subscribe_scene": "QR"}
        db.session.get_one(Conversation, 2).context = {"scene": "q1"}
    before, threads = standing(stage), [stage.thread(1), stage.thread(2)]

    merged = anna.post(f"/contacts/{kept}/merge", {"contact": other})
    assert (merged["name"], merged["facts"]) == ("Wang", {"subscribe_scene": "QR"})
    assert unresolved(stage)[0].context == {"session_from": "order=1", "scene": "q1"}

    contact = anna.post(f"/contacts/{kept}/unmerge", {"merge": merged["merges"][0]["id"]})

    assert (contact["name"], contact["facts"], contact["merges"][0]["undone"]) == ("", {}, True)
    assert standing(stage) == before
    lines = [("system", "merged"), ("system", "unmerged")]
    assert [stage.thread(1), stage.thread(2)] == [thread + lines for thread in threads]
    assert people(stage) == [kept, other]
    authors = {row.conversation_id: row.author_id for row in stage.rows(Message, Message.author_kind == "contact")}
    assert authors == {1: kept, 2: other}
    assert [row.action for row in stage.rows(AuditEntry)][-2:] == ["merge", "unmerge"]

    again = anna.post(f"/contacts/{kept}/unmerge", {"merge": merged["merges"][0]["id"]})
    assert again == contact
    assert anna.get("/conversations/2")["last_message"]["payload"]["event"] == "unmerged"


def test_what_came_since_goes_back_with_its_sender(stage: Stage) -> None:
    kept, other = two(stage)
    anna = stage.agent()
    anna.post(f"/contacts/{kept}/merge", {"contact": other})
    anna.post("/conversations/1/claim")
    stage.push("theirs", sender="anna", channel="desk", at=5)
    stage.push("ours", sender="anna", at=6)
    stage.work()
    anna.post("/conversations/1/messages", {"text": "to the shop", "note": True}, 201)

    anna.post(f"/contacts/{kept}/unmerge", {"merge": 1})

    assert said(stage, 1) == ["from the shop", "ours", "to the shop"]
    assert said(stage, 2) == ["from the desk", "theirs"]
    first, second = stage.rows(Conversation)
    assert (first.status, first.assignee_id, first.contact_id, first.reply_channel) == ("open", anna.id, kept, "shop")
    assert (second.status, second.assignee_id, second.contact_id, second.reply_channel) == (
        "open",
        anna.id,
        other,
        "desk",
    )
    stage.push("later", sender="anna", channel="desk", at=7)
    stage.work()
    assert said(stage, 2) == ["from the desk", "theirs", "later"]


def test_conversations_opened_since_go_to_whom_they_were_with(stage: Stage) -> None:
    """One of the other's, one of both, and one that the other had before and both have written in since."""
    anna = stage.agent()
    stage.page(written("a", sender="a", number=1), written("b", sender="b", number=2, thread="t"))
    stage.work()
    anna.post("/contacts/1/merge", {"contact": 2})
    anna.post("/conversations/1/resolve")
    for number, (sender, thread) in enumerate([("b", ""), ("b", "t2"), ("a", "t2"), ("a", "t"), ("b", "t3")], 3):
        stage.page(written(f"{sender} {thread}", sender=sender, number=number, at=number, thread=thread))
    stage.work()

    anna.post("/contacts/1/unmerge", {"merge": 1})

    threads = {(row.contact_id, row.thread, row.status): said(stage, row.id) for row in stage.rows(Conversation)}
    assert threads == {
        (1, "", "resolved"): ["a"],
        (2, "t", "waiting"): ["b"],
        (1, "t", "waiting"): ["a t"],
        (2, "", "waiting"): ["b "],
        (1, "t2", "waiting"): ["a t2"],
        (2, "t2", "waiting"): ["b t2"],
        (2, "t3", "waiting"): ["b t3"],
    }
    for row in stage.rows(Conversation):
        reply = stage.row(Identity, Identity.id == row.reply_identity_id)
        assert (row.contact_id, row.unread) == (reply.contact_id, 0 if row.status == "resolved" else 1)


def test_what_was_joined_and_resolved_stays_resolved(stage: Stage) -> None:
    kept, other = two(stage)
    anna = stage.agent()
    anna.post(f"/contacts/{kept}/merge", {"contact": other})
    anna.post("/conversations/1/resolve")
    anna.post(f"/contacts/{kept}/unmerge", {"merge": 1})
    assert [row.status for row in stage.rows(Conversation)] == ["resolved", "resolved"]
    assert stage.thread(2) == [("contact", "from the desk"), ("system", "merged"), ("system", "unmerged")]


def test_the_bot_answers_in_the_conversation_that_stays(stage: Stage, wechat: WeChat) -> None:
    stage.push("怎么退款", sender="anna")
    stage.push("怎么退款", sender="bo")
    stage.do("arrival", 20)
    anna = stage.agent()
    anna.post("/contacts/1/merge", {"contact": 2})
    assert {row.conversation_id for row in stage.rows(BotTurn)} == {1}
    stage.work()
    assert [row.outcome for row in stage.rows(BotTurn)] == ["said", "said"]
    assert stage.thread(1).count(("bot", "七天内可以退款。")) == 2
    assert stage.row(Conversation, Conversation.id == 2).status == "resolved"


def test_a_reply_that_is_under_way_is_sent_all_the_same(stage: Stage, wechat: WeChat) -> None:
    kept, other = two(stage)
    anna = stage.agent()
    anna.post("/conversations/2/claim")
    message = anna.post("/conversations/2/messages", {"text": "coming"}, 201)
    anna.post(f"/contacts/{kept}/merge", {"contact": other})
    stage.work()
    assert "coming" in wechat.texts
    sent = next(each for each in anna.get("/conversations/1/messages")["items"] if each["id"] == message["id"])
    assert sent["delivery"]["state"] == "sent"


def test_nonsense_is_not_merged(stage: Stage) -> None:
    stage.push("hello")
    stage.work()
    anna = stage.agent()
    contact = stage.row(Identity).contact_id
    assert anna.post(f"/contacts/{contact}/merge", {"contact": contact}, 422)["errors"][0]["field"] == "contact"
    assert anna.post(f"/contacts/{contact}/merge", {"contact": 987654}, 422)["errors"][0]["field"] == "contact"
    anna.post("/contacts/987654/merge", {"contact": contact}, 404)
    assert anna.post(f"/contacts/{contact}/unmerge", {"merge": 987654}, 422)["errors"][0]["field"] == "merge"
    anna.post("/contacts/987654/unmerge", {"merge": 1}, 404)


def test_merging_twice_is_merging_once(stage: Stage) -> None:
    kept, other = two(stage)
    anna = stage.agent()
    once = anna.post(f"/contacts/{kept}/merge", {"contact": other})
    assert anna.post(f"/contacts/{kept}/merge", {"contact": other}) == once


def test_a_merge_under_another_one_is_not_undone(stage: Stage) -> None:
    anna = stage.agent()
    stage.page(*[written(sender, sender=sender, number=number) for number, sender in enumerate("abc")])
    stage.work()
    anna.post("/contacts/2/merge", {"contact": 3})
    anna.post("/contacts/1/merge", {"contact": 2})
    assert anna.post("/contacts/2/unmerge", {"merge": 1}, 409)["code"] == "merged_on"
    anna.post("/contacts/1/unmerge", {"merge": 2})
    anna.post("/contacts/2/unmerge", {"merge": 1})
    assert people(stage) == [1, 2, 3]
    assert [said(stage, row.id) for row in unresolved(stage)] == [["a"], ["b"], ["c"]]


# addresses that are vouched for


def vouched(number: int, sender: str, *, at: int = 0) -> Event:
    return written(f"{sender}{number}", sender=sender, number=number, at=at, aliases=(UNION,))


def test_a_vouched_alias_joins_two_who_wrote_before_it_was_known(stage: Stage) -> None:
    stage.page(written("a", sender="a", number=1), written("b", sender="b", number=2))
    stage.work()
    stage.page(vouched(3, "b"))
    stage.work()
    assert people(stage) == [1, 2, 2]
    assert [(row.scheme, row.value, row.reachable) for row in stage.rows(Identity)][-1] == ("union", "u1", False)
    stage.page(vouched(4, "a"))
    stage.work()
    assert people(stage) == [1, 1, 1]  # the oldest stays
    assert (stage.row(Merge).agent_id, len(unresolved(stage))) == (None, 1)
    assert said(stage, unresolved(stage)[0].id) == ["a", "b", "b3", "a4"]
    assert stage.agent().get("/contacts/1")["merges"][0]["by"] is None


def test_two_new_customers_of_one_batch_with_the_same_alias_are_one(stage: Stage) -> None:
    stage.page(vouched(1, "a"), vouched(2, "b"))
    stage.do("arrival", 20)
    assert {row.contact_id for row in stage.rows(Identity)} == {stage.row(Contact).id}
    assert said(stage, stage.conversation().id) == ["a1", "b2"]


def test_what_an_agent_took_apart_only_an_agent_joins(stage: Stage) -> None:
    stage.page(written("a", sender="a", number=1), vouched(2, "b"))
    stage.work()
    stage.page(vouched(3, "a"))
    stage.work()
    anna = stage.agent()
    anna.post("/contacts/1/unmerge", {"merge": 1})
    stage.page(vouched(4, "a", at=1))
    stage.work()
    assert people(stage) == [1, 2, 2]
    assert [said(stage, row.id) for row in unresolved(stage)] == [["a", "a3", "a4"], ["b2"]]
    anna.post("/contacts/1/merge", {"contact": 2})
    assert people(stage) == [1, 1, 1]


@pytest.mark.parametrize("attempt", range(3))
def test_merges_and_messages_at_the_same_moment_leave_one_open_conversation(stage: Stage, attempt: int) -> None:
    senders = "abcdef"
    stage.page(*[written(f"{each}0", sender=each, number=number) for number, each in enumerate(senders)])
    stage.work()
    anna = stage.agent()
    for round_number in range(1, 4):
        number = round_number * 100
        stage.page(*[vouched(number + place, sender) for place, sender in enumerate(senders)])
    stage.page(*[Signal(key=each, sender=Address("pager", each), sent_at=NOON, kind="entered") for each in senders])
    merge = lambda: [anna.post("/contacts/1/merge", {"contact": other}) for other in range(6, 1, -1)]  # noqa: E731

    outcomes = at_once(merge, *[stage.work] * 3)
    for _ in range(RETRIES):
        stage.make_due()
        stage.work()

    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert {*people(stage)} == {1}
    [open_one] = unresolved(stage)
    texts = said(stage, open_one.id)
    assert sorted(texts) == sorted([f"{each}0" for each in senders] + texts_of(senders))
    assert open_one.unread == len(texts)
    assert stage.rows(Conversation, Conversation.contact_id != 1) == []


def texts_of(senders: str) -> list[str]:
    return [f"{each}{round_number * 100 + place}" for round_number in range(1, 4) for place, each in enumerate(senders)]


def test_merged_and_undone_while_both_write_everybody_keeps_what_they_said(stage: Stage, wechat: WeChat) -> None:
    stage.page(written("a0", sender="a", number=0), written("b0", sender="b", number=1))
    stage.work()
    anna = stage.agent()
    anna.post("/conversations/1/claim")
    for number in range(1, 21):
        for sender in "ab":
            stage.page(written(f"{sender}{number}", sender=sender, number=number, provider_id=f"{sender}{number}"))

    def to_and_fro() -> None:
        for merge in range(1, 7):
            anna.post("/contacts/1/merge", {"contact": 2})
            anna.post("/contacts/1/unmerge", {"merge": merge})

    outcomes = at_once(to_and_fro, stage.work, stage.work)
    for _ in range(RETRIES):
        stage.make_due()
        stage.work()

    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert people(stage) == [1, 2]
    ours, theirs = (
        [row.text for row in stage.rows(Message, Message.identity_id == identity, Message.direction == "in")]
        for identity in (1, 2)
    )
    assert (ours, theirs) == ([f"a{number}" for number in range(21)], [f"b{number}" for number in range(21)])
    contacts = {row.id: row.contact_id for row in stage.rows(Conversation)}
    for row in stage.rows(Message, Message.direction == "in"):
        assert contacts[row.conversation_id] == row.author_id == row.identity_id
    assert sorted(row.contact_id for row in unresolved(stage)) == [1, 2]


# sent again


def test_what_failed_is_sent_again_from_the_thread(stage: Stage, wechat: WeChat) -> None:
    stage.push("hello")
    stage.work()
    anna = stage.agent()
    wechat.answers.append(87014)
    said = anna.post("/conversations/1/messages", {"text": "refused once"}, 201)
    stage.work()
    failed = anna.get("/conversations/1/messages")["items"][-1]["delivery"]
    assert (failed["state"], failed["error"]["code"]) == ("failed", "87014")

    anna.post(f"/messages/{said['id']}/resend")
    stage.work()

    assert anna.get("/conversations/1/messages")["items"][-1]["delivery"]["state"] == "sent"
    assert wechat.texts[-1] == "refused once"
    assert anna.post(f"/messages/{said['id']}/resend", status=409)["code"] == "not_retryable"
    anna.post("/messages/987654/resend", status=404)

"""What agents know of a contact and change about it, what somebody blocked can do, and the timeline of a contact."""

from __future__ import annotations

from typing import Any

import pytest

from hub.models import Arrival, AuditEntry, BotTurn, Contact, Conversation, Message, Suggestion
from hub.services import contacts
from tests.stage import Person, Stage, WeChat, at_once, written


@pytest.fixture
def anna(stage: Stage) -> Person:
    return stage.agent("Anna")


def known(stage: Stage, name: str = "") -> None:
    stage.page(written("hi", name=name))
    stage.work()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"company": " ACME "}, {"company": "ACME"}),
        ({"level": "gold", "orders": 3}, {"level": "gold", "orders": 3}),
        ({"birthday": "1990-02-28", "vip": True}, {"birthday": "1990-02-28", "vip": True}),
        ({"orders": 1.5, "company": None}, {"orders": 1.5}),
    ],
)
def test_attributes_are_kept_in_their_form(
    stage: Stage, anna: Person, given: dict[str, Any], kept: dict[str, Any]
) -> None:
    known(stage)
    assert anna.patch("/contacts/1", {"attributes": given})["attributes"] == kept


@pytest.mark.parametrize(
    "given",
    [
        {"company": ""},
        {"company": 3},
        {"company": "x" * 501},
        {"level": "lead"},
        {"birthday": "30.2.1990"},
        {"birthday": "1990-02-30"},
        {"orders": "3"},
        {"orders": True},
        {"vip": "yes"},
        {"nothing": "x"},
    ],
)
def test_what_has_another_form_is_refused_and_nothing_changes(
    stage: Stage, anna: Person, given: dict[str, Any]
) -> None:
    known(stage)
    anna.patch("/contacts/1", {"name": "Bo", "attributes": given}, 422)
    assert (stage.row(Contact).attributes, stage.row(Contact).name) == ({}, "")


def test_each_change_is_told_with_what_was_before(stage: Stage, anna: Person) -> None:
    known(stage)
    anna.patch("/contacts/1", {"attributes": {"company": "ACME"}})
    anna.patch("/contacts/1", {"attributes": {"company": None}, "language": "en"})
    anna.patch("/contacts/1", {"attributes": {"company": None}, "language": "en"})
    told = [(row.action, row.detail) for row in stage.rows(AuditEntry) if row.subject == "contact 1"]
    assert told == [
        ("note", {"before": {"company": None}, "after": {"company": "ACME"}}),
        ("change", {"before": {"name": "", "language": ""}, "after": {"name": "", "language": "en"}}),
        ("note", {"before": {"company": "ACME"}, "after": {"company": None}}),
    ]


def test_a_name_that_an_agent_gave_is_not_changed_by_channels(stage: Stage, anna: Person) -> None:
    known(stage, "bo_1997")
    anna.patch("/contacts/1", {"name": "Bo Li"})
    with stage.inside():
        contacts.describe(contacts.find(1), name="bo_1998")
    assert anna.get("/conversations/1")["contact"]["name"] == "Bo Li"
    anna.patch("/contacts/1", {"name": ""})  # then channels may again
    with stage.inside():
        contacts.describe(contacts.find(1), name="bo_1998")
    assert anna.get("/contacts/1")["name"] == "bo_1998"


def test_what_can_be_noted_is_told(anna: Person) -> None:
    listed = anna.get("/contacts/attributes")["items"]
    assert [(each["id"], each["form"]) for each in listed][1] == ("level", "choice")


def test_attributes_are_merged_parted_and_erased(stage: Stage, anna: Person) -> None:
    known(stage)
    stage.page(written("hi", sender="cy", number=9))
    stage.work()
    anna.patch("/contacts/1", {"attributes": {"company": "ACME"}})
    anna.patch("/contacts/2", {"attributes": {"company": "Other", "orders": 3}})
    merged = anna.post("/contacts/1/merge", {"contact": 2})
    assert merged["attributes"] == {"company": "ACME", "orders": 3}
    parted = anna.post("/contacts/1/unmerge", {"merge": merged["merges"][0]["id"]})
    assert parted["attributes"] == {"company": "ACME"}
    assert anna.get("/contacts/2")["attributes"] == {"company": "Other", "orders": 3}
    erased = stage.agent("Boss", "supervisor").post("/contacts/1/erase")
    assert (erased["attributes"], erased["name"]) == ({}, "")


def test_the_audit_trail_tells_nothing_of_who_was_erased(stage: Stage, anna: Person) -> None:
    known(stage)
    anna.patch("/contacts/1", {"name": "Bo Li", "attributes": {"company": "ACME"}, "tags": ["rude"]})
    anna.post("/contacts/1/block", {"reason": "Bo swears"})
    stage.agent("Boss", "supervisor").post("/contacts/1/erase")
    told = [(row.action, row.detail) for row in stage.rows(AuditEntry) if row.subject == "contact 1"]
    assert [action for action, _ in told] == ["change", "note", "tag", "block", "erase"]
    assert [detail for _, detail in told[:-1]] == [{}] * 4
    assert "swears" not in str([row.payload for row in stage.rows(Message)])


# blocked


def test_whoever_is_blocked_opens_no_work(stage: Stage, anna: Person) -> None:
    known(stage)
    assert anna.post("/contacts/1/block", {"reason": "swears"})["blocked_at"]
    assert (stage.conversation().status, stage.thread()[-1]) == ("resolved", ("system", "contact_blocked"))
    turns, suggestions = len(stage.rows(BotTurn)), len(stage.rows(Suggestion))
    stage.page(written("hello?", number=2))
    stage.work()
    conversation = stage.conversation()
    assert (conversation.status, conversation.unread, stage.thread()[-1]) == ("resolved", 0, ("contact", "hello?"))
    assert (len(stage.rows(BotTurn)), len(stage.rows(Suggestion))) == (turns, suggestions)
    assert [row.state for row in stage.rows(Arrival)] == ["done", "done"]


def test_whoever_is_blocked_cannot_be_written_to_by_mistake(stage: Stage, anna: Person) -> None:
    known(stage)
    anna.post("/contacts/1/block", {"reason": "swears"})
    anna.post("/conversations/1/reopen")
    assert anna.post("/conversations/1/messages", {"text": "hello"}, 409)["code"] == "blocked"
    anna.post("/conversations/1/messages", {"text": "hello", "note": True}, 201)


def test_unblocked_they_are_heard_again(stage: Stage, anna: Person) -> None:
    known(stage)
    anna.post("/contacts/1/block", {"reason": "swears"})
    assert anna.post("/contacts/1/unblock")["blocked_at"] is None
    stage.page(written("hello?", number=2))
    stage.work()
    assert [row.status for row in stage.rows(Conversation)] == ["resolved", "waiting"]
    actions = [row.action for row in stage.rows(AuditEntry) if row.subject == "contact 1"]
    assert actions == ["block", "unblock"]


def test_a_bot_does_not_answer_who_was_blocked_first(stage: Stage, wechat: WeChat, anna: Person) -> None:
    stage.push("退款多久到账")
    stage.work()
    anna.post("/contacts/1/block", {"reason": "swears"})
    sent = len(wechat.sent)
    stage.enter()
    stage.push("退款多久到账")
    stage.work()
    assert len(wechat.sent) == sent


def test_blocked_while_a_message_arrives(stage: Stage, anna: Person) -> None:
    known(stage)
    stage.page(written("more", number=2))

    def take_in() -> None:
        stage.do("arrival")

    assert at_once(take_in, lambda: anna.post("/contacts/1/block", {"reason": "swears"}))[0] is None
    stage.work()
    assert [row.text for row in stage.rows(Message) if row.direction == "in"] == ["hi", "more"]
    assert all(row.status == "resolved" for row in stage.rows(Conversation))


# the timeline


def test_one_timeline_over_all_channels(stage: Stage, anna: Person) -> None:
    known(stage)
    stage.push("from WeChat", channel="desk")
    stage.work()
    anna.post("/contacts/1/merge", {"contact": 2})
    anna.post("/conversations/1/messages", {"text": "remember", "note": True}, 201)
    anna.post("/conversations/1/resolve")
    page = anna.get("/contacts/1/timeline")
    said = [each["message"]["text"] or each["message"]["payload"]["event"] for each in page["items"]]
    assert said[0] == "resolved"
    assert {"hi", "from WeChat", "remember", "merged"} <= set(said)
    only = anna.get("/contacts/1/timeline", channel="desk", kind="messages")["items"]
    assert [each["message"]["text"] for each in only] == ["from WeChat"]


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_pages_of_the_timeline_have_no_gap_and_no_double(stage: Stage, anna: Person, limit: int) -> None:
    for number in range(5):
        stage.page(written(f"message {number}", number=number))
    stage.work()
    seen, query = [], dict[str, Any]()
    while True:
        page = anna.get("/contacts/1/timeline", kind="messages", limit=limit, **query)
        seen += [each["message"]["text"] for each in page["items"]]
        if page["next"] is None:
            break
        query = {"cursor": page["next"]}
    assert seen == [f"message {number}" for number in reversed(range(5))]


def test_who_may_be_the_same_person(stage: Stage, anna: Person) -> None:
    known(stage, "Bo Li")
    stage.page(written("hi", sender="cy", number=9, name="Bo Li"))
    stage.work()
    assert anna.get("/contacts/1/alike")["items"] == [
        {"contact": {"id": 2, "name": "Bo Li"}, "reason": "name", "detail": "cy"}
    ]
    anna.patch("/contacts/2", {"name": "Cy"})
    assert anna.get("/contacts/1/alike")["items"] == []
    anna.get("/contacts/99/alike", 404)

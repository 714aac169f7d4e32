"""What agents say: once, in parts and in order, or refused with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from hub.models import AuditEntry, Conversation, Delivery, Message
from tests.pager import Pager
from tests.stage import PNG, Person, Stage, WeChat, at_once, written


@pytest.fixture
def anna(stage: Stage) -> Person:
    """A customer waits at the desk."""
    stage.push("hi", channel="desk")
    stage.do("arrival")
    return stage.agent()


SAY = "/conversations/1/messages"


def test_a_text_with_a_picture_is_two_sends_in_order(stage: Stage, anna: Person, wechat: WeChat) -> None:
    picture = anna.upload("tea.png", PNG)
    said = anna.post(SAY, {"text": "look", "attachments": [picture["id"]]}, 201)
    assert (said["kind"], said["text"], [each["id"] for each in said["attachments"]]) == (
        "text",
        "look",
        [picture["id"]],
    )
    assert [(row.part, row.text, row.attachment_id) for row in stage.rows(Delivery)] == [(0, "look", None), (1, "", 1)]
    stage.work()
    assert [message["msgtype"] for message in wechat.sent] == ["text", "image"]
    assert wechat.sent[1] == {"touser": "anna", "msgtype": "image", "image": {"media_id": "uploaded-1"}}


def test_a_long_text_goes_in_parts(stage: Stage, anna: Person, wechat: WeChat) -> None:
    text = "驿站" * 650
    assert anna.post(SAY, {"text": text}, 201)["text"] == text
    stage.work()
    assert "".join(wechat.texts) == text
    assert all(len(part.encode()) <= 1800 for part in wechat.texts)


def test_links_and_cards_carry_what_clients_show(stage: Stage, anna: Person, wechat: WeChat) -> None:
    cover = anna.upload("tea.png", PNG)
    link = {"title": "Tea", "url": "https://tea.test/1", "description": "green", "image_url": ""}
    said = anna.post(SAY, {"link": link}, 201)
    assert (said["kind"], said["payload"]) == ("link", link)
    said = anna.post(SAY, {"card": {"title": "Tea", "path": "pages/tea", "cover": cover["id"]}}, 201)
    assert (said["kind"], said["payload"]["title"], said["payload"]["path"]) == ("card", "Tea", "pages/tea")
    stage.work()
    assert [message["msgtype"] for message in wechat.sent] == ["link", "miniprogrampage"]


def test_a_note_is_never_sent(stage: Stage, anna: Person) -> None:
    said = anna.post(SAY, {"text": "a difficult one", "note": True}, 201)
    assert (said["direction"], said["delivery"], said["author"]) == (
        "note",
        None,
        {"kind": "agent", "id": anna.id, "name": "Anna"},
    )
    assert stage.rows(Delivery) == []
    assert stage.conversation().status == "waiting"


def test_a_reply_claims_the_conversation(stage: Stage, anna: Person) -> None:
    said = anna.post(SAY, {"text": "hello"}, 201)
    assert (said["direction"], said["author"]["name"]) == ("out", "Anna")
    row = stage.conversation()
    assert (row.status, row.assignee_id, row.unread, row.waiting_since) == ("open", anna.id, 0, None)
    assert [
        entry.action for entry in stage.rows(AuditEntry, AuditEntry.agent_id == anna.id, AuditEntry.action == "claim")
    ]
    assert stage.thread() == [("contact", "hi"), ("system", "claimed"), ("agent", "hello")]


def test_a_colleague_may_answer_too_and_it_stays_with_whom_it_was(stage: Stage, anna: Person) -> None:
    anna.post("/conversations/1/claim")
    stage.agent("Bo").post(SAY, {"text": "hello"}, 201)
    assert stage.conversation().assignee_id == anna.id


def test_a_reply_to_a_snoozed_or_claimed_bot_conversation_keeps_it_with_people(stage: Stage, wechat: WeChat) -> None:
    stage.push("怎么退款")
    stage.work()
    stage.agent().post(SAY, {"text": "let me help"}, 201)
    assert stage.conversation().status == "open"
    stage.push("怎么退款")
    stage.work()
    assert [who for who, _ in stage.thread()].count("bot") == 1


# said once


def keyed(who: Person, text: str = "hello", key: str = "k1") -> tuple[int, Any]:
    response = who.client.post(f"/api/v1{SAY}", json={"text": text}, headers={"Idempotency-Key": key})
    return response.status_code, response.get_json()


def test_the_same_key_again_returns_the_first_result(stage: Stage, anna: Person) -> None:
    first, second, other = keyed(anna), keyed(anna, "something else"), keyed(anna, key="k2")
    assert [status for status, _ in (first, second, other)] == [201, 200, 201]
    assert first[1] == second[1]
    assert len(stage.rows(Delivery)) == 2


def test_the_same_key_at_the_same_moment_sends_once(stage: Stage, anna: Person) -> None:
    outcomes = at_once(*[lambda: keyed(anna)] * 5)
    assert sorted(status for status, _ in outcomes) == [200, 200, 200, 200, 201]  # type: ignore[misc]
    assert len({body["id"] for _, body in outcomes}) == 1  # type: ignore[misc]
    assert len(stage.rows(Delivery)) == 1


def test_the_keys_of_another_agent_are_others(stage: Stage, anna: Person) -> None:
    assert [keyed(anna)[0], keyed(stage.agent("Bo"))[0]] == [201, 201]


def test_a_refused_message_does_not_use_its_key_up(stage: Stage, anna: Person) -> None:
    anna.post("/conversations/1/resolve")
    assert keyed(anna)[0] == 409
    anna.post("/conversations/1/reopen")
    assert keyed(anna)[0] == 201


def test_two_agents_who_answer_at_once_are_both_heard_in_one_order(stage: Stage, wechat: WeChat) -> None:
    stage.page(written("hi"))
    stage.work()
    people = [stage.agent(name) for name in ("Anna", "Bo")]
    people[0].post("/conversations/1/claim")
    at_once(*[lambda who=who: [who.post(SAY, {"text": f"{who.name}{n}"}, 201) for n in range(5)] for who in people])
    stage.work()
    said = [text for who, text in stage.thread() if who == "agent"]
    assert len(said) == 10
    assert [message.text for message in Pager.sent] == said


# refused, with the reason


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"text": "hi", "channel": "pager"}, 409, "no_channel"),
        ({"text": "hi", "channel": "nowhere"}, 409, "no_channel"),
        ({"text": "hi", "attachments": ["pdf"]}, 409, "cannot_carry"),
        ({"text": "hi", "attachments": ["large"]}, 409, "too_large"),
        ({}, 422, "invalid"),
        ({"text": " \n "}, 422, "invalid"),
        ({"text": "x" * 20_001}, 422, "invalid"),
        ({"text": "hi", "attachments": [99]}, 422, "invalid"),
        ({"text": 5}, 422, "invalid"),
        ({"link": {"title": "t", "url": "javascript:alert(1)"}}, 422, "invalid"),
    ],
)
def test_what_cannot_be_sent_is_refused_and_nothing_is_kept(
    stage: Stage, anna: Person, body: dict[str, Any], status: int, code: str
) -> None:
    files = {"pdf": ("a.pdf", b"%PDF-1.4 " + bytes(40)), "large": ("a.png", PNG + bytes(2 * 1024 * 1024))}
    if names := [name for name in body.get("attachments", []) if name in files]:
        body = {**body, "attachments": [anna.upload(*files[name])["id"] for name in names]}
    problem = anna.post(SAY, body, status)
    assert (problem["code"], problem["status"]) == (code, status)
    assert [row.direction for row in stage.rows(Message)] == ["in"]
    assert stage.row(Conversation).assignee_id is None


def test_files_of_others_and_files_already_sent_are_refused(stage: Stage, anna: Person) -> None:
    picture = anna.upload("tea.png", PNG)["id"]
    bo = stage.agent("Bo")
    assert bo.post(SAY, {"attachments": [picture]}, 422)["errors"][0]["field"] == "attachments"
    anna.post(SAY, {"attachments": [picture]}, 201)
    assert anna.post(SAY, {"attachments": [picture]}, 422)["errors"][0]["field"] == "attachments"


def test_a_resolved_conversation_takes_notes_but_no_answers(stage: Stage, anna: Person) -> None:
    anna.post("/conversations/1/resolve")
    assert anna.post(SAY, {"text": "hello"}, 409)["code"] == "resolved"
    anna.post(SAY, {"text": "for later", "note": True}, 201)
    assert stage.conversation().status == "resolved"


def test_a_reply_may_name_another_channel_the_customer_wrote_on(stage: Stage) -> None:
    from channels.contract import Address

    stage.page(written("on the pager", number=1))
    stage.work()
    desk = Address("wechat:wx0000000000000002", "anna")
    stage.page(written("as anna", number=2, aliases=(Address("pager", "bo"),), sender="bo2"))
    stage.work()
    assert len(stage.rows(Conversation)) == 1 and desk
    stage.agent().post(SAY, {"text": "hello", "channel": "pager"}, 201)
    stage.work()
    assert [message.to.value for message in Pager.sent] == ["bo2"]

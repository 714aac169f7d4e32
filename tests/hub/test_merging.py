"""Two contacts turn out to be one person, and a message that failed is sent again."""

from __future__ import annotations

from hub.models import AuditEntry, Conversation, Identity
from tests.stage import Stage, WeChat


def test_merged_contacts_share_their_identities_and_one_open_conversation(stage: Stage) -> None:
    stage.push("from the shop", sender="anna")
    stage.push("from the desk", sender="anna", channel="desk")
    stage.work()
    kept, other = (row.contact_id for row in stage.rows(Identity))
    anna = stage.agent()

    contact = anna.post(f"/contacts/{kept}/merge", {"contact": other})

    assert len(contact["identities"]) == 2
    assert {row.contact_id for row in stage.rows(Identity)} == {kept}
    [open_one] = stage.rows(Conversation, Conversation.status != "resolved")
    said = [text for author, text in stage.thread(open_one.id) if author == "contact"]
    assert said == ["from the shop", "from the desk"]
    [entry] = stage.rows(AuditEntry, AuditEntry.action == "merge")
    assert (entry.detail["contact"], len(entry.detail["identities"])) == (other, 1)

    stage.push("again", sender="anna", channel="desk")
    stage.work()
    assert stage.thread(open_one.id)[-1][1] != "from the desk"
    assert len(stage.rows(Conversation, Conversation.status != "resolved")) == 1


def test_nonsense_is_not_merged(stage: Stage) -> None:
    stage.push("hello")
    stage.work()
    anna = stage.agent()
    contact = stage.row(Identity).contact_id
    assert anna.post(f"/contacts/{contact}/merge", {"contact": contact}, 422)["errors"][0]["field"] == "contact"
    assert anna.post(f"/contacts/{contact}/merge", {"contact": 987654}, 422)["errors"][0]["field"] == "contact"
    anna.post("/contacts/987654/merge", {"contact": contact}, 404)


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

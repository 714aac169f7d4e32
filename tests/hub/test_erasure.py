"""A person is forgotten; that there was a conversation is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text

from channels.contract import Address, Attachment, Receipt, Revocation
from hub import files
from hub.db import Base, db
from hub.models import (
    Arrival,
    AuditEntry,
    BotTurn,
    Contact,
    Conversation,
    Delivery,
    Identity,
    MediaFetch,
    Merge,
    Message,
    ProfileFetch,
)
from hub.models import (
    Attachment as Kept,
)
from hub.services import erasure
from tests.pager import Pager
from tests.stage import NOON, PNG, Stage, WeChat, states, written

SECRETS = ("wang", "Wang", "hidden", "+86138")  # all that nobody may find any more


def everything_kept(stage: Stage) -> str:
    """Every cell of every table."""
    with stage.inside():
        tables = [table.name for table in Base.metadata.sorted_tables if table.name not in ("agent", "access_token")]
        rows = [
            row for table in tables for row in db.session.scalars(text(f"SELECT to_jsonb(row) FROM {table} AS row"))
        ]
        bodies = list(db.session.scalars(select(Arrival.body)))
    return json.dumps(rows, ensure_ascii=False) + repr(bodies)


def stored(stage: Stage, digest: str | None) -> bool:
    with stage.app.app_context():
        return files.path_of(digest or "").exists()


def known_customer(stage: Stage, wechat: WeChat) -> None:
    """Wang, on two channels, with everything that can be known of somebody; and another one, who stays."""
    wechat.files["hidden-ref"] = PNG + b"hidden"
    stage.enter("hidden-session", sender="wang")
    stage.push("hidden question", sender="wang", at=1)
    stage.push(sender="wang", at=2, MsgType="image", PicUrl="http://hidden", MediaId="hidden-ref")
    stage.push("other", sender="other")
    alias = Address("tel", "+86138")
    stage.page(
        written(
            "hidden place",
            sender="wang",
            kind="location",
            payload={"latitude": 1.5, "longitude": 2.5, "label": "hidden place"},
            aliases=(alias,),
        )
    )
    stage.work()
    anna = stage.agent(role="supervisor")
    [first, second] = {row.contact_id for row in stage.rows(Identity, Identity.value.in_(("wang", "+86138")))}
    with stage.inside():
        contact = db.session.get_one(Contact, second)
        contact.name, contact.facts, contact.language = "Wang", {"remark": "hidden", "tel": "+86138"}, "zh"
        db.session.add(ProfileFetch(lane="profile:1", channel="shop", identity_id=1))
    anna.post(f"/contacts/{first}/merge", {"contact": second})
    conversation = stage.row(Conversation, Conversation.contact_id == first, Conversation.status != "resolved").id
    anna.post(f"/conversations/{conversation}/claim")
    anna.post(f"/conversations/{conversation}/messages", {"text": "hidden answer", "channel": "pager"}, 201)
    stage.work()
    file = anna.upload("hidden.png", PNG)
    anna.post(
        f"/conversations/{conversation}/messages",
        {"text": "hidden note", "attachments": [file["id"]], "note": True},
        201,
    )
    anna.post(f"/conversations/{conversation}/messages", {"text": "hidden unsent", "channel": "pager"}, 201)
    stage.page(Receipt(key="wang-receipt", sent_at=NOON, provider_id="page-1", status="delivered"))
    stage.do("arrival")


def test_of_an_erased_person_remains_that_there_was_a_conversation(stage: Stage, wechat: WeChat) -> None:
    known_customer(stage, wechat)
    before = {row.id: row for row in stage.rows(Message)}
    digests = [row.sha256 for row in stage.rows(Kept)]
    assert all(word in everything_kept(stage) for word in SECRETS)
    anna = stage.agent("Bo", role="supervisor")

    contact = anna.post("/contacts/1/erase")

    kept = everything_kept(stage)
    assert [word for word in SECRETS if word in kept] == []
    assert [digest for digest in digests if stored(stage, digest)] == []
    assert (contact["name"], contact["language"], contact["facts"]) == ("", "", {})
    assert {row["reachable"] for row in contact["identities"]} == {False}
    assert {row["status"] for row in contact["conversations"]} == {"resolved"}
    after = {row.id: row for row in stage.rows(Message, Message.id.in_(before))}
    kept_columns = (
        "conversation_id",
        "position",
        "direction",
        "kind",
        "author_kind",
        "author_id",
        "sent_at",
        "channel",
    )
    for number, row in before.items():
        assert [getattr(after[number], name) for name in kept_columns] == [getattr(row, name) for name in kept_columns]
    events = [row.payload for row in after.values() if row.kind == "event" and row.conversation_id == 1]
    assert {"event": "entered"} in events
    assert {"event": "claimed", "agent": "Anna"} in events
    assert stage.thread(1)[-1] == ("system", "erased")
    assert stage.rows(Message, Message.kind == "event")[-1].payload == {
        "event": "erased",
        "what": ["everything"],
        "by": "Bo",
    }
    entry = stage.rows(AuditEntry)[-1]
    assert (entry.agent_id, entry.action, entry.subject, entry.detail) == (
        anna.id,
        "erase",
        "contact 1",
        {"what": ["everything"]},
    )
    assert "other" in stage.thread(2)[0]
    assert stage.row(Identity, Identity.value == "other").reachable


def test_what_was_still_to_do_is_not_done(stage: Stage, wechat: WeChat) -> None:
    known_customer(stage, wechat)
    stage.push("hidden later", sender="wang", at=9)
    stage.push(sender="wang", at=8, MsgType="image", PicUrl="http://hidden", MediaId="hidden-ref")
    stage.agent("Bo", role="admin").post("/contacts/1/erase", {"what": ["everything"]})
    stage.make_due()
    stage.work()
    assert [message.text for message in Pager.sent] == ["hidden answer"]
    assert [
        stage.rows(model, model.state.in_(("pending", "running", "failed")))
        for model in (Arrival, Delivery, BotTurn, MediaFetch, ProfileFetch)
    ] == [[], [], [], [], []]
    assert "hidden" not in everything_kept(stage)


def test_whoever_writes_after_that_is_somebody_new(stage: Stage, wechat: WeChat) -> None:
    known_customer(stage, wechat)
    anna = stage.agent("Bo", role="supervisor")
    anna.post("/contacts/1/erase", {})
    stage.push("hello again", sender="wang", channel="desk", at=20)
    stage.push("and here", sender="wang", at=21)
    stage.work()
    new = stage.rows(Identity, Identity.value == "wang")
    assert len({row.contact_id for row in new} | {1}) == 3
    assert anna.get(f"/contacts/{new[0].contact_id}")["identities"] != []
    again = anna.post("/contacts/1/erase", {})
    assert [row["value"].startswith("erased:") for row in again["identities"]] == [True] * 3


def test_who_takes_back_everything_at_the_provider_is_erased_here(stage: Stage) -> None:
    hidden = Address("pager", "hidden")
    stage.page(written("hidden", sender="hidden", number=1))
    stage.work()
    stage.page(Revocation(key="hidden-1", sender=hidden, sent_at=NOON, what=("everything",)))
    stage.work()
    assert "hidden" not in everything_kept(stage)
    assert (stage.row(AuditEntry).agent_id, states(stage.rows(Arrival))) == (None, ["done", "done"])
    stage.page(written("new", sender="hidden", number=2, at=1))
    stage.work()
    assert [row.status for row in stage.rows(Conversation)] == ["resolved", "waiting"]
    assert len({row.contact_id for row in stage.rows(Conversation)}) == 2


def test_only_supervisors_erase(stage: Stage) -> None:
    stage.page(written("hidden"))
    stage.work()
    assert stage.agent().post("/contacts/1/erase", {}, 403)["code"] == "wrong_role"
    boss = stage.agent("Bo", role="admin")
    boss.post("/contacts/987654/erase", {}, 404)
    assert boss.post("/contacts/1/erase", {"what": ["shoes"]}, 422)["errors"][0]["field"] == "what.0"
    assert boss.post("/contacts/1/erase", {"what": []}, 422)["errors"][0]["field"] == "what"
    assert boss.post("/contacts/1/erase", {"waht": ["name"]}, 422)["errors"][0]["field"] == "waht"
    broken = boss.client.post("/api/v1/contacts/1/erase", data='{"what": ["na', content_type="application/json")
    assert broken.status_code == 422
    assert stage.row(Message).text == "hidden"


def test_a_file_that_somebody_else_sent_too_stays(stage: Stage) -> None:
    for number, sender in enumerate("ab"):
        stage.page(written("", sender=sender, number=number, kind="image", attachments=(Attachment("image", "same"),)))
    stage.work()
    [digest] = {row.sha256 for row in stage.rows(Kept)}
    boss = stage.agent(role="supervisor")
    boss.post("/contacts/1/erase", {})
    assert stored(stage, digest)
    assert [(row.state, row.sha256) for row in stage.rows(Kept)] == [("failed", None), ("ready", digest)]
    boss.post("/contacts/2/erase", {})
    assert not stored(stage, digest)


def test_a_file_stays_if_the_erasure_is_rolled_back(stage: Stage) -> None:
    stage.page(written("", kind="image", attachments=(Attachment("image", "one"),)))
    stage.work()
    digest = stage.row(Kept).sha256
    with pytest.raises(ZeroDivisionError), stage.inside():  # noqa: PT012
        erasure.erase(db.session.get_one(Contact, 1), ["everything"], None)
        raise ZeroDivisionError
    assert stored(stage, digest)
    with stage.inside():
        erasure.erase(db.session.get_one(Contact, 1), ["everything"], None)
    assert not stored(stage, digest)


PARTS: dict[str, Callable[[Stage], Any]] = {
    "name": lambda stage: [stage.row(Contact).name, stage.rows(Message)[0].author_name],
    "phone": lambda stage: [row.value[:7] for row in stage.rows(Identity, Identity.scheme == "tel")],
    "email": lambda stage: [row.value[:7] for row in stage.rows(Identity, Identity.scheme == "email")],
    "address": lambda stage: [stage.row(Contact).facts, stage.conversation().context],
    "location": lambda stage: [(row.text, row.payload) for row in stage.rows(Message, Message.kind == "location")],
    "files": lambda stage: [(row.name, row.state) for row in stage.rows(Kept)],
}
FACTS = {"city": "Xi'an", "subscribe_scene": "QR"}
FULL = {
    "name": ["Wang", "Wang"],
    "phone": ["+86138"],
    "email": ["w@b.cn"],
    "address": [FACTS, {"location": {"latitude": 1.5}, "scene": "q"}],
    "location": [("Here", {"latitude": 1.5})],
    "files": [("one.png", "ready")],
}
GONE = {
    "name": ["", ""],
    "phone": ["erased:"],
    "email": ["erased:"],
    "address": [{"subscribe_scene": "QR"}, {"location": {"latitude": 1.5}, "scene": "q"}],
    "location": [("", {"erased": True})],
    "files": [("", "failed")],
}


@pytest.mark.parametrize("what", PARTS)
def test_a_part_is_erased_and_the_rest_stays(stage: Stage, what: str) -> None:
    aliases = (Address("tel", "+86138"), Address("email", "w@b.cn"))
    stage.page(
        written("hello", number=1, aliases=aliases),
        written("Here", number=2, kind="location", payload={"latitude": 1.5}),
        written("", number=3, kind="image", attachments=(Attachment("image", "one"),)),
    )
    stage.work()
    with stage.inside():
        contact, conversation = db.session.get_one(Contact, 1), db.session.get_one(Conversation, 1)
        contact.name, contact.facts = "Wang", FACTS
        conversation.context = {"location": {"latitude": 1.5}, "scene": "q"}
        for message in db.session.scalars(select(Message)):
            message.author_name = "Wang"
    assert {part: look(stage) for part, look in PARTS.items()} == FULL

    stage.agent(role="supervisor").post("/contacts/1/erase", {"what": [what]})

    expected = {**FULL, what: GONE[what]}
    if what == "location":
        expected["address"] = [FACTS, {"scene": "q"}]
    assert {part: look(stage) for part, look in PARTS.items()} == expected
    assert stage.thread(1)[:1] == [("contact", "hello")]
    assert (stage.conversation().status, stage.rows(Message)[-1].payload["what"]) == ("waiting", [what])
    bodies = [bool(row.body) for row in stage.rows(Arrival)]
    assert bodies == [True, what != "location", what != "files"]


def test_a_merge_of_the_erased_tells_nothing_and_can_be_undone(stage: Stage) -> None:
    stage.page(written("a", sender="a", number=1), written("b", sender="b", number=2))
    stage.work()
    with stage.inside():
        for number in (1, 2):
            contact = db.session.get_one(Contact, number)
            contact.name, contact.facts = f"hidden {number}", {"remark": f"hidden {number}"}
            db.session.get_one(Conversation, number).context = {"scene": f"hidden {number}"}
    boss = stage.agent(role="supervisor")
    boss.post("/contacts/1/merge", {"contact": 2})
    boss.post("/contacts/1/erase", {})
    assert "hidden" not in json.dumps(stage.row(Merge).moved)
    contact = boss.post("/contacts/1/unmerge", {"merge": 1})
    assert (contact["name"], len(contact["identities"]), contact["merges"][0]["other"]["name"]) == ("", 1, "")
    assert "hidden" not in everything_kept(stage)

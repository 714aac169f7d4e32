"""Several agents at one conversation: who looks, who types, who was faster, and what each has begun to write."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from redis import Redis, RedisError

from hub.db import now
from hub.live import STREAM
from hub.models import AuditEntry, Draft, Message, Notification
from hub.services import viewing
from hub.shapes import rfc3339
from tests.stage import Person, Stage, at_once, written


@pytest.fixture
def conversation(stage: Stage) -> str:
    """The path of one that waits."""
    stage.page(written("where is my parcel"))
    stage.work()
    return f"/conversations/{stage.conversation().id}"


@pytest.fixture
def bea(stage: Stage) -> Person:
    return stage.agent("Bea")


def told(redis_url: str, name: str) -> list[Any]:
    """What the inboxes heard of this."""
    with Redis.from_url(redis_url, decode_responses=True) as redis:
        fields = [entry[1] for entry in redis.xrange(STREAM)]
    return [json.loads(each["data"]) for each in fields if each["event"] == name]


# who looks


def test_colleagues_see_who_looks_and_who_types(conversation: str, anna: Person, bea: Person, redis_url: str) -> None:
    anna.post(f"{conversation}/viewing", {"typing": False})
    seen = bea.post(f"{conversation}/viewing", {"typing": True})["items"]
    assert [(each["name"], each["typing"]) for each in seen] == [("Anna", False), ("Bea", True)]
    bea.delete(f"{conversation}/viewing", 204)
    last = told(redis_url, "viewers")[-1]
    assert f"/conversations/{last['conversation_id']}" == conversation
    assert [each["name"] for each in last["viewers"]] == ["Anna"]


def test_the_same_word_again_is_not_told_again_at_once(conversation: str, anna: Person, redis_url: str) -> None:
    for typing in (False, False, True, True, False):
        anna.post(f"{conversation}/viewing", {"typing": typing})
    assert [each["viewers"][0]["typing"] for each in told(redis_url, "viewers")] == [False, True, False]


def test_a_screen_that_says_nothing_more_is_gone(
    conversation: str, anna: Person, bea: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna.post(f"{conversation}/viewing", {"typing": True})
    later = viewing.time.time() + viewing.KEPT_FOR + 1
    monkeypatch.setattr(viewing.time, "time", lambda: later)
    assert [each["name"] for each in bea.post(f"{conversation}/viewing", {})["items"]] == ["Bea"]


def test_without_redis_nobody_is_shown_and_nothing_breaks(
    stage: Stage, conversation: str, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Redis(port=1) as nowhere, pytest.raises(RedisError):
        nowhere.ping()
    monkeypatch.setitem(stage.app.extensions, "redis", nowhere)
    assert anna.post(f"{conversation}/viewing", {"typing": True})["items"] == []
    anna.delete(f"{conversation}/viewing", 204)
    stage.agent("Sue", "supervisor").post(f"{conversation}/watch", status=204)


def test_a_supervisor_may_watch_unseen_which_is_audited(
    stage: Stage, conversation: str, anna: Person, redis_url: str
) -> None:
    sue = stage.agent("Sue", "supervisor")
    sue.post(f"{conversation}/viewing", {})
    sue.post(f"{conversation}/watch", status=204)
    assert [each["name"] for each in anna.post(f"{conversation}/viewing", {})["items"]] == ["Anna"]
    entry = stage.row(AuditEntry, AuditEntry.action == "watch")
    assert (entry.agent_id, f"/{entry.subject.replace(' ', 's/')}") == (sue.id, conversation)
    anna.post(f"{conversation}/watch", status=403)


# what leads do


def test_a_whisper_is_a_note_that_calls_whoever_has_it(stage: Stage, conversation: str, anna: Person) -> None:
    sue = stage.agent("Sue", "supervisor")
    assert sue.post(f"{conversation}/whisper", {"text": "x"}, 409)["code"] == "nobody_to_tell"
    anna.post(f"{conversation}/claim")
    anna.post(f"{conversation}/whisper", {"text": "x"}, 403)
    note = sue.post(f"{conversation}/whisper", {"text": "Offer a refund"}, 201)
    assert (note["direction"], note["delivery"]) == ("note", None)
    assert note["payload"]["whisper_to"] == {"id": anna.id, "name": "Anna"}
    told_of = stage.row(Notification, Notification.kind == "whisper")
    assert (told_of.agent_id, told_of.message_id, told_of.payload) == (anna.id, note["id"], {"by": "Sue"})


def test_a_lead_takes_over_from_whom_they_saw(stage: Stage, conversation: str, anna: Person, bea: Person) -> None:
    sue = stage.agent("Sue", "supervisor")
    anna.post(f"{conversation}/claim")
    why = {"assignee": anna.id, "reason": "A complaint"}
    anna.post(f"{conversation}/take-over", why, 403)
    problem = sue.post(f"{conversation}/take-over", {**why, "assignee": bea.id}, 409)
    assert (problem["code"], problem["by"]) == ("changed_hands", "Anna")
    sue.post(f"{conversation}/take-over", {**why, "reason": "  "}, 422)

    for _ in range(2):  # asked for again, nothing more happens
        assert sue.post(f"{conversation}/take-over", why)["assignee"]["id"] == sue.id
    lines = [row.payload for row in stage.rows(Message) if row.payload.get("event") == "taken_over"]
    assert lines == [{"event": "taken_over", "by": "Sue", "agent": "Anna", "words": "A complaint"}]
    assert stage.row(Notification, Notification.kind == "taken_over").agent_id == anna.id
    assert stage.row(AuditEntry, AuditEntry.action == "take_over").detail == {"before": anna.id}


def test_of_two_leads_who_take_over_one_is_told_who_was_first(stage: Stage, conversation: str, anna: Person) -> None:
    leads = [stage.agent(name, "supervisor") for name in ("Sue", "Tom")]
    anna.post(f"{conversation}/claim")
    body = {"assignee": anna.id, "reason": "A complaint"}
    outcomes = at_once(
        *(
            lambda lead=lead: lead.client.post(f"/api/v1{conversation}/take-over", json=body).status_code
            for lead in leads
        )
    )
    assert sorted(outcomes) == [200, 409]  # type: ignore[type-var]


# who was faster


def test_who_answers_after_a_colleague_did_is_asked_once(conversation: str, anna: Person, bea: Person) -> None:
    seen = anna.get(f"{conversation}/messages")["items"][-1]["id"]
    bea.post(f"{conversation}/messages", {"text": "It is on its way."}, 201)

    problem = anna.post(f"{conversation}/messages", {"text": "Let me look.", "seen": seen}, 409, Idempotency_Key="k")
    assert (problem["code"], problem["by"], problem["kind"]) == ("answered_meanwhile", "Bea", "agent")
    assert int(problem["seen"]) > seen
    assert problem["at"].endswith("Z")

    sent = anna.post(
        f"{conversation}/messages", {"text": "Let me look.", "seen": int(problem["seen"])}, 201, Idempotency_Key="k"
    )
    assert sent["text"] == "Let me look."
    assert [each["text"] for each in anna.get(f"{conversation}/messages")["items"] if each["direction"] == "out"] == [
        "It is on its way.",
        "Let me look.",
    ]


def test_who_answers_after_a_colleague_claimed_it_is_asked_once(conversation: str, anna: Person, bea: Person) -> None:
    seen = anna.get(f"{conversation}/messages")["items"][-1]["id"]
    bea.post(f"{conversation}/claim")
    problem = anna.post(f"{conversation}/messages", {"text": "Hello", "seen": seen}, 409)
    assert (problem["code"], problem["by"]) == ("claimed_meanwhile", "Bea")
    anna.post(f"{conversation}/messages", {"text": "Hello", "seen": int(problem["seen"])}, 201)


def claims(path: str, anna: Person, bea: Person, stage: Stage) -> None:
    anna.post(f"{path}/claim")


def answers(path: str, anna: Person, bea: Person, stage: Stage) -> None:
    anna.post(f"{path}/messages", {"text": "mine"}, 201)


def notes(path: str, anna: Person, bea: Person, stage: Stage) -> None:
    bea.post(f"{path}/messages", {"text": "psst", "note": True}, 201)


def writes(path: str, anna: Person, bea: Person, stage: Stage) -> None:
    stage.page(written("hello?", number=2, at=9))
    stage.work()


@pytest.mark.parametrize("between", [claims, answers, notes, writes])
def test_what_asks_nothing(stage: Stage, conversation: str, anna: Person, bea: Person, between: Any) -> None:
    """My own acts, a note of a colleague, the customer."""
    seen = anna.get(f"{conversation}/messages")["items"][-1]["id"]
    between(conversation, anna, bea, stage)
    anna.post(f"{conversation}/messages", {"text": "Here I am", "seen": seen}, 201)


def test_programs_that_do_not_say_what_they_saw_are_not_asked(conversation: str, anna: Person, bea: Person) -> None:
    bea.post(f"{conversation}/messages", {"text": "It is on its way."}, 201)
    anna.post(f"{conversation}/messages", {"text": "Let me look."}, 201)
    seen = 0
    anna.post(f"{conversation}/messages", {"text": "for us", "note": True, "seen": seen}, 201)


# drafts


def draft(text: str, seconds: int = 0, **fields: str) -> dict[str, Any]:
    return {"text": text, "fields": fields, "updated_at": rfc3339(now() + timedelta(seconds=seconds))}


def test_a_draft_is_on_every_device_of_its_agent_and_on_nobody_elses(
    conversation: str, anna: Person, bea: Person, redis_url: str
) -> None:
    anna.put(f"{conversation}/drafts/reply", draft("Dear", cc="a@x.cn"))
    anna.put(f"{conversation}/drafts/note", draft("call them"))
    drafts = anna.get(conversation)["drafts"]
    assert [(each["mode"], each["text"], each["fields"]) for each in drafts] == [
        ("note", "call them", {}),
        ("reply", "Dear", {"cc": "a@x.cn"}),
    ]
    assert [row["draft"] for row in anna.get("/conversations")["items"]] == ["Dear"]
    assert bea.get(conversation)["drafts"] == []
    assert [row["draft"] for row in bea.get("/conversations")["items"]] == [""]
    number = int(conversation.rpartition("/")[2])
    first = told(redis_url, "draft")[0]
    assert (first["agent_id"], first["conversation_id"], first["mode"]) == (anna.id, number, "reply")
    assert first["updated_at"] == drafts[1]["updated_at"]
    anna.put(f"{conversation}/drafts/other", draft("x"), 422)


def test_of_two_devices_the_newest_wins_whoever_comes_first(conversation: str, anna: Person) -> None:
    anna.put(f"{conversation}/drafts/reply", draft("later", -10))
    [kept] = anna.put(f"{conversation}/drafts/reply", draft("earlier, from the train", -60))["items"]
    assert kept["text"] == "later"
    # a clock that is an hour fast keeps nobody from writing
    anna.put(f"{conversation}/drafts/reply", draft("from the future", 3600))
    [kept] = anna.put(f"{conversation}/drafts/reply", draft("now", 1))["items"]
    assert kept["text"] == "now"


@pytest.mark.parametrize(("mode", "left"), [("reply", ["note"]), ("note", ["reply"])])
def test_what_is_sent_is_no_draft_any_more(conversation: str, anna: Person, mode: str, left: list[str]) -> None:
    for each in ("reply", "note"):
        anna.put(f"{conversation}/drafts/{each}", draft("Dear"))
    anna.post(f"{conversation}/messages", {"text": "Dear", "note": mode == "note"}, 201)
    assert [each["mode"] for each in anna.get(conversation)["drafts"]] == left


def test_what_is_refused_stays_a_draft(conversation: str, anna: Person, bea: Person) -> None:
    anna.put(f"{conversation}/drafts/reply", draft("Dear"))
    bea.post(f"{conversation}/messages", {"text": "Hi"}, 201)
    anna.post(f"{conversation}/messages", {"text": "Dear", "seen": 1}, 409)
    assert [each["text"] for each in anna.get(conversation)["drafts"]] == ["Dear"]


def test_nothing_written_is_no_draft(stage: Stage, conversation: str, anna: Person) -> None:
    anna.put(f"{conversation}/drafts/reply", draft("Dear"))
    assert anna.put(f"{conversation}/drafts/reply", draft("  "))["items"] == []
    anna.delete(f"{conversation}/drafts/reply", 204)
    assert stage.rows(Draft) == []


def test_drafts_about_somebody_who_is_erased_are_gone(stage: Stage, conversation: str, anna: Person) -> None:
    anna.put(f"{conversation}/drafts/note", draft("number 138"))
    contact = anna.get(conversation)["contact"]["id"]
    stage.agent("Sue", "supervisor").post(f"/contacts/{contact}/erase")
    assert stage.rows(Draft) == []

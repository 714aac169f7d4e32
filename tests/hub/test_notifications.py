"""Mentions, following and what agents are told: each once, and nobody else."""

from __future__ import annotations

import json
from typing import Any

from redis import Redis

from hub.db import db
from hub.live import STREAM
from hub.models import Conversation, Mention
from tests.stage import Person, Stage, written


def told(person: Person) -> list[tuple[str, str, bool]]:
    """Kind, text and whether it was seen, newest first."""
    items = person.get("/notifications")["items"]
    return [(item["kind"], item["text"], item["seen_at"] is not None) for item in items]


def note(person: Person, talk: int, text: str, *mentions: int, status: int = 201) -> Any:
    body = {"text": text, "note": True, "mentions": list(mentions)}
    return person.post(f"/conversations/{talk}/messages", body, status)


def test_who_is_mentioned_is_told_and_the_note_names_them(stage: Stage, anna: Person, bo: Person, talk: int) -> None:
    said = note(anna, talk, "@Bo please look", bo.id, anna.id)
    assert said["payload"]["mentions"] == [{"id": anna.id, "name": "Anna"}, {"id": bo.id, "name": "Bo"}]
    [item] = bo.get("/notifications")["items"]
    assert {name: item[name] for name in ("kind", "text", "message_id", "payload", "seen_at")} == {
        "kind": "mention",
        "text": "@Bo please look",
        "message_id": said["id"],
        "payload": {"by": "Anna"},
        "seen_at": None,
    }
    assert item["conversation"]["id"] == talk
    assert told(anna) == []  # who mentions himself knows it


def test_opening_the_conversation_is_seeing(stage: Stage, anna: Person, bo: Person, talk: int) -> None:
    note(anna, talk, "@Bo", bo.id)
    assert bo.get("/notifications/unseen") == {"unseen": 1}
    bo.post(f"/conversations/{talk}/read")
    assert bo.get("/notifications/unseen") == {"unseen": 0}
    assert stage.row(Mention, Mention.agent_id == bo.id).seen_at is not None


def test_seen_up_to_one_and_all(stage: Stage, anna: Person, bo: Person, talk: int) -> None:
    for text in ("one", "two", "three"):
        note(anna, talk, text, bo.id)
    second = bo.get("/notifications")["items"][1]["id"]
    assert bo.post("/notifications/seen", {"up_to": second}) == {"unseen": 1}
    assert told(bo) == [("mention", "three", False), ("mention", "two", True), ("mention", "one", True)]
    assert bo.post("/notifications/seen", {}) == {"unseen": 0}


def test_notifications_come_page_by_page(stage: Stage, anna: Person, bo: Person, talk: int) -> None:
    for number in range(5):
        note(anna, talk, str(number), bo.id)
    first = bo.get("/notifications", limit=3)
    second = bo.get("/notifications", limit=3, before=first["next"])
    assert [item["text"] for item in first["items"] + second["items"]] == ["4", "3", "2", "1", "0"]
    assert second["next"] is None


def test_nobody_can_be_mentioned_who_does_not_exist(stage: Stage, anna: Person, talk: int) -> None:
    problem = note(anna, talk, "@?", 99, status=422)
    assert problem["errors"] == [{"field": "mentions", "reason": "there is no agent 99"}]
    assert ("agent", "@?") not in stage.thread()


def test_who_is_mentioned_or_follows_may_read_what_is_another_teams(stage: Stage, anna: Person, talk: int) -> None:
    """Li is in the list of one team; the conversation is another's."""
    wang, li = stage.agent("Wang", "supervisor"), stage.agent("Wei")
    with stage.inside():
        db.session.get_one(Conversation, talk).team = "sales"
    stage.app.extensions["settings"].hub.teams["support"] = ["wei@example.com"]
    try:
        assert li.get(f"/conversations/{talk}", 404)["code"] == "not_found"
        assert li.put(f"/conversations/{talk}/follow", None, 404)["code"] == "not_found"
        note(wang, talk, "@Wei", li.id)
        assert li.get(f"/conversations/{talk}")["id"] == talk
        assert li.put(f"/conversations/{talk}/follow", None)["followed"] is True
    finally:
        del stage.app.extensions["settings"].hub.teams["support"]


def test_followers_are_told_once_until_they_look(stage: Stage, anna: Person, bo: Person, talk: int) -> None:
    assert bo.put(f"/conversations/{talk}/follow", None)["followed"] is True
    assert bo.put(f"/conversations/{talk}/follow", None)["followed"] is True  # again is no more
    for number, text in enumerate(("hello?", "anybody?"), 2):
        stage.page(written(text, number=number))
    stage.work()
    assert told(bo) == [("follow", "anybody?", False)]
    bo.post(f"/conversations/{talk}/read")
    stage.page(written("again", number=4))
    stage.work()
    assert told(bo) == [("follow", "again", False), ("follow", "anybody?", True)]
    assert told(anna) == []


def test_followers_are_told_of_the_end(stage: Stage, anna: Person, bo: Person, talk: int) -> None:
    for person in (anna, bo):
        person.put(f"/conversations/{talk}/follow", None)
    anna.post(f"/conversations/{talk}/resolve")
    [item] = bo.get("/notifications")["items"]
    assert item["payload"] == {"event": "resolved", "by": "Anna"}
    assert told(anna) == []


def test_who_no_longer_follows_hears_nothing(stage: Stage, bo: Person, talk: int) -> None:
    bo.put(f"/conversations/{talk}/follow", None)
    assert bo.delete(f"/conversations/{talk}/follow")["followed"] is False
    stage.page(written("still there?", number=2))
    stage.work()
    assert told(bo) == []


def test_who_is_given_a_conversation_is_told_by_whom(stage: Stage, anna: Person, bo: Person, talk: int) -> None:
    anna.post(f"/conversations/{talk}/assign", {"agent": bo.id})
    [item] = bo.get("/notifications")["items"]
    assert (item["kind"], item["payload"]) == ("assigned", {"by": "Anna"})
    bo.post(f"/conversations/{talk}/assign", {"agent": bo.id})
    assert len(told(bo)) == 1  # who takes it himself knows it


def test_the_stream_says_to_whom_and_nothing_of_what(
    stage: Stage, anna: Person, bo: Person, talk: int, redis_url: str
) -> None:
    note(anna, talk, "@Bo the customer is ill", bo.id)
    with Redis.from_url(redis_url, decode_responses=True) as redis:
        events = [fields for _, fields in redis.xrange(STREAM)]
    [data] = [json.loads(fields["data"]) for fields in events if fields["event"] == "notification"]
    assert data == {"agent_id": bo.id, "kind": "mention", "conversation_id": talk}

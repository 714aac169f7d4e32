"""Conversations at the API: lists without gaps, one owner at a time, and errors that say which field."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from hub.db import db, now
from hub.models import AuditEntry, Conversation, Message
from tests.stage import NOON, Person, Stage, WeChat, at_once, written


def fill(stage: Stage, count: int) -> None:
    """So many customers wait."""
    stage.page(*[written(f"m{n}", sender=f"c{n}", number=n) for n in range(count)])
    stage.work()


@pytest.fixture
def anna(stage: Stage) -> Person:
    return stage.agent()


def pages(anna: Person, path: str, **query: Any) -> list[list[int]]:
    """The ids of every page until the end."""
    found, cursor = [], None
    while True:
        answer = anna.get(path, **query, **({"cursor": cursor} if cursor else {}))
        found.append([item["id"] for item in answer["items"]])
        cursor = answer["next"]
        if cursor is None:
            return found


@pytest.mark.parametrize("status", ["", "waiting"])
def test_pages_have_no_gap_and_no_double_even_where_times_are_equal(stage: Stage, anna: Person, status: str) -> None:
    fill(stage, 7)
    with stage.inside():
        for number, seconds in enumerate((0, 5, 5, 5, 5, 9, 9), 1):
            at = NOON + timedelta(seconds=seconds)
            times = {"last_activity_at": at, "waiting_since": at}
            db.session.execute(update(Conversation).where(Conversation.id == number).values(**times))
    wanted = [1, 2, 3, 4, 5, 6, 7] if status else [7, 6, 5, 4, 3, 2, 1]  # the queue: longest waiting first
    for limit in (1, 2, 3, 5, 200):
        got = pages(anna, "/conversations", limit=limit, status=status)
        assert [number for page in got for number in page] == wanted
        assert all(len(page) <= limit for page in got)


def test_a_long_answer_comes_packed_to_who_can_unpack_it(stage: Stage, anna: Person) -> None:
    fill(stage, 3)

    def got(path: str, encoding: str) -> tuple[str | None, bytes]:
        response = anna.client.get(f"/api/v1{path}", headers={"Accept-Encoding": encoding})
        assert response.content_length == len(response.data)
        return response.content_encoding, response.data

    plain, packed = got("/conversations", "br"), got("/conversations", "gzip, br")
    assert (plain[0], packed[0]) == (None, "gzip")
    assert gzip.decompress(packed[1]) == plain[1]
    assert len(packed[1]) < len(plain[1]) / 2
    assert got("/conversations/counts", "gzip")[0] is None
    assert anna.client.get("/api/v1/conversations").vary.to_header() == "Accept-Encoding"


def test_a_conversation_that_moves_up_while_paging_hides_none(stage: Stage, anna: Person) -> None:
    fill(stage, 4)
    first = anna.get("/conversations", limit=2)
    stage.page(written("again", sender="c0", number=50, at=60))
    stage.work()
    second = anna.get("/conversations", limit=2, cursor=first["next"])
    assert [item["id"] for item in first["items"] + second["items"]] == [4, 3, 2]


FILTERS: list[tuple[dict[str, str], list[int]]] = [
    ({}, [4, 3, 2, 1]),
    ({"status": "waiting"}, [2, 4]),
    ({"status": "open,resolved"}, [3, 1]),
    ({"assignee": "me"}, [1]),
    ({"assignee": "2"}, [3]),
    ({"assignee": "none"}, [4, 2]),
    ({"assignee": "99"}, []),
    ({"team": "sales"}, [4]),
    ({"team": "nobody"}, []),
    ({"channel": "desk"}, [3]),
    ({"q": "REFUND"}, [2]),
    ({"q": "50%"}, [1]),
    ({"q": "5_%"}, []),
    ({"q": "c1"}, [2]),
    ({"q": "\\"}, []),
    ({"status": "waiting", "team": "everyone", "q": "mo"}, [2]),
]


def test_filters(stage: Stage, anna: Person) -> None:
    bo = stage.agent("Bo")
    stage.page(written("50% off", sender="c0", number=1))
    stage.page(written("my refund money", sender="c1", number=2))
    stage.work()
    stage.push("hi", channel="desk", sender="c2")
    stage.work()
    stage.page(written("?", sender="c3", number=4))
    stage.work()
    anna.post("/conversations/1/claim")
    bo.post("/conversations/3/claim")
    bo.post("/conversations/3/resolve")
    anna.post("/conversations/4/handover", {"to": "people", "team": "sales"})
    with stage.inside():
        for number in range(1, 5):
            at = {"last_activity_at": NOON + timedelta(seconds=number)}
            db.session.execute(update(Conversation).where(Conversation.id == number).values(**at))
    found = [(query, [item["id"] for item in anna.get("/conversations", **query)["items"]]) for query, _ in FILTERS]
    assert found == FILTERS


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "closed"}, "status.0"),
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"assignee": "bo"}, "assignee"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": "WzEsMl0="}, "cursor"),
        ({"cursor": "WyIiLDFd"}, "cursor"),
        ({"cursor": "\u00e9"}, "cursor"),
    ],
)
def test_a_wrong_query_names_its_field(anna: Person, query: dict[str, str], field: str) -> None:
    problem = anna.get("/conversations", 422, **query)
    assert (problem["code"], problem["status"]) == ("invalid", 422)
    assert [error["field"] for error in problem["errors"]] == [field]


def test_counts(stage: Stage, anna: Person) -> None:
    fill(stage, 5)
    anna.post("/conversations/1/claim")
    anna.post("/conversations/2/claim")
    anna.post("/conversations/2/snooze", {"until": "2999-01-01T00:00:00Z"})
    stage.agent("Bo").post("/conversations/3/claim")
    anna.post("/conversations/4/resolve")
    counts = {"mine": 2, "waiting": 1, "all": 4, "snoozed": 1, "bot": 0, "mentions": 0}
    assert anna.get("/conversations/counts") == counts


def test_what_a_conversation_says(stage: Stage, anna: Person, wechat: WeChat) -> None:
    stage.enter("order=42")
    stage.push("转人工", at=1)
    stage.work()
    shown = anna.get("/conversations/1")
    assert shown["contact"] == {"id": 1, "name": shown["contact"]["name"]}
    assert shown["last_message"]["payload"]["event"] == "handed_over"
    assert {name: shown[name] for name in ("status", "channels", "assignee", "team", "context", "snoozed_until")} == {
        "status": "waiting",
        "channels": ["shop"],
        "assignee": None,
        "team": "sales",
        "context": {"session_from": "order=42"},
        "snoozed_until": None,
    }
    assert datetime.fromisoformat(shown["waiting_since"]).tzinfo == UTC
    assert shown["created_at"].endswith("Z")
    assert shown["reply"] == {
        "channel": "shop",
        "label": "Shop",
        "allowed": True,
        "reason": None,
        "text_bytes": 1800,
        "media": {"image": {"bytes": 2097152, "mimes": ["image/gif", "image/jpeg", "image/png"]}},
        "links": True,
        "cards": True,
        "menus": False,
        "fallback": [],
        "typing": True,
        "receipts": False,
        "threaded": False,
        "to": "",
        "subject": "",
        "cc": [],
        "callable": False,
    }


# one owner at a time


def test_of_two_who_claim_at_once_one_is_told_who_was_first(stage: Stage) -> None:
    fill(stage, 1)
    people = [stage.agent(name) for name in ("Anna", "Bo", "Cy")]
    outcomes = at_once(*[lambda who=who: who.client.post("/api/v1/conversations/1/claim") for who in people])
    statuses = [outcome.status_code for outcome in outcomes]  # type: ignore[union-attr]
    assert sorted(statuses) == [200, 409, 409]
    winner = people[statuses.index(200)].name
    lost = [outcome.json for outcome in outcomes if outcome.status_code == 409]  # type: ignore[union-attr]
    assert {(problem["code"], problem["detail"]) for problem in lost} == {("already_claimed", f"{winner} was first.")}
    assert [entry.action for entry in stage.rows(AuditEntry, AuditEntry.action == "claim")] == ["claim"]


def test_who_claims_again_has_it_still(stage: Stage, anna: Person) -> None:
    fill(stage, 1)
    anna.post("/conversations/1/claim")
    assert anna.post("/conversations/1/claim")["assignee"] == {"id": anna.id, "name": "Anna"}
    assert len(stage.thread()) == 2


def test_a_life_of_a_conversation(stage: Stage, wechat: WeChat) -> None:
    anna, bo = stage.agent("Anna", "supervisor"), stage.agent("Bo", "supervisor")  # it goes from team to team
    stage.push("转人工")
    stage.work()
    shown = [
        anna.post("/conversations/1/claim"),
        anna.post("/conversations/1/assign", {"agent": bo.id}),
        bo.post("/conversations/1/assign", {"agent": None}),
        anna.post("/conversations/1/handover", {"to": "people", "team": "returns"}),
        bo.post("/conversations/1/claim"),
        bo.post("/conversations/1/snooze", {"until": "2999-01-01T08:00:00+08:00"}),
        bo.post("/conversations/1/claim"),
        bo.post("/conversations/1/handover", {"to": "bot"}),
        bo.post("/conversations/1/handover", {"to": "people", "team": "sales"}),
        anna.post("/conversations/1/claim"),
        anna.post("/conversations/1/resolve"),
        anna.post("/conversations/1/resolve"),
        anna.post("/conversations/1/reopen"),
        anna.post("/conversations/1/reopen"),
    ]
    assert [(each["status"], (each["assignee"] or {}).get("name"), each["team"]) for each in shown] == [
        ("open", "Anna", "sales"),
        ("open", "Bo", "sales"),
        ("waiting", None, "sales"),
        ("waiting", None, "returns"),
        ("open", "Bo", "returns"),
        ("snoozed", "Bo", "returns"),
        ("open", "Bo", "returns"),
        ("bot", None, "returns"),
        ("waiting", None, "sales"),
        ("open", "Anna", "sales"),
        ("resolved", "Anna", "sales"),
        ("resolved", "Anna", "sales"),
        ("open", "Anna", "sales"),
        ("open", "Anna", "sales"),
    ]
    assert shown[5]["snoozed_until"] == "2999-01-01T00:00:00.000000Z"
    events = [text for who, text in stage.thread() if who == "system"]
    assert events[1:] == [
        *("claimed", "assigned", "assigned", "handed_over", "claimed", "snoozed", "claimed"),
        *("handed_to_bot", "handed_over", "claimed", "resolved", "reopened"),
    ]
    assert len(stage.rows(AuditEntry, AuditEntry.subject == "conversation 1")) == 12


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("claim", None, 409, "resolved"),
        ("assign", {"agent": 1}, 409, "resolved"),
        ("handover", {"to": "people"}, 409, "resolved"),
        ("handover", {"to": "bot"}, 409, "resolved"),
        ("snooze", {"until": "2999-01-01T00:00:00Z"}, 409, "resolved"),
    ],
)
def test_a_resolved_conversation_must_be_reopened_first(
    stage: Stage, anna: Person, path: str, body: Any, status: int, code: str
) -> None:
    fill(stage, 1)
    anna.post("/conversations/1/resolve")
    assert anna.post(f"/conversations/1/{path}", body, status)["code"] == code


def test_it_is_not_reopened_beside_a_newer_one(stage: Stage, anna: Person) -> None:
    fill(stage, 1)
    anna.post("/conversations/1/resolve")
    stage.page(written("next", sender="c0", number=9, at=9))
    stage.work()
    assert anna.post("/conversations/1/reopen", status=409)["code"] == "another_open"
    assert [row.status for row in stage.rows(Conversation)] == ["resolved", "waiting"]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("snooze", {}, "until"),
        ("snooze", {"until": "2020-01-01T00:00:00Z"}, "until"),
        ("snooze", {"until": "2999-01-01T00:00:00"}, "until"),  # whose clock?
        ("snooze", {"until": "tomorrow"}, "until"),
        ("assign", {"agent": 99}, "agent"),
        ("assign", {"agent": "bo"}, "agent"),
        ("assign", {}, "agent"),
        ("handover", {"to": "nobody"}, "to"),
        ("handover", {"to": "people", "team": "none"}, "team"),
    ],
)
def test_a_wrong_body_names_its_field(stage: Stage, anna: Person, path: str, body: Any, field: str) -> None:
    fill(stage, 1)
    response = anna.client.post(f"/api/v1/conversations/1/{path}", json=body)
    assert (response.status_code, response.content_type) == (422, "application/problem+json")
    assert [error["field"] for error in response.json["errors"]] == [field]
    assert stage.thread() == [("contact", "m0")]


def test_a_channel_without_a_bot_has_nobody_to_hand_back_to(stage: Stage, anna: Person) -> None:
    fill(stage, 1)
    assert anna.post("/conversations/1/handover", {"to": "bot"}, 409)["code"] == "no_bot"


def test_reading_is_seen_but_moves_nothing(stage: Stage, anna: Person) -> None:
    fill(stage, 2)
    before = anna.get("/conversations")["items"]
    assert [each["unread"] for each in before] == [1, 1]
    anna.post("/conversations/1/read")
    after = anna.get("/conversations")["items"]
    assert [(each["id"], each["unread"]) for each in after] == [(2, 1), (1, 0)]
    assert after[1]["updated_at"] > before[1]["updated_at"]


def test_typing_is_passed_on_where_the_channel_shows_it(stage: Stage, anna: Person, redis_url: str) -> None:
    from redis import Redis

    stage.push("hi", channel="desk")
    fill(stage, 1)
    for number in (1, 2):
        anna.post(f"/conversations/{number}/typing", status=202)
    with Redis.from_url(redis_url) as redis:
        assert redis.llen("typing") == 1


UNKNOWN = ["/conversations/99", "/conversations/0", "/conversations/x", "/conversations/99999999999999999999999999"]


@pytest.mark.parametrize(
    "path", [*UNKNOWN, "/conversations/99/messages", "/contacts/99", "/attachments/99", "/nothing"]
)
def test_an_unknown_id_is_404(anna: Person, path: str) -> None:
    response = anna.client.get(f"/api/v1{path}")
    assert response.status_code == 404
    if path != "/nothing":
        assert (response.content_type, response.json["code"]) == ("application/problem+json", "not_found")


@pytest.mark.parametrize("name", ["claim", "resolve", "reopen", "read", "typing", "messages"])
def test_acting_on_an_unknown_conversation_is_404(anna: Person, name: str) -> None:
    assert anna.post(f"/conversations/99/{name}", {"text": "hi"}, 404)["code"] == "not_found"


def test_a_body_that_is_no_json_is_422_or_400_and_never_a_crash(stage: Stage, anna: Person) -> None:
    fill(stage, 1)
    for body, kind in (
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"a=b", "text/plain"),
        (b"\xff", "application/json"),
    ):
        response = anna.client.post("/api/v1/conversations/1/assign", data=body, content_type=kind)
        assert response.status_code in (400, 415, 422), body
        assert response.content_type == "application/problem+json"
    assert stage.rows(Message, Message.direction == "note") == []
    assert now() > NOON

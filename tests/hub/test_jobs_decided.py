"""What people see of jobs that failed, and what becomes of those they decide about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from channels.errors import Misconfigured, Refused, Uncertain, Unreachable
from hub.db import db
from hub.jobs import job_models
from hub.models import AuditEntry, ChannelState, Delivery
from hub.queries import jobs
from tests.pager import Pager
from tests.stage import Person, Stage, WeChat, written

TROUBLES = "failed,uncertain,retrying"


@pytest.fixture
def boss(stage: Stage) -> Person:
    return stage.agent("Boss", "supervisor")


def failing(stage: Stage, boss: Person, *errors: Exception, text: str = "hello") -> None:
    """A reply for each error, which comes of it."""
    stage.page(written("hi"))
    stage.work()
    for number, error in enumerate(errors):
        boss.post("/conversations/1/messages", {"text": f"{text} {number}"}, 201)
        Pager.answers.append(error)  # type: ignore[arg-type]
        stage.work()


def test_every_kind_of_job_is_listed() -> None:
    assert set(jobs.FOUND) == set(job_models())


@pytest.mark.parametrize(
    ("error", "state", "is_trouble"),
    [
        (Refused("no", code="87014"), "failed", True),
        (Uncertain("no answer"), "uncertain", True),
        (Unreachable("busy", after=timedelta(hours=1)), "pending", True),
    ],
)
def test_troubles(stage: Stage, boss: Person, error: Exception, state: str, is_trouble: bool) -> None:
    failing(stage, boss, error)
    found = [job["state"] for job in boss.get("/jobs", state=TROUBLES)["items"]]
    assert found == [state] * is_trouble


def test_what_only_waits_for_its_turn_is_no_trouble(stage: Stage, boss: Person) -> None:
    from channels.errors import Postponed

    failing(stage, boss, Postponed("its own pace", after=timedelta(hours=1)))
    assert boss.get("/jobs", state=TROUBLES)["items"] == []
    assert [job["error"] for job in boss.get("/jobs")["items"]] == ["its own pace"]


def test_a_retried_job_stays_listed_until_the_provider_took_it(stage: Stage, boss: Person) -> None:
    failing(stage, boss, Refused("no"))
    boss.post("/jobs/delivery-1/retry", status=202)
    assert [job["state"] for job in boss.get("/jobs", state=TROUBLES)["items"]] == ["pending"]
    stage.work()
    assert boss.get("/jobs", state=TROUBLES)["items"] == []


def test_filters_and_groups(stage: Stage, boss: Person) -> None:
    failing(stage, boss, Refused("a", code="1"), Refused("a", code="1"), Refused("b", code="2"))
    stage.post_sealed("desk", "{")
    ids = lambda **query: [job["id"] for job in boss.get("/jobs", state=TROUBLES, **query)["items"]]  # noqa: E731
    assert ids(code="1") == ["delivery-2", "delivery-1"]
    assert ids(channel="desk") == ["arrival-2"]
    assert ids(kind="delivery", channel="desk") == []
    assert len(ids(kind="delivery,arrival")) == 4
    found = boss.get("/jobs/groups", state=TROUBLES)["items"]
    assert [(group["kind"], group["error_code"], group["count"]) for group in found] == [
        ("delivery", "1", 2),
        ("arrival", "unreadable", 1),
        ("delivery", "2", 1),
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("call 13812345678 please", "call 138***78 please"),
        ("mail bo.li@example.com", "mail b***@example.com"),
        ("order 1234", "order 1234"),
        ("https://hub.example.com/s/Zm9vYmFyYmF6cXV4LXF1dXg.x1", "https://hub.example.com/s/***"),
        ("https://shop.example.com/help/shipping", "https://shop.example.com/help/shipping"),
        ("订单 XC20260002 的退款", "订单 XC202***02 的退款"),
    ],
)
def test_numbers_and_addresses_are_masked(text: str, shown: str) -> None:
    assert jobs.masked(text) == shown


def test_all_that_is_known_of_one(stage: Stage, boss: Person) -> None:
    failing(stage, boss, Uncertain("no answer", code="timeout"), text="call 13812345678")
    boss.post("/conversations/1/messages", {"text": "next"}, 201)
    job = boss.get("/jobs/delivery-1")
    assert (job["text"], job["may_double"], job["behind"]) == ("call 138***78 0", True, 1)
    assert job["key"] == str(stage.rows(Delivery)[0].uid)
    [attempt] = job["history"]
    assert (attempt["outcome"], attempt["code"], attempt["reason"]) == ("Uncertain", "timeout", "no answer")
    assert boss.get("/jobs/delivery-99", 404)["code"] == "not_found"


def test_only_supervisors_look_and_decide(stage: Stage, boss: Person) -> None:
    failing(stage, boss, Refused("no"))
    anna = stage.agent("Anna")
    for path in ("/jobs", "/jobs/groups", "/jobs/delivery-1"):
        anna.get(path, 403)
    anna.post("/jobs/decide", {"ids": ["delivery-1"], "action": "retry"}, 403)
    anna.post("/channels/pager/pause", {"reason": "x"}, 403)
    anna.post("/channels/pager/diagnose", status=403)


def test_decided_one_by_one(stage: Stage, boss: Person) -> None:
    failing(stage, boss, Refused("no"), Refused("no"))
    body = {"ids": ["delivery-1", "delivery-99", "arrival-1", "delivery-2"], "action": "retry"}
    results = boss.post("/jobs/decide", body)["items"]
    assert [(each["ok"], each["problem"] and each["problem"]["code"]) for each in results] == [
        (True, None),
        (False, "not_found"),
        (False, "not_retryable"),
        (True, None),
    ]
    stage.work()
    assert [message.text for message in Pager.sent] == ["hello 0", "hello 1"]


def test_discarded_with_a_reason(stage: Stage, boss: Person) -> None:
    failing(stage, boss, Refused("no"))
    body = {"ids": ["delivery-1"], "action": "discard", "reason": "they were called"}
    assert boss.post("/jobs/decide", body)["items"][0]["ok"]
    assert boss.get("/jobs", state=TROUBLES)["items"] == []
    assert boss.get("/conversations/1/messages")["items"][-2]["delivery"]["state"] == "cancelled"
    assert stage.thread()[-1] == ("system", "discarded")
    [entry] = [row for row in stage.rows(AuditEntry) if row.action == "discard"]
    assert (entry.subject, entry.detail) == ("delivery 1", {"reason": "they were called"})
    boss.post("/jobs/decide", body)  # a second time changes nothing
    assert len([row for row in stage.rows(AuditEntry) if row.action == "discard"]) == 1


def test_an_unreadable_push_is_discarded_and_its_lane_goes_on(stage: Stage, boss: Person) -> None:
    stage.post_sealed("desk", "{")
    boss.post("/jobs/decide", {"ids": ["arrival-1"], "action": "discard", "reason": "a probe"})
    assert boss.get("/jobs")["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"ids": ["delivery-1"], "action": "discard"},
        {"ids": ["delivery-1"], "action": "discard", "reason": "  "},
        {"ids": ["delivery-1"], "action": "reroute"},
        {"ids": [], "action": "retry"},
        {"ids": ["delivery-1"] * 51, "action": "retry"},
        {"ids": ["delivery-1"], "action": "eat"},
    ],
)
def test_what_is_no_decision(boss: Person, body: dict[str, Any]) -> None:
    assert boss.post("/jobs/decide", body, 422)["code"] == "invalid"


def test_rerouted(stage: Stage, wechat: WeChat, boss: Person) -> None:
    failing(stage, boss, Refused("no"))
    stage.push("hello", channel="desk")
    stage.work()
    boss.post("/contacts/1/merge", {"contact": 2})
    assert [way["channel"] for way in boss.get("/jobs/delivery-1")["ways"]] == ["desk"]
    [result] = boss.post("/jobs/decide", {"ids": ["delivery-1"], "action": "reroute", "channel": "desk"})["items"]
    assert result["ok"], result
    stage.work()
    assert wechat.texts == ["hello 0"]
    assert [row.state for row in stage.rows(Delivery)] == ["cancelled", "done"]
    message = next(row for row in boss.get("/conversations/1/messages")["items"] if row["text"] == "hello 0")
    assert (message["delivery"]["state"], message["payload"]["fallback"]["channel"]) == ("sent", "desk")


@pytest.mark.parametrize(("channel", "code"), [("desk", "no_channel"), ("pager", "no_channel"), ("moon", "no_channel")])
def test_where_nobody_is_reached_nothing_is_rerouted(stage: Stage, boss: Person, channel: str, code: str) -> None:
    failing(stage, boss, Refused("no"))
    [result] = boss.post("/jobs/decide", {"ids": ["delivery-1"], "action": "reroute", "channel": channel})["items"]
    assert result["problem"]["code"] == code
    assert [row.state for row in stage.rows(Delivery)] == ["failed"]


# channels


def vitals(boss: Person, name: str = "pager") -> Any:
    return next(each for each in boss.get("/channels/health")["items"] if each["name"] == name)


def test_a_channel_that_works(stage: Stage, boss: Person) -> None:
    stage.page(written("hi"))
    stage.work()
    boss.post("/conversations/1/messages", {"text": "one"}, 201)
    stage.work()
    found = vitals(boss)
    assert (found["state"], found["signs"], found["sent"], found["failed_share"]) == ("ok", [], 1, None)
    assert 0 <= found["seconds_p95"] < 60


def test_a_channel_whose_sends_fail_is_degraded(stage: Stage, boss: Person) -> None:
    failing(stage, boss, *[Refused("no")] * 5)
    found = vitals(boss)
    assert (found["state"], found["signs"], found["failed_share"]) == ("degraded", ["failing"], 1.0)
    detail = boss.get("/channels/pager/health")
    assert detail["troubles"][0]["count"] == 5
    assert sum(cell["failed"] for cell in detail["cells"]) == 5


def test_a_channel_in_which_something_is_stuck(stage: Stage, boss: Person) -> None:
    failing(stage, boss, Unreachable("busy", after=timedelta(hours=9)))
    with stage.inside():
        db.session.execute(update(Delivery).values(created_at=Delivery.created_at - timedelta(minutes=6)))
    assert vitals(boss)["signs"] == ["stuck"]


@pytest.mark.parametrize(("hours", "signs"), [(1, []), (12, ["silent"])])
def test_a_channel_that_is_quieter_than_it_ever_is(stage: Stage, boss: Person, hours: int, signs: list[str]) -> None:
    for number in range(51):
        stage.page(written("hi", number=number))
    stage.work()
    with stage.inside():
        spread = "now() - make_interval(hours => {}) - make_interval(mins => (120 * (51 - id))::int)"
        db.session.execute(db.text(f"UPDATE message SET created_at = {spread.format(hours)} WHERE direction = 'in'"))
    assert vitals(boss)["signs"] == signs


def test_paused_by_hand_until_resumed_by_hand(stage: Stage, boss: Person) -> None:
    stage.page(written("hi"))
    stage.work()
    assert boss.post("/channels/pager/pause", {"reason": "they are moving"})["paused_by_hand"]
    boss.post("/conversations/1/messages", {"text": "one"}, 201)
    stage.work()
    found = vitals(boss)
    assert (Pager.sent, found["state"], found["reason"], found["next_try_at"]) == ([], "down", "they are moving", None)
    boss.post("/channels/pager/resume")
    stage.work()
    assert [message.text for message in Pager.sent] == ["one"]
    assert vitals(boss)["state"] == "ok"
    actions = [row.action for row in stage.rows(AuditEntry)]
    assert [action for action in actions if action in ("pause", "resume")] == ["pause", "resume"]


@pytest.mark.parametrize("outcome", [Misconfigured("bad key"), None])
def test_neither_an_error_nor_a_success_ends_a_pause_by_hand(
    stage: Stage, boss: Person, outcome: Misconfigured | None
) -> None:
    def paused_meanwhile(_: object) -> None:
        boss.post("/channels/pager/pause", {"reason": "moving"})
        if outcome:
            raise outcome

    stage.page(written("hi"))
    stage.work()
    boss.post("/conversations/1/messages", {"text": "one"}, 201)
    Pager.answers.append(paused_meanwhile)
    stage.work()
    assert stage.row(ChannelState).reason == "moving"


def test_a_channel_is_examined(stage: Stage, boss: Person) -> None:
    assert boss.post("/channels/pager/diagnose")["items"] == []
    for path in ("/channels/moon/diagnose", "/channels/moon/resume"):
        boss.post(path, status=404)
    boss.get("/channels/moon/health", 404)

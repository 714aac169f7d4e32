"""What ops look at: jobs, channels, health and numbers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from channels.errors import Refused, Unreachable
from hub.db import db, now
from hub.models import Arrival, Delivery
from tests.pager import Pager
from tests.stage import NOON, Person, Stage, written


@pytest.fixture
def boss(stage: Stage) -> Person:
    return stage.agent("Boss", "supervisor")


def broken(stage: Stage, count: int) -> None:
    """So many pushes that nobody could read, some of them at the same moment."""
    for number in range(count):
        stage.post_sealed("desk", "{" + " " * number)
    with stage.inside():
        for row, seconds in zip(range(1, count + 1), (0, 1, 1, 1, 1, 2, 2), strict=False):
            at = NOON + timedelta(seconds=seconds)
            db.session.execute(update(Arrival).where(Arrival.id == row).values(created_at=at))


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 200])
def test_pages_of_jobs_have_no_gap_and_no_double(stage: Stage, boss: Person, limit: int) -> None:
    broken(stage, 7)
    seen, query = [], dict[str, Any]()
    while True:
        page = boss.get("/jobs", limit=limit, **query)
        seen += [job["id"] for job in page["items"]]
        if page["next"] is None:
            break
        query = {"cursor": page["next"]}
    assert sorted(seen) == [f"arrival-{number}" for number in range(1, 8)]


def test_a_job_names_its_reason_age_and_conversation(stage: Stage, boss: Person) -> None:
    stage.page(written("hi"))
    stage.work()
    boss.post("/conversations/1/messages", {"text": "hello"}, 201)
    Pager.answers.append(Refused("forbidden words", code="87014"))
    stage.work()
    [job] = boss.get("/jobs")["items"]
    row = stage.row(Delivery)
    assert job == {
        "id": "delivery-1",
        "kind": "delivery",
        "state": "failed",
        "lane": row.lane,
        "attempts": 1,
        "error": "forbidden words",
        "error_code": "87014",
        "due_at": job["due_at"],
        "created_at": job["created_at"],
        "conversation_id": 1,
        "channel": "pager",
        "contact": {"id": 1, "name": ""},
        "excerpt": "hello",
    }


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("failed", ["arrival-2"]),
        ("pending", ["arrival-3"]),
        ("done", ["arrival-1"]),
        ("done,failed", ["arrival-2", "arrival-1"]),
        ("running", []),
    ],
)
def test_jobs_by_state(stage: Stage, boss: Person, state: str, found: list[str]) -> None:
    stage.page(written("hi", number=1))
    stage.work()
    stage.post_sealed("desk", "{")
    stage.page(written("hi", number=2, sender="cy"))
    assert [job["id"] for job in boss.get("/jobs", state=state, kind="arrival")["items"]] == found


@pytest.mark.parametrize("query", [{"state": "broken"}, {"cursor": "x"}, {"cursor": "WzFd"}, {"limit": 0}])
def test_a_wrong_query_is_422(boss: Person, query: dict[str, Any]) -> None:
    assert boss.get("/jobs", 422, **query)["code"] == "invalid"


@pytest.mark.parametrize(
    "name",
    ["delivery-99", "delivery", "delivery-x", "cake-1", "-1", "delivery-\u00b2", "delivery-99999999999999999999"],
)
def test_an_unknown_job_is_404(boss: Person, name: str) -> None:
    assert boss.post(f"/jobs/{name}/retry", status=404)["code"] == "not_found"


def test_only_what_is_not_done_is_retried_and_only_by_supervisors(stage: Stage, boss: Person) -> None:
    stage.page(written("hi"))
    stage.work()
    boss.post("/jobs/arrival-1/retry", status=409)
    stage.post_sealed("desk", "{")
    boss.post("/jobs/arrival-2/retry", status=202)
    stage.agent("Anna").post("/jobs/arrival-2/retry", status=403)


def test_a_retried_delivery_is_sent_now(stage: Stage, boss: Person) -> None:
    stage.page(written("hi"))
    stage.work()
    boss.post("/conversations/1/messages", {"text": "hello"}, 201)
    Pager.answers.append(Unreachable("busy", after=timedelta(hours=9)))
    stage.work()
    boss.post("/jobs/delivery-1/retry", status=202)
    stage.work()
    assert [message.text for message in Pager.sent] == ["hello"]


def test_a_media_fetch_that_failed_is_tried_again(stage: Stage, boss: Person) -> None:
    from channels.contract import Attachment

    stage.page(written("", kind="image", attachments=(Attachment("image", "p1"),)))
    Pager.answers.append(Refused("gone"))
    stage.work()
    assert boss.get("/conversations/1/messages")["items"][0]["attachments"][0]["state"] == "failed"
    boss.post("/jobs/media_fetch-1/retry", status=202)
    stage.work()
    assert boss.get("/conversations/1/messages")["items"][0]["attachments"][0]["state"] == "ready"


def test_channels_and_when_they_last_worked(stage: Stage, boss: Person) -> None:
    stage.page(written("hi"))
    stage.work()
    boss.post("/conversations/1/messages", {"text": "one"}, 201)
    boss.post("/conversations/1/messages", {"text": "two"}, 201)
    Pager.answers.append(Refused("no"))
    stage.do("delivery")
    channels = {each["name"]: each for each in boss.get("/channels")["items"]}
    assert set(channels) == {"shop", "desk", "service", "post", "stall", "pager", "mail", "sales", "line"}
    quiet = {"state": "ok", "reason": "", "last_inbound_at": None, "last_outbound_at": None, "queued": 0, "failed": 0}
    can = {
        "begins": False,
        "threaded": False,
        "segments": False,
        "free_text": True,
        "templates": [],
        "spoken": False,
        "calls": False,
    }
    assert channels["desk"] == {"name": "desk", "label": "Desk", "receiver": None, **can, **quiet}
    assert (channels["line"]["spoken"], channels["line"]["calls"]) == (True, True)
    pager = channels["pager"]
    assert (pager["label"], pager["queued"], pager["failed"]) == ("Pager", 1, 1)
    assert pager["last_inbound_at"] and pager["last_outbound_at"]


def test_colleagues(stage: Stage, boss: Person) -> None:
    stage.agent("Anna")
    assert [(each["name"], each["role"]) for each in boss.get("/agents")["items"]] == [
        ("Anna", "agent"),
        ("Boss", "supervisor"),
    ]


def test_alive_and_ready(stage: Stage) -> None:
    client = stage.app.test_client()
    assert [client.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]


def test_the_numbers_behind_it(stage: Stage) -> None:
    stage.page(written("hi"))
    with stage.inside():
        db.session.execute(update(Arrival).values(created_at=now() - timedelta(seconds=100)))
    text = stage.app.test_client().get("/metrics").text
    assert 'yizhan_jobs{kind="arrival",state="pending"} 1.0' in text
    [age] = [line for line in text.splitlines() if line.startswith("yizhan_oldest_job_seconds{")]
    assert 100 <= float(age.rpartition(" ")[2]) < 110
    assert 'yizhan_channel_paused{channel="pager"} 0.0' in text
    assert 'yizhan_channel_deaf{channel="mail"} 1.0' in text  # nobody receives for it

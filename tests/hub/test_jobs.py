"""Jobs: claimed once, one at a time in a lane, and found again whatever is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from redis import Redis
from sqlalchemy import update

from channels.errors import Misconfigured
from hub.db import db, now
from hub.jobs import backlog, claim, due_kinds, job_models, retry_later
from hub.models import Arrival, Attachment, BotTurn, ChannelState, Delivery, MediaFetch
from hub.services import deliveries
from tests.pager import Pager
from tests.stage import Stage, at_once, eventually, states, written
from workers import tasks, timetable
from workers.app import QUEUES, celery
from workers.tasks import sweep, work


@pytest.fixture
def redis(redis_url: str) -> Redis:
    return Redis.from_url(redis_url)


def add(stage: Stage, *lanes: str) -> None:
    with stage.inside():
        db.session.add_all(
            MediaFetch(lane=lane, channel="pager", ref=lane, attachment_id=attachment(stage)) for lane in lanes
        )


def attachment(stage: Stage) -> int:
    row = Attachment(medium="image")
    db.session.add(row)
    db.session.flush()
    return row.id


def take(stage: Stage) -> MediaFetch | None:
    with stage.inside():
        return next(iter(claim(MediaFetch, limit=1)), None)


def finish(stage: Stage, job: MediaFetch | None, state: str = "done") -> None:
    assert job
    with stage.inside():
        db.session.execute(update(MediaFetch).where(MediaFetch.id == job.id).values(state=state))


def test_a_lane_is_worked_on_one_at_a_time_oldest_first(stage: Stage) -> None:
    add(stage, "a", "a", "b", "a")
    first, second, none = take(stage), take(stage), take(stage)
    assert first and second and none is None
    assert [(first.id, first.lane, first.state, first.attempts), (second.id, second.lane)] == [
        (1, "a", "running", 1),
        (3, "b"),
    ]
    finish(stage, first)
    third = take(stage)
    assert third and third.id == 2
    finish(stage, third, "failed")  # a failed one no longer holds up its lane
    fourth = take(stage)
    assert fourth and fourth.id == 4


def test_a_job_that_waits_for_its_next_try_holds_up_its_lane(stage: Stage) -> None:
    add(stage, "a", "a", "b")
    with stage.inside():
        [job] = claim(MediaFetch, limit=1)
        retry_later(job, timedelta(seconds=60))
    other = take(stage)
    assert other and other.lane == "b"
    assert take(stage) is None
    stage.make_due(MediaFetch)
    again = take(stage)
    assert again and (again.id, again.attempts) == (1, 2)


def test_two_workers_never_claim_the_same(stage: Stage) -> None:
    add(stage, *[f"lane {number}" for number in range(40)])

    def worker() -> list[int]:
        taken = []
        while job := take(stage):
            taken.append(job.id)
        return taken

    taken = [number for worked in at_once(*[worker] * 4) for number in worked]  # type: ignore[union-attr]
    assert sorted(set(taken)) == sorted(taken)
    assert set(taken) <= set(range(1, 41))
    stage_left = {job.id for job in stage.rows(MediaFetch, MediaFetch.state == "pending")}
    assert stage_left | set(taken) == set(range(1, 41))


def test_four_workers_keep_the_order_of_every_lane(stage: Stage) -> None:
    for number in range(6):
        stage.page(
            *[written(f"{number}", sender=sender, number=number, provider_id=f"{sender}{number}") for sender in "abcde"]
        )
    stage.work()
    agent = stage.agent()
    for conversation in range(1, 6):
        agent.post(f"/conversations/{conversation}/claim")
        for number in range(4):
            agent.post(f"/conversations/{conversation}/messages", {"text": f"{conversation}-{number}"}, 201)
    at_once(*[stage.work] * 4)
    stage.work()
    for conversation in range(1, 6):
        sent = [message.text for message in Pager.sent if message.text.startswith(f"{conversation}-")]
        assert sent == [f"{conversation}-{number}" for number in range(4)]
    assert states(stage.rows(Delivery)) == ["done"] * 20


# the bell


def rung(redis: Redis, kind: str) -> bool:
    return bool(redis.llen(kind)) and bool(redis.exists(f"wake:{kind}"))


def test_a_job_rings_after_its_commit_and_a_rolled_back_one_never(stage: Stage, redis: Redis) -> None:
    with pytest.raises(ZeroDivisionError), stage.inside():  # noqa: PT012
        db.session.add(MediaFetch(lane="a", channel="pager", ref="", attachment_id=attachment(stage)))
        db.session.flush()
        raise ZeroDivisionError
    with stage.inside():
        attachment(stage)
    assert not rung(redis, "media_fetch")
    with stage.inside():
        db.session.add(MediaFetch(lane="a", channel="pager", ref="", attachment_id=attachment(stage)))
        db.session.flush()
        assert not rung(redis, "media_fetch")
    assert rung(redis, "media_fetch")


def test_a_wake_that_nobody_took_up_needs_no_second(stage: Stage, redis: Redis) -> None:
    for number in range(5):
        stage.page(written(str(number), number=number))
        eventually(lambda: redis.llen("arrival"))
    assert redis.llen("arrival") == 1
    work("arrival")
    stage.page(written("6", number=6))
    eventually(lambda: redis.llen("arrival") == 2)


def test_the_sweep_finds_what_nobody_rang_for(stage: Stage, redis: Redis) -> None:
    stage.page(written("one"))
    redis.flushdb()
    sweep()
    assert rung(redis, "arrival")
    assert not rung(redis, "delivery")


def test_a_job_is_due_at_its_time(stage: Stage) -> None:
    add(stage, "a")
    with stage.inside():
        assert due_kinds() == {"media_fetch"}
        db.session.execute(update(MediaFetch).values(due_at=now() + timedelta(seconds=60)))
        assert due_kinds() == set()


# claims whose worker died


def test_a_lost_claim_of_a_fetch_or_a_bot_turn_is_done_again(stage: Stage, slow_bot: None) -> None:
    stage.push("怎么退款")
    stage.do("arrival")
    add(stage, "a")
    with stage.inside():
        assert claim(MediaFetch, limit=1) and claim(BotTurn, limit=1)
    sweep()
    assert [*states(stage.rows(MediaFetch)), *states(stage.rows(BotTurn))] == ["running", "running"]
    for model in (MediaFetch, BotTurn):
        with stage.inside():
            db.session.execute(update(model).values(claimed_at=now() - timedelta(seconds=61)))
    sweep()
    assert [*states(stage.rows(MediaFetch)), *states(stage.rows(BotTurn))] == ["pending", "pending"]


def test_a_paused_channel_is_not_claimed_and_the_others_are(stage: Stage) -> None:
    stage.page(written("hi", sender="cy"))
    stage.push("hi", channel="desk")
    stage.work()
    agent = stage.agent()
    for conversation in (1, 2):
        agent.post(f"/conversations/{conversation}/messages", {"text": "hello"}, 201)
    Pager.answers.append(Misconfigured("the key is wrong"))
    assert stage.do("delivery")
    assert stage.row(ChannelState).channel == "pager"
    stage.make_due(Delivery)
    with stage.inside():
        assert [delivery.channel for delivery in deliveries.claim_due(10)] == ["desk"]


def test_a_batch_takes_one_of_each_lane(stage: Stage) -> None:
    add(stage, "a", "a", "b", "c", "b")
    with stage.inside():
        assert [job.id for job in claim(MediaFetch, limit=10)] == [1, 3, 4]
    with stage.inside():
        assert claim(MediaFetch, limit=10) == []


def test_the_backlog_counts_what_is_not_done(stage: Stage) -> None:
    stage.page(written("one", number=1), written("two", sender="cy", number=2))
    with stage.inside():
        [(kind, state, count, age)] = backlog()
    assert (kind, state, count) == ("arrival", "pending", 2)
    assert 0 <= age < 10
    stage.work()
    with stage.inside():
        assert backlog() == []
    assert states(stage.rows(Arrival)) == ["done", "done"]


def test_workers_listen_for_every_kind_of_job() -> None:
    assert {model.kind for model in job_models()} == set(tasks.DOES) == set(QUEUES) - {"typing", timetable.QUEUE}
    assert {each["task"] for each in timetable.celery.conf.beat_schedule.values()} <= set(celery.tasks)

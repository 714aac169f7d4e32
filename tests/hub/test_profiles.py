"""What providers know of a person is asked for by a worker, once a day at most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from channels.contract import Address, Profile
from channels.errors import Refused, Throttled
from hub.db import db, now
from hub.models import Contact, Identity, ProfileFetch
from hub.services import profiles
from tests.pager import Pager
from tests.stage import Stage, at_once, states, written
from workers.profiles import fetch_profiles

WANG = Profile(
    aliases=(Address("union", "u1"),), name="Wang", language="zh_CN", facts={"subscribe_scene": "ADD_SCENE_QR_CODE"}
)


@pytest.fixture
def knows(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Address], Profile]], None]:
    """From here on the provider of the pager knows its people."""

    def knows(profile: Callable[[Address], Profile]) -> None:
        monkeypatch.setattr(Pager, "capabilities", replace(Pager.capabilities, profiles=True))
        monkeypatch.setattr(Pager, "profile", lambda _, who: profile(who))

    return knows


def ask(stage: Stage, identity: int = 1, channel: str = "pager") -> None:
    with stage.inside():
        profiles.wanted(db.session.get_one(Identity, identity), channel)


def fetch(stage: Stage) -> int:
    with stage.app.app_context():
        return fetch_profiles(20)


def write(stage: Stage, *senders: str) -> None:
    stage.page(*[written(sender, sender=sender, number=number) for number, sender in enumerate(senders)])
    stage.work()


def test_a_profile_tells_name_language_and_facts(stage: Stage, knows: Callable[..., None]) -> None:
    asked = []
    write(stage, "a")
    knows(lambda who: asked.append(who) or WANG)
    ask(stage)
    job = stage.row(ProfileFetch)
    assert (job.lane, job.channel, job.identity_id, job.state) == ("profile:1", "pager", 1, "pending")

    assert fetch(stage) == 1

    contact = stage.agent().get("/contacts/1")
    assert (contact["name"], contact["language"], contact["facts"]) == ("Wang", "zh_CN", WANG.facts)
    assert [row["value"] for row in contact["identities"]] == ["a", "u1"]
    assert contact["conversations"][0]["contact"] == {"id": 1, "name": "Wang"}
    assert (asked, states(stage.rows(ProfileFetch))) == ([Address("pager", "a")], ["done"])


def test_a_profile_joins_the_person_with_whom_they_are_elsewhere(stage: Stage, knows: Callable[..., None]) -> None:
    write(stage, "a", "b")
    knows(lambda who: WANG)
    for identity in (1, 2):
        ask(stage, identity)
    fetch(stage)
    assert [row.contact_id for row in stage.rows(Identity)] == [1, 1, 1]


def test_two_workers_that_learn_of_the_same_alias_make_one_person(stage: Stage, knows: Callable[..., None]) -> None:
    write(stage, *"abcdefgh")
    knows(lambda who: WANG)
    for identity in range(1, 9):
        ask(stage, identity)
    at_once(*[lambda: fetch(stage)] * 4)
    for _ in range(4):
        stage.make_due(ProfileFetch)
        fetch(stage)
    assert {row.contact_id for row in stage.rows(Identity)} == {1}
    assert states(stage.rows(ProfileFetch)) == ["done"] * 8


def test_a_name_that_was_given_stays(stage: Stage, knows: Callable[..., None]) -> None:
    write(stage, "a")
    knows(lambda who: WANG)
    with stage.inside():
        db.session.execute(update(Contact).values(name="Mr Wang", facts={"vip": True}))
    ask(stage)
    fetch(stage)
    row = stage.row(Contact)
    assert (row.name, row.facts) == ("Mr Wang", {"vip": True, **WANG.facts})


def test_nobody_is_asked_twice_a_day(stage: Stage, knows: Callable[..., None]) -> None:
    write(stage, "a")
    knows(lambda who: WANG)
    ask(stage)
    ask(stage)
    fetch(stage)
    ask(stage)
    assert states(stage.rows(ProfileFetch)) == ["done"]
    with stage.inside():
        db.session.execute(update(ProfileFetch).values(created_at=now() - timedelta(days=1, seconds=1)))
    ask(stage)
    assert states(stage.rows(ProfileFetch)) == ["done", "pending"]


def test_a_channel_that_knows_nothing_is_not_asked(stage: Stage) -> None:
    write(stage, "a")
    ask(stage)
    assert stage.rows(ProfileFetch) == []


@pytest.mark.parametrize(
    ("error", "state", "said", "wait"),
    [
        (Throttled("too often", code="45009", after=timedelta(hours=9)), "pending", ("too often", "45009"), 9 * 3600),
        (Refused("no such user", code="40003"), "failed", ("no such user", "40003"), 0),
        (ZeroDivisionError(), "pending", ("ZeroDivisionError", "bug"), 1),
    ],
    ids=["throttled", "refused", "bug"],
)
def test_what_goes_wrong_is_kept_and_tried_again_where_it_helps(
    stage: Stage, knows: Callable[..., None], error: Exception, state: str, said: tuple[str, str], wait: int
) -> None:
    def fail(_: Address) -> Profile:
        raise error

    write(stage, "a")
    knows(fail)
    ask(stage)
    fetch(stage)
    job = stage.row(ProfileFetch)
    assert (job.state, (job.error, job.error_code)) == (state, said)
    assert abs((job.due_at - now()).total_seconds() - wait) < 5
    for _ in range(5):
        stage.make_due(ProfileFetch)
        fetch(stage)
    assert stage.row(ProfileFetch).state == "failed"
    ask(stage)
    assert states(stage.rows(ProfileFetch)) == ["failed", "pending"]

"""Who may read what: at every address of the API, and on the live stream."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from itertools import pairwise
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import select, update

from hub.db import db, now
from hub.live import STREAM, Announcer, Told, read
from hub.models import AccessToken, Agent, Attachment, Call, Conversation, Message
from hub.models.agents import digest
from hub.queries import access, sessions
from hub.readers import EVERYBODY, Topics, audience, of_agent, topics
from hub.services import agents
from hub.web.radio import Radio
from tests.stage import Person, Stage, written

# Anna is in sales, Bo in returns; Cy stands in no list. What is under test belongs to returns.
NOT_A_CONVERSATIONS = {
    "questions": "the bot's: words that many asked, without who asked them",
    "proposals": "the same, once agents said what they mean",
    "canned": "ready-made texts: one's own and one's teams', which their own tests check",
    "tokens": "one's own",
    "channels": "no content: whether they work",
    "drafts": "one's own, of the conversation before it",
    "accounts": "for admins alone",
    "views": "filters under a name, which list what one may read",
    "jobs": "for supervisors alone, who read everything",
}


@pytest.fixture
def anna(stage: Stage) -> Person:
    return stage.agent()


@pytest.fixture
def bo(stage: Stage, anna: Person) -> Person:
    return stage.agent("Bo")


@pytest.fixture
def theirs(stage: Stage, bo: Person) -> dict[str, int]:
    """One of each that is none of Anna's business."""
    stage.page(written("secret", sender="rita"))
    stage.work()
    with stage.inside():
        conversation = db.session.get_one(Conversation, 1)
        conversation.team = "returns"
        message = db.session.scalars(select(Message)).first()
        assert message is not None
        attachment = Attachment(message_id=message.id, medium="image", name="secret.png", state="failed")
        card = Message(
            conversation_id=1,
            position=2**40,
            direction="in",
            author_kind="contact",
            channel="pager",
            kind="call",
            text="",
            payload={},
        )
        db.session.add_all([attachment, card])
        db.session.flush()
        call = Call(
            message_id=card.id,
            channel="pager",
            identity_id=conversation.reply_identity_id,
            direction="in",
            state="queued",
        )
        db.session.add(call)
        db.session.flush()
        rows = {"messages": message.id, "attachments": attachment.id, "calls": call.id}
        return {"conversations": 1, "contacts": conversation.contact_id, **rows}


def test_at_no_address_is_there_what_one_may_not_read(
    stage: Stage, anna: Person, bo: Person, theirs: dict[str, int]
) -> None:
    asked = set()
    for path, methods in anna.get("/openapi.json")["paths"].items():
        nouns = path.removeprefix("/api/v1/").split("/")
        for noun, name in pairwise(nouns):
            if not name.startswith("{") or noun in NOT_A_CONVERSATIONS:
                continue
            assert noun in theirs, f"{path}: say in access.NOUNS who may read it, or here why everybody may"
            for method in methods:
                at = path.replace(name, str(theirs[noun]))
                answer = anna.client.open(at, method=method.upper(), json={})
                assert (answer.status_code, answer.json["code"]) == (404, "not_found"), f"{method} {path}"
                assert bo.client.open(at, method=method.upper(), json={}).json != answer.json or noun == "attachments"
                asked.add(noun)
    assert asked == set(access.NOUNS)


def test_lists_show_what_one_may_read(stage: Stage, anna: Person, bo: Person, theirs: dict[str, int]) -> None:
    stage.page(written("for all", sender="sam", number=2))
    stage.work()
    cy, boss = stage.agent("Cy"), stage.agent("Boss", "supervisor")
    seen = {each.name: [row["id"] for row in each.get("/conversations")["items"]] for each in (anna, bo, cy, boss)}
    assert seen == {"Anna": [2], "Bo": [2, 1], "Cy": [2, 1], "Boss": [2, 1]}
    assert anna.get("/conversations", q="secret")["items"] == []
    assert [each.get("/conversations/counts")["all"] for each in (anna, bo)] == [1, 2]


def test_what_came_to_one_by_name_is_theirs(stage: Stage, anna: Person, bo: Person, theirs: dict[str, int]) -> None:
    bo.post("/conversations/1/assign", {"agent": anna.id})
    assert "secret" in [message["text"] for message in anna.get("/conversations/1/messages")["items"]]
    assert anna.get(f"/contacts/{theirs['contacts']}")["id"] == theirs["contacts"]


def test_a_contact_is_shown_without_the_conversations_of_others(
    stage: Stage, anna: Person, theirs: dict[str, int]
) -> None:
    with stage.inside():
        db.session.execute(update(Conversation).values(status="resolved"))
    stage.page(written("again", sender="rita", number=2))
    stage.work()
    contact = anna.get(f"/contacts/{theirs['contacts']}")
    assert [each["id"] for each in contact["conversations"]] == [2]


def test_numbers_in_bodies_name_nothing_that_one_may_not_read(
    stage: Stage, anna: Person, theirs: dict[str, int]
) -> None:
    stage.page(written("mine", sender="sam", number=2))
    stage.work()
    mine = anna.get("/conversations")["items"][0]["contact"]["id"]
    answers = [
        anna.post(f"/contacts/{mine}/merge", {"contact": theirs["contacts"]}, 422),
        anna.post("/proposals", {"entry": "hours", "message_id": theirs["messages"]}, 422),
    ]
    assert [[error["field"] for error in answer["errors"]] for answer in answers] == [["contact"], ["message_id"]]


@pytest.mark.parametrize("role", ["agent", "supervisor"])
@pytest.mark.parametrize("name", ["Anna", "Bo", "Cy"])
def test_who_may_read_hears_and_who_may_not_hears_nothing(stage: Stage, name: str, role: str) -> None:
    """The same rule three times: a condition on rows, a word about a row, and where topics meet."""
    agent_id = stage.agent(name, role).id
    stage.page(*[written("?", sender=f"c{number}", number=number) for number in range(6)])
    stage.work()
    with stage.inside():
        rows = db.session.scalars(select(Conversation).order_by(Conversation.id)).all()
        other = agents.add("other@example.com", "Other", "agent", None)
        for row, team, assignee in zip(
            rows, ["everyone", "sales", "returns"] * 2, [None] * 3 + [other] * 3, strict=True
        ):
            row.team, row.assignee = team, assignee
        rows[2].assignee_id = agent_id
    with stage.inside():
        agent = db.session.get_one(Agent, agent_id)
        rows = db.session.scalars(select(Conversation)).all()
        readable = set(db.session.scalars(select(Conversation).where(access.readable(agent))))
        for row in rows:
            heard = not topics(agent).isdisjoint(audience(row.team, row.assignee_id))
            assert (row in readable) == access.may_read(agent, row) == heard
            assert access.reads(agent, "conversations", row.id) == heard
        assert len(readable) == (6 if role == "supervisor" or name == "Cy" else {"Anna": 5, "Bo": 4}[name])


# the stream


class Listening:
    """Somebody at the radio, as if a request were."""

    def __init__(self, radio: Radio, person: Person, after: str = ""):
        token = person.client.environ_base["HTTP_AUTHORIZATION"].partition(" ")[2]
        frames = radio.tune_in(digest(token), after)
        assert frames is not None
        self._frames = frames
        next(frames)  # the ping

    def until(self, event: str) -> list[tuple[str, Any]]:
        """What they heard before the last word of this test."""
        heard = []
        for frame in self._frames:
            if frame.event == event:
                return heard
            heard.append((frame.event, json.loads(frame.data)))
        return heard


@pytest.fixture
def radio(stage: Stage, redis_url: str) -> Radio:
    def standing(digests: Collection[str]) -> dict[str, Topics]:
        with stage.app.app_context():
            return sessions.standing(digests)

    return Radio(redis_url, standing)


@pytest.fixture
def say_done(redis_url: str) -> Callable[[], None]:
    return lambda: Announcer(redis_url).announce([Told("done", "{}", EVERYBODY)])


def test_each_hears_what_is_for_them(
    stage: Stage, anna: Person, bo: Person, theirs: dict[str, int], radio: Radio, say_done: Callable[[], None]
) -> None:
    listening = {each.name: Listening(radio, each) for each in (anna, bo, stage.agent("Boss", "supervisor"))}
    stage.page(written("and more", sender="rita", number=2))
    stage.work()
    say_done()
    heard = {name: [event for event, _ in each.until("done")] for name, each in listening.items()}
    assert heard["Anna"] == []
    assert sorted(heard["Bo"]) == sorted(heard["Boss"]) == ["conversation", "message"]


def test_it_goes_for_those_whom_it_leaves_and_nobody_else(
    stage: Stage, anna: Person, bo: Person, radio: Radio, say_done: Callable[[], None]
) -> None:
    stage.page(written("secret"))
    stage.work()
    anna.post("/conversations/1/claim")
    people = (anna, bo, stage.agent("Cy"), stage.agent("Boss", "supervisor"))
    listening = {each.name: Listening(radio, each) for each in people}
    anna.post("/conversations/1/handover", {"to": "people", "team": "returns"})
    say_done()
    heard = {name: each.until("done") for name, each in listening.items()}
    assert heard["Anna"] == [("gone", {"conversation_id": 1})]
    for name in ("Bo", "Cy", "Boss"):
        assert sorted(event for event, _ in heard[name]) == ["conversation", "message"], name
    anna.get("/conversations/1", 404)


def test_what_is_missed_is_told_to_those_whom_it_was_for(
    stage: Stage,
    anna: Person,
    bo: Person,
    theirs: dict[str, int],
    redis: Redis,
    radio: Radio,
    say_done: Callable[[], None],
) -> None:
    [(before, _)] = redis.xrevrange(STREAM, count=1)
    stage.page(written("and more", sender="rita", number=2), written("hello", sender="sam", number=3))
    stage.work()
    say_done()
    heard = {each.name: Listening(radio, each, after=before).until("done") for each in (anna, bo)}
    texts = {
        name: [data["message"]["text"] for event, data in events if event == "message"]
        for name, events in heard.items()
    }
    assert texts == {"Anna": ["hello"], "Bo": ["and more", "hello"]}


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


def test_a_session_that_ends_ends_its_stream(stage: Stage, anna: Person, bo: Person, radio: Radio) -> None:
    listening = Listening(radio, anna)
    anna.client.delete("/api/v1/session")
    assert listening.until("never") == []  # and so it ended
    token = anna.client.environ_base["HTTP_AUTHORIZATION"].partition(" ")[2]
    assert radio.tune_in(digest(token)) is None


def test_a_session_that_expires_ends_its_stream(stage: Stage, anna: Person, radio: Radio) -> None:
    listening = Listening(radio, anna)
    with stage.inside():
        db.session.execute(update(AccessToken).values(expires_at=now()))
    radio.look()
    assert listening.until("never") == []


def test_who_gets_another_role_hears_by_it_at_once(
    stage: Stage, anna: Person, theirs: dict[str, int], radio: Radio, say_done: Callable[[], None]
) -> None:
    listening = Listening(radio, anna)
    with stage.inside():
        agents.add("anna@example.com", "Anna", "supervisor", None)
    assert listening.until("resync") == []
    stage.page(written("and more", sender="rita", number=2))
    stage.work()
    say_done()
    assert sorted(event for event, _ in listening.until("done")) == ["conversation", "message"]


def test_one_agent_alone(stage: Stage, anna: Person, bo: Person, redis: Redis, radio: Radio, redis_url: str) -> None:
    listening = {each.name: Listening(radio, each) for each in (anna, bo)}
    alone = Told("whisper", "{}", frozenset({of_agent(bo.id)}))
    Announcer(redis_url).announce([alone, Told("done", "{}", EVERYBODY)])
    assert {name: each.until("done") for name, each in listening.items()} == {"Anna": [], "Bo": [("whisper", {})]}
    assert read(redis.xrange(STREAM)[-2][1]) == alone


def test_who_left_is_no_longer_looked_for(stage: Stage, anna: Person, radio: Radio) -> None:
    frames = radio.tune_in("x")
    assert frames is None
    listening = Listening(radio, anna)
    listening._frames.close()  # type: ignore[attr-defined]
    assert (radio._listeners, radio._by_topic) == (set(), {})

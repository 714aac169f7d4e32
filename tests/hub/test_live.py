"""The live stream: told after the commit, in order, and taken up again without gap or double."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

import pytest
from redis import Redis
from werkzeug.serving import WSGIRequestHandler, make_server

from hub import embedded
from hub.db import db
from hub.live import ACCESS, STREAM, Announcer, Told, entry, tell
from hub.models import Conversation
from hub.readers import EVERYBODY, Topics
from hub.web.radio import MOST_REPLAYED, MOST_WAITING, Radio
from tests.stage import Person, Stage, eventually, written


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


def told(redis: Redis) -> list[tuple[str, Any]]:
    entries = [fields for _, fields in redis.xrange(STREAM)]
    return [(each["event"], json.loads(each["data"])) for each in entries if each["event"] != ACCESS]


class Inbox:
    """A browser on the live stream, over a real connection."""

    def __init__(self, port: int, token: str):
        self._port, self._authorization = port, {"Authorization": token}

    def listen(self, count: int, after: str = "", header: str = "") -> list[tuple[str, str, Any]]:
        """The next frames: (id, event, data)."""
        with self.open(after, header) as stream:
            return [self.frame(stream) for _ in range(count)]

    @contextmanager
    def open(self, after: str = "", header: str = "") -> Iterator[HTTPResponse]:
        """Connected, inside."""
        headers = {**self._authorization, **({"Last-Event-ID": header} if header else {})}
        connection = HTTPConnection("127.0.0.1", self._port, timeout=20)
        connection.request("GET", f"/api/v1/stream?after={quote(after)}", headers=headers)
        with connection.getresponse() as stream:
            assert stream.headers["Content-Type"] == "text/event-stream"
            assert stream.headers["Cache-Control"] == "no-store"
            assert self.frame(stream)[1] == "ping"
            yield stream
        connection.close()

    def frame(self, stream: HTTPResponse) -> tuple[str, str, Any]:
        lines = iter(lambda: stream.readline().decode().rstrip("\n"), "")
        fields = dict(line.split(": ", 1) for line in lines)
        return fields["id"], fields["event"], json.loads(fields["data"])


@pytest.fixture
def inbox(stage: Stage) -> Iterator[Inbox]:
    server = make_server("127.0.0.1", 0, stage.app, threaded=True, request_handler=Silent)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield Inbox(server.port, stage.agent("Bo").client.environ_base["HTTP_AUTHORIZATION"])
    Announcer(url_of(stage)).announce(
        [Told("message", "{}", EVERYBODY)] * 2
    )  # those that are still open notice that nobody reads
    server.shutdown()
    server.server_close()


class Silent(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        pass


@pytest.fixture
def anna(stage: Stage) -> Person:
    stage.page(written("hi"))
    stage.work()
    return stage.agent()


def test_a_message_is_told_with_its_conversation_as_the_api_shows_them(
    stage: Stage, anna: Person, redis: Redis
) -> None:
    events = told(redis)
    assert sorted(name for name, _ in events) == ["conversation", "message"]
    data = dict(events)
    [message] = anna.get("/conversations/1/messages")["items"]
    detail = anna.get("/conversations/1")
    del detail["reply"], detail["participants"], detail["followed"], detail["drafts"], detail["undoable"]
    assert data == {"message": {"message": message}, "conversation": {"conversation": detail}}


def test_nothing_is_told_before_the_commit_and_a_rollback_is_never_told(
    stage: Stage, anna: Person, redis: Redis
) -> None:
    redis.delete(STREAM)
    with pytest.raises(ZeroDivisionError), stage.inside():  # noqa: PT012
        row = db.session.get_one(Conversation, 1)
        row.unread = 7
        tell(row)
        db.session.flush()
        raise ZeroDivisionError
    with stage.inside():
        row = db.session.get_one(Conversation, 1)
        row.unread = 5
        tell(row)
        db.session.flush()
        assert told(redis) == []
    [(name, data)] = told(redis)
    assert (name, data["conversation"]["unread"]) == ("conversation", 5)


def test_what_an_agent_does_reaches_the_others_in_order(stage: Stage, anna: Person, inbox: Inbox, redis: Redis) -> None:
    [(start, _)] = redis.xrevrange(STREAM, count=1)
    anna.post("/conversations/1/claim")
    anna.post("/conversations/1/messages", {"text": "hello"}, 201)
    stage.work()
    frames = inbox.listen(5, after=start)
    ids = [tuple(map(int, key.split("-"))) for key, _, _ in frames]
    assert ids == sorted(ids) and len(set(ids)) == 5
    statuses = [data["conversation"]["status"] for _, name, data in frames if name == "conversation"]
    assert statuses[0] == "open"
    deliveries = [data["message"]["delivery"] for _, name, data in frames if name == "message"]
    assert [each["state"] for each in deliveries if each] == ["queued", "sent"]


@pytest.mark.parametrize("by", ["after", "header"])
def test_it_is_taken_up_again_without_gap_or_double(stage: Stage, inbox: Inbox, redis: Redis, by: str) -> None:
    announcer = Announcer(url_of(stage))
    told_numbers(announcer, 0, 1)
    [(last, _)] = redis.xrevrange(STREAM, count=1)
    teller = Thread(target=told_numbers, args=(announcer, 1, 61))
    teller.start()
    seen: list[int] = []
    while len(seen) < 60:
        part = inbox.listen(20, **{by: last})
        seen += [data["n"] for _, _, data in part]
        last = part[-1][0]
    teller.join()
    assert seen == list(range(1, 61))


def told_numbers(announcer: Announcer, start: int, end: int) -> None:
    for number in range(start, end):
        announcer.announce([Told("message", json.dumps({"n": number}), EVERYBODY)])


def url_of(stage: Stage) -> str:
    url: str = stage.app.config["REDIS_URL"]
    return url


@pytest.mark.parametrize("after", ["nonsense", "-", "1-x", "\u00b2-1", "1-1\n\nevent: x"])
def test_a_wrong_place_starts_from_now(stage: Stage, inbox: Inbox, after: str) -> None:
    told_numbers(Announcer(url_of(stage)), 0, 1)
    with inbox.open(after) as stream:
        told_numbers(Announcer(url_of(stage)), 1, 2)
        assert inbox.frame(stream)[1:] == ("message", {"n": 1})


def test_where_the_stream_was_trimmed_or_emptied_everybody_fetches_anew(
    app: object, redis_url: str, redis: Redis
) -> None:
    told_numbers(Announcer(redis_url), 0, 10)
    third = redis.xrange(STREAM, count=3)[2][0]

    def missed(count: int) -> list[tuple[str, Any]]:
        """By a process that has just started."""
        return next_frames(hear(Radio(redis_url, anybody), after=third), 1 + count)[1:]

    assert missed(7) == [("message", {"n": number}) for number in range(3, 10)]
    redis.xtrim(STREAM, maxlen=5, approximate=False)
    assert missed(1) == [("resync", {})]
    redis.delete(STREAM)
    assert missed(1) == [("resync", {})]


def test_who_missed_more_than_is_replayed_fetches_anew(app: object, redis_url: str, redis: Redis) -> None:
    told_numbers(Announcer(redis_url), 0, 1)
    [(first, _)] = redis.xrange(STREAM)
    Announcer(redis_url).announce([Told("message", "{}", EVERYBODY)] * MOST_REPLAYED)
    assert next_frames(hear(Radio(redis_url, anybody), after=first), 2)[1] == ("resync", {})


def test_who_was_told_more_elsewhere_waits_for_what_comes(app: object, redis_url: str, redis: Redis) -> None:
    radio, announcer = Radio(redis_url, anybody), Announcer(redis_url)
    next(hear(radio))
    newest = redis.xadd(STREAM, entry(Told("message", "{}", EVERYBODY)))
    frames = hear(radio, after=str(newest))  # before this process may have read it
    next(frames)
    told_numbers(announcer, 7, 8)
    assert next_frames(frames, 1) == [("message", {"n": 7})]


# the radio itself


def anybody(digests: Collection[str]) -> dict[str, Topics]:
    return dict.fromkeys(digests, EVERYBODY)


def hear(radio: Radio, session: str = "any", after: str = "") -> Iterator[Any]:
    frames = radio.tune_in(session, after)
    assert frames is not None
    return frames


def next_frames(frames: Iterator[Any], count: int) -> list[tuple[str, Any]]:
    return [(frame.event, json.loads(frame.data)) for frame in (next(frames) for _ in range(count))]


def test_a_client_too_slow_to_keep_up_fetches_anew(redis_url: str, app: object) -> None:
    radio, announcer = Radio(redis_url, anybody), Announcer(redis_url)
    slow, fast = hear(radio), hear(radio)
    next(slow), next(fast)
    for start in range(0, MOST_WAITING + 100, 100):
        told_numbers(announcer, start, start + 100)
        assert next_frames(fast, 100)[-1] == ("message", {"n": start + 99})
    got = next_frames(slow, 100)
    assert got[0] == ("resync", {})
    assert got[-1][1] == {"n": MOST_WAITING + 99}
    slow.close()  # type: ignore[attr-defined]
    fast.close()  # type: ignore[attr-defined]


def test_after_redis_was_away_everybody_fetches_anew(data: Path) -> None:
    service = embedded.redis(data)
    server = run(service)
    try:
        radio, announcer = Radio(service.url, anybody), Announcer(service.url)
        frames = hear(radio)
        next(frames)
        told_numbers(announcer, 0, 1)
        assert next_frames(frames, 1) == [("message", {"n": 0})]
        server.kill()
        server.wait()
        told_numbers(announcer, 1, 2)  # lost: there is nowhere to tell it
        server = run(service)
        assert next_frames(frames, 1) == [("resync", {})]
        eventually(lambda: Redis.from_url(service.url).ping())
        eventually(lambda: told_again(announcer, service.url))
        assert ("message", {"n": 2}) in next_frames(frames, 2)
        frames.close()  # type: ignore[attr-defined]
    finally:
        server.kill()
        server.wait()


def told_again(announcer: Announcer, url: str) -> bool:
    """Its first word after the silence is that something was missed."""
    announcer.announce([Told("message", '{"n": 2}', EVERYBODY)])
    with Redis.from_url(url, decode_responses=True) as redis:
        return [name for name, _ in told(redis)][:2] == ["resync", "message"]


def run(service: embedded.Service) -> subprocess.Popen[bytes]:
    server = subprocess.Popen(service.child.command, stdout=subprocess.DEVNULL)
    eventually(service.ready)
    return server

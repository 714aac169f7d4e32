"""Voice messages are written down by a service at the other end of a real connection."""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import update
from werkzeug.formparser import parse_form_data

from channels.contract import Attachment as Inbound
from channels.contract import File
from channels.errors import Refused, Throttled, Unreachable
from hub import current, files
from hub.db import db
from hub.jobs import claim
from hub.models import Attachment, BotTurn, Conversation, MediaFetch, Message, Transcription
from hub.services import attachments, transcripts
from hub.settings import HubFile
from hub.settings import Transcription as Service
from tests.stage import Stage, states, written
from workers.transcription import transcribe

KEY = "sk-not-for-logs"
VOICE = b"ID3 what the customer says"


class Endpoint(ThreadingHTTPServer):
    """Speaks the audio API: gives the next of `answers`, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Ear)
        self.answers: deque[tuple[int, Any]] = deque()
        self.asked: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Ear(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        length = self.headers["Content-Length"]
        environ = {
            "wsgi.input": self.rfile,
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": self.headers["Content-Type"],
            "CONTENT_LENGTH": length,
        }
        _, form, uploads = parse_form_data(environ)
        with uploads["file"].stream as recording:
            heard = (uploads["file"].filename, uploads["file"].mimetype, recording.read())
        authorization = self.headers.get("Authorization")
        self.server.asked.append({"path": self.path, "authorization": authorization, "file": heard, **form.to_dict()})
        status, body = self.server.answers.popleft()
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Nothing on the tests' output."""


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def service(stage: Stage, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Service:
    """Transcription is switched on."""
    monkeypatch.setenv("TEST_SPEECH_KEY", KEY)
    return configure(stage, monkeypatch, {"url": endpoint.url, "key": "env:TEST_SPEECH_KEY", "language": "zh"})


def configure(stage: Stage, monkeypatch: pytest.MonkeyPatch, table: dict[str, str] | None) -> Any:
    settings = stage.app.extensions["settings"]
    hub = HubFile.model_validate({**settings.hub.model_dump(exclude={"transcription"}), "transcription": table})
    monkeypatch.setitem(stage.app.extensions, "settings", replace(settings, hub=hub))
    return hub.transcription


def say(stage: Stage, number: int = 1, kind: str = "audio") -> None:
    """A customer of the bot sends a recording, which is not here yet."""
    recording = Inbound("audio" if kind == "audio" else "file", f"rec-{number}")
    stage.page(written("", number=number, at=number, kind=kind, attachments=(recording,), payload={"format": "amr"}))
    stage.do("arrival")
    with stage.inside():
        db.session.execute(update(Conversation).values(status="bot", bot="frontdesk"))
        db.session.execute(update(BotTurn).values(state="cancelled"))


def bring(stage: Stage) -> None:
    """A worker has it."""
    with stage.inside():
        [job] = claim(MediaFetch, limit=1)
        attachments.fetched(job, File("voice.mp3", "audio/mpeg", VOICE), files.keep(VOICE))


def write_down(stage: Stage) -> int:
    with stage.app.app_context():
        return transcribe(1)


def test_what_is_said_becomes_the_messages_text_and_the_bot_answers_it(
    stage: Stage, endpoint: Endpoint, service: Service
) -> None:
    endpoint.answers.append((200, {"text": " 客服电话是多少\0\ud800 "}))
    say(stage)
    bring(stage)
    assert stage.row(Transcription).lane == "transcription:1"
    assert write_down(stage) == 1
    [asked] = endpoint.asked
    assert asked == {
        "path": "/v1/audio/transcriptions",
        "authorization": f"Bearer {KEY}",
        "file": ("voice.mp3", "audio/mpeg", VOICE),
        "model": "whisper-1",
        "language": "zh",
        "response_format": "json",
    }
    message = stage.row(Message)
    assert (message.text, message.payload) == ("客服电话是多少", {"format": "amr", "transcript": True})
    turn = stage.row(BotTurn)
    assert (turn.lane, turn.message_id, turn.state) == ("pager:bo", message.id, "pending")
    stage.work()
    assert stage.thread() == [("contact", "客服电话是多少"), ("bot", "400-000-0000")]


def test_open_inboxes_are_told(stage: Stage, endpoint: Endpoint, service: Service) -> None:
    endpoint.answers.append((200, {"text": "你好"}))
    say(stage)
    bring(stage)
    redis = stage.app.extensions["redis"]
    redis.delete("live")
    write_down(stage)
    told = [(fields[b"event"], json.loads(fields[b"data"])) for _, fields in redis.xrange("live")]
    assert [(name, data.get("message", {}).get("text")) for name, data in told if name == b"message"] == [
        (b"message", "你好")
    ]
    assert [data["conversation"]["last_message"]["text"] for name, data in told if name == b"conversation"] == ["你好"]


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"text": "  \n"}, ""),
        ({"text": "长" * 20_000}, "长" * 9_999 + "…"),
    ],
    ids=["empty", "very long"],
)
def test_whatever_was_heard_the_bot_gets_its_turn(
    stage: Stage, endpoint: Endpoint, service: Service, answer: Any, text: str
) -> None:
    endpoint.answers.append((200, answer))
    say(stage)
    bring(stage)
    write_down(stage)
    message = stage.row(Message)
    assert (message.text, message.payload.get("transcript", False)) == (text, bool(text))
    assert (states(stage.rows(Transcription)), len(stage.rows(BotTurn))) == (["done"], 1)


@pytest.mark.parametrize(
    ("status", "body", "code", "reason"),
    [
        (401, {"error": "no such key"}, "401", "HTTP 401 from 127.0.0.1"),
        (200, {"text": 7}, "no_text", "the service's answer has no text"),
        (200, ["text"], "no_text", "the service's answer has no text"),
    ],
)
def test_a_clear_no_ends_it_and_the_bot_gets_its_turn(
    stage: Stage, endpoint: Endpoint, service: Service, status: int, body: Any, code: str, reason: str
) -> None:
    endpoint.answers.append((status, body))
    say(stage)
    bring(stage)
    write_down(stage)
    job = stage.row(Transcription)
    assert (job.state, job.error_code, job.error) == ("failed", code, reason)
    assert (stage.row(Message).text, states(stage.rows(BotTurn))) == ("", ["pending"])


def test_a_service_in_trouble_is_asked_again_and_in_the_end_the_bot_does_without(
    stage: Stage, endpoint: Endpoint, service: Service
) -> None:
    endpoint.answers.extend([(500, b""), (429, b""), (200, b"not json"), (503, b""), (503, b"")])
    say(stage)
    bring(stage)
    for tries in range(1, 6):
        assert write_down(stage) == 1
        assert (len(endpoint.asked), len(stage.rows(BotTurn))) == (tries, int(tries == 5))
        assert write_down(stage) == 0
        stage.make_due(Transcription)
    job = stage.row(Transcription)
    assert (job.state, job.attempts, job.error) == ("failed", 5, "HTTP 503 from 127.0.0.1")


def test_a_long_pause_is_cut_short_because_a_customer_waits(stage: Stage, service: Service) -> None:
    say(stage)
    bring(stage)
    with stage.inside():
        [job] = claim(Transcription, limit=1)
        transcripts.not_transcribed(job, Throttled("slow down", after=timedelta(days=1)))
    job = stage.row(Transcription)
    assert job.claimed_at is not None
    assert job.due_at - job.claimed_at < timedelta(seconds=70)


def test_what_failed_can_be_asked_again_without_a_second_turn_of_the_bot(
    stage: Stage, endpoint: Endpoint, service: Service
) -> None:
    endpoint.answers.extend([(400, b""), (200, {"text": "我要退款"})])
    boss = stage.agent(role="admin")
    say(stage)
    bring(stage)
    write_down(stage)
    boss.post("/jobs/transcription-1/retry", status=202)
    write_down(stage)
    assert (stage.row(Message).text, len(stage.rows(BotTurn))) == ("我要退款", 1)
    assert stage.row(Transcription).error == ""


def test_a_recording_that_never_comes_does_not_keep_the_bot_waiting(stage: Stage, service: Service) -> None:
    say(stage)
    with stage.inside():
        [job] = claim(MediaFetch, limit=1)
        attachments.not_fetched(job, Refused("gone", code="40007"))
    assert (stage.rows(Transcription), len(stage.rows(BotTurn))) == ([], 1)


def test_a_recording_that_vanished_fails(stage: Stage, service: Service) -> None:
    say(stage)
    bring(stage)
    with stage.inside():
        db.session.execute(update(Attachment).values(sha256=None))
    write_down(stage)
    job = stage.row(Transcription)
    assert (job.state, job.error_code) == ("failed", "no_file")


def test_a_person_who_took_over_is_not_answered_by_the_bot(stage: Stage, endpoint: Endpoint, service: Service) -> None:
    endpoint.answers.append((200, {"text": "你好"}))
    say(stage)
    bring(stage)
    with stage.inside():
        db.session.execute(update(Conversation).values(status="open"))
    write_down(stage)
    assert (stage.row(Message).text, stage.rows(BotTurn)) == ("你好", [])


def test_what_was_cancelled_meanwhile_is_not_written(stage: Stage, service: Service) -> None:
    say(stage)
    bring(stage)
    with stage.inside():
        [job] = claim(Transcription, limit=1)
        job.state = "cancelled"
        transcripts.transcribed(job, "你好")
        transcripts.not_transcribed(job, Unreachable("late"))
    assert (stage.row(Message).text, states(stage.rows(Transcription))) == ("", ["cancelled"])


def test_files_that_are_no_voice_messages_are_not_written_down(stage: Stage, service: Service) -> None:
    say(stage, kind="file")
    bring(stage)
    assert stage.rows(Transcription) == []


def test_it_is_off_unless_it_is_configured(stage: Stage) -> None:
    say(stage)
    bring(stage)
    with stage.inside():
        assert (transcripts.expected("audio"), current.settings().hub.transcription) == (False, None)
    assert (stage.rows(Transcription), stage.rows(BotTurn)) == ([], [])


def test_what_waits_when_it_is_switched_off_is_given_up(
    stage: Stage, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(stage)
    bring(stage)
    configure(stage, monkeypatch, None)
    write_down(stage)
    assert (stage.row(Transcription).error_code, len(stage.rows(BotTurn))) == ("switched_off", 1)


def test_voice_is_what_is_expected_in_writing(stage: Stage, service: Service) -> None:
    with stage.inside():
        assert [kind for kind in ("text", "audio", "video", "file") if transcripts.expected(kind)] == ["audio"]


def test_neither_the_key_nor_what_is_said_is_logged(
    stage: Stage, endpoint: Endpoint, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.answers.append((200, {"text": "我的密码"}))
    say(stage)
    bring(stage)
    with caplog.at_level(logging.DEBUG):
        write_down(stage)
    assert f"POST {endpoint.url}/audio/transcriptions -> 200" in caplog.text
    assert KEY not in caplog.text
    assert "我的密码" not in caplog.text


@pytest.mark.parametrize(
    ("table", "field"),
    [
        ({}, "url"),
        ({"url": "api.example.com"}, "url"),
        ({"url": "https://a.example/v1", "key": "sk-in-the-open"}, "key"),
        ({"url": "https://a.example/v1", "language": "Chinese"}, "language"),
        ({"url": "https://a.example/v1", "model": ""}, "model"),
        ({"url": "https://a.example/v1", "prompt": "x"}, "prompt"),
    ],
)
def test_mistakes_in_the_table_are_named(table: dict[str, str], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        HubFile.model_validate({"transcription": table})
    assert [error["loc"] for error in caught.value.errors()] == [("transcription", field)]

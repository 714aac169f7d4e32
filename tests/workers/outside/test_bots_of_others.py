"""The three contracts, as those on the other side of them see it."""

from __future__ import annotations

import hmac
import json
import re
import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any

import pytest
from werkzeug.serving import make_server

from hub.knowledge import Knowledge
from hub.settings import BotFile, HandingOver
from tests.workers.outside.servers import running, says, status
from workers.bots.bot import Bot, Thought
from workers.bots.contract import Answer, Candidate, Failed, HandOver, Line, Pass, Say, Turn
from workers.bots.manners import Manners
from workers.bots.outside.asking_others import AskingOthers
from workers.bots.outside.dify import Dify
from workers.bots.outside.rasa import Rasa
from workers.bots.outside.webhook import Webhook

SECRET = "shared-secret-of-the-tests"
DOCS = Path(__file__).parents[3] / "docs"
TURN = Turn(
    id="4711",
    conversation="17",
    text="我的\0订单到哪了",
    language="zh-CN",
    channel="shop",
    name="小明",
    history=(Line("contact", "你好"), Line("bot", "您好！")),
    hints={"page": "/orders/1"},
    at=datetime(2026, 11, 11, 12, tzinfo=UTC),
    notes={"step": 2},
)


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_SECRET", SECRET)


def made(kind: type[AskingOthers], url: str, **more: Any) -> AskingOthers:
    settings = {"url": url, "secret": "env:BOT_SECRET", "timeout": "2s", **more}
    return kind(kind.Settings.model_validate(settings), Knowledge())


def asked(
    kind: type[AskingOthers], answer: Any, turn: Turn = TURN, **more: Any
) -> tuple[Answer | None, dict[str, Any]]:
    with running(says(answer)) as server:
        return made(kind, server.url, **more).answer(turn), server.asked[0]


def test_the_webhook_is_told_the_turn_and_who_tells_it() -> None:
    _, request = asked(Webhook, {"action": "pass"})
    assert request["json"] == {
        "version": 1,
        "turn": {
            "id": "4711",
            "conversation": "17",
            "text": "我的订单到哪了",
            "kind": "text",
            "language": "zh-CN",
            "channel": "shop",
            "form": "rich",
            "name": "小明",
            "history": [{"author": "contact", "text": "你好"}, {"author": "bot", "text": "您好！"}],
            "hints": {"page": "/orders/1"},
            "at": "2026-11-11T12:00:00+00:00",
            "notes": {"step": 2},
        },
    }
    timestamp = request["headers"]["X-Yizhan-Timestamp"]
    assert abs(time.time() - int(timestamp)) < 5
    wanted = hmac.new(SECRET.encode(), timestamp.encode() + b"." + request["body"], sha256).hexdigest()
    assert request["headers"]["X-Yizhan-Signature"] == f"v1={wanted}"
    assert "Authorization" not in request["headers"]


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ({"action": "say", "text": "在路上"}, Say(text="在路上")),
        ({"action": "say", "text": "哪个？", "choices": ["A", "B", "A"]}, Say(text="哪个？", choices=("A", "B"))),
        (
            {"action": "say", "text": "a", "notes": {"a": "b\0"}, "slots": {"order": "1\0"}, "more": 1, "reason": None},
            Say(text="a", notes={"a": "b"}, slots={"order": "1"}),
        ),
        (
            {"action": "say", "text": "a", "confidence": 1},
            Say(text="a", candidates=(Candidate("webhook", "我的订单到哪了", 1.0),)),
        ),
        ({"action": "hand_over"}, HandOver(reason="bot_asked")),
        (
            {"action": "hand_over", "reason": "angry", "text": "请稍候", "slots": {"order": "1"}},
            HandOver(reason="angry", text="请稍候", slots={"order": "1"}),
        ),
        ({"action": "pass"}, Pass()),
        ({"action": "pass", "reason": "unknown", "text": "x"}, Pass(why="unknown")),
    ],
)
def test_what_the_webhook_answers_is_done(answer: Any, meaning: Answer) -> None:
    assert asked(Webhook, answer)[0] == meaning


def test_no_content_is_a_pass() -> None:
    with running(says(b"", 204)) as server:
        assert made(Webhook, server.url).answer(TURN) is None


def test_the_webhooks_address_is_kept_as_it_is_written() -> None:
    with running(says({"action": "pass"})) as server:
        made(Webhook, f"{server.url}/turns/?shop=1").answer(TURN)
        assert server.asked[0]["path"] == "/turns/?shop=1"


def test_long_texts_are_cut_in_both_directions() -> None:
    answer, request = asked(Webhook, {"action": "say", "text": "答" * 9_000}, Turn(text="问" * 9_000))
    assert len(request["json"]["turn"]["text"]) == 4_000
    assert isinstance(answer, Say)
    assert answer.text == "答" * 4_000


def example(document: str) -> ModuleType:
    """The bot of the document, as it stands there."""
    found = re.search(r"```python\n(.*?)```", (DOCS / document).read_text(encoding="utf-8"), re.DOTALL)
    assert found, document
    module = ModuleType("bot")
    exec(compile(found[1], document, "exec"), module.__dict__)
    return module


@pytest.mark.parametrize("document", ["third-party-bots.md", "third-party-bots.zh-CN.md"])
def test_the_documents_example_answers_and_knows_who_asks(document: str) -> None:
    app = example(document).app
    server = make_server("127.0.0.1", 0, app)
    thread = Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/turns"
    try:
        bot = made(Webhook, url)
        assert bot.answer(Turn(text="订单 YZ20260301 到哪了")) == Say(
            text="YZ20260301：运输中", slots={"order": "YZ20260301"}
        )
        assert isinstance(bot.answer(Turn(text="I want to complain")), HandOver)
        assert bot.answer(Turn(text="今天天气")) is None
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    client = app.test_client()
    body = json.dumps({"version": 1, "turn": {"text": "YZ20260301"}}).encode()
    now, old = str(int(time.time())), str(int(time.time()) - 600)

    def post(timestamp: str, signature: str) -> int:
        headers = {"X-Yizhan-Timestamp": timestamp, "X-Yizhan-Signature": signature}
        code: int = client.post("/turns", data=body, headers=headers, content_type="application/json").status_code
        return code

    def sign(timestamp: str, content: bytes = body) -> str:
        return "v1=" + hmac.new(SECRET.encode(), f"{timestamp}.".encode() + content, sha256).hexdigest()

    assert post(now, sign(now)) == 200
    assert post(now, sign(now, b"other")) == 401
    assert post(old, sign(old)) == 401
    assert post(now, "") == 401
    assert post("", "") == 401
    assert client.post("/turns", data=body, content_type="application/json").status_code == 401


def test_rasa_is_asked_by_its_rest_channel() -> None:
    answer, request = asked(
        Rasa, [{"recipient_id": "yizhan-17", "text": "你好"}, {"text": "再见"}], token="env:BOT_SECRET"
    )
    assert request["path"] == f"/webhooks/rest/webhook?token={SECRET}"
    assert request["headers"]["Authorization"] == f"Bearer {SECRET}"
    assert request["json"] == {"sender": "yizhan-17", "message": "我的订单到哪了"}
    assert answer == Say(text="你好\n再见")


@pytest.mark.parametrize(
    ("messages", "meaning"),
    [
        ([], Pass(why="no_answer")),
        ([{}], Pass(why="no_answer")),
        ([{"text": "看图"}, {"image": "https://a.example/1.png"}], Say(text="看图\nhttps://a.example/1.png")),
        ([{"image": "data:image/png;base64,AAAA"}], Pass(why="no_answer")),
        ([{"text": "请稍候", "custom": {"handover": True}}], HandOver(reason="bot_asked", text="请稍候")),
        ([{"custom": {"handover": True}}], HandOver(reason="bot_asked")),
        ([{"text": "a", "custom": {"handover": "true"}}], Say(text="a")),
        ([{"text": "a", "attachment": {"type": "x"}, "custom": {"card": {"b": [1]}}}], Say(text="a")),
    ],
)
def test_what_rasa_says_is_understood(messages: Any, meaning: Answer) -> None:
    assert asked(Rasa, messages)[0] == meaning


def test_rasa_hands_over_on_words_of_its_own() -> None:
    answer, _ = asked(Rasa, [{"custom": {"to_human": True}}], hand_over_on=["to_human"])
    assert isinstance(answer, HandOver)


def bot_of(name: str, engine: AskingOthers) -> Bot:
    return Bot(BotFile(engines=[{"engine": name}]), ((name, engine),), Knowledge(), Manners(HandingOver()))


def test_who_picks_rasas_button_sends_its_payload() -> None:
    buttons = [{"title": "红色", "payload": '/choose{"colour": "red"}'}, {"title": "蓝色", "payload": "/blue"}]
    with running(says([{"text": "什么颜色？", "buttons": buttons}]), says([{"text": "好的"}])) as server:
        bot = bot_of("rasa", made(Rasa, server.url))
        offered = bot.think(Turn(text="买衣服"), {})
        assert (offered.outcome, offered.choices) == ("asked", ("红色", "蓝色"))
        state = json.loads(json.dumps(offered.state))
        bot.think(Turn(text="1"), state)
        bot.think(Turn(text="蓝色"), state)
        bot.think(Turn(text="都可以吧"), state)
    assert [each["json"]["message"] for each in server.asked] == [
        "买衣服",
        '/choose{"colour": "red"}',
        "/blue",
        "都可以吧",
    ]


def test_dify_goes_on_with_its_conversation() -> None:
    told = {"answer": "您好", "conversation_id": "c-1", "mode": "chat", "metadata": {"usage": {}}}
    with running(says(told)) as server:
        bot = bot_of("dify", made(Dify, f"{server.url}/v1"))
        first = bot.think(Turn(text="你好", conversation="17"), {})
        bot.think(Turn(text="在吗", conversation="17"), json.loads(json.dumps(first.state)))
    assert first.text == "您好"
    assert [each["json"]["conversation_id"] for each in server.asked] == ["", "c-1"]
    request = server.asked[0]
    assert request["path"] == "/v1/chat-messages"
    assert request["headers"]["Authorization"] == f"Bearer {SECRET}"
    assert request["json"] == {
        "inputs": {},
        "query": "你好",
        "response_mode": "blocking",
        "user": "yizhan-17",
        "conversation_id": "",
    }


def test_a_conversation_that_dify_lost_begins_anew() -> None:
    lost = {"code": "not_found", "message": "Conversation Not Exists.", "status": 404}
    with running(says(lost, 404), says({"answer": "您好", "conversation_id": "c-2"})) as server:
        answer = made(Dify, server.url).answer(Turn(text="你好", notes={"conversation": "c-1"}))
    assert answer == Say(text="您好", notes={"conversation": "c-2"})
    assert [each["json"]["conversation_id"] for each in server.asked] == ["c-1", ""]


@pytest.mark.parametrize(
    ("code", "body", "why"),
    [
        (400, {"code": "provider_quota_exceeded", "message": "x", "status": 400}, "provider_quota_exceeded"),
        (400, {"code": "app_unavailable", "message": "x", "status": 400}, "app_unavailable"),
        (404, {"code": "not_found", "message": "x", "status": 404}, "not_found"),
        (400, {"code": "<script>"}, "refused"),
        (500, {"code": "internal_server_error"}, "internal_server_error"),
        (502, "Bad Gateway", "server_error"),
    ],
)
def test_difys_own_word_is_in_the_trace(code: int, body: Any, why: str) -> None:
    with running(says(body, code)) as server, pytest.raises(Failed) as failed:
        made(Dify, server.url).answer(TURN)
    assert failed.value.why == why


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ("", Pass(why="no_answer")),
        ("  ", Pass(why="no_answer")),
        ("抱歉，我不知道。", Pass(why="unknown")),
        ("Sorry, I DON'T know that", Pass(why="unknown")),
        ("<think>the customer wants\n…</think>\n7 天内", Say(text="7 天内")),
        ("<think>too long, and cut", Pass(why="no_answer")),
    ],
)
def test_what_dify_does_not_know_the_next_may(answer: str, meaning: Answer) -> None:
    assert asked(Dify, {"answer": answer}, unknown=["我不知道", "I don't know"])[0] == meaning


@pytest.mark.parametrize("kind", [Rasa, Dify])
def test_pictures_are_nothing_for_bots_that_read(kind: type[AskingOthers]) -> None:
    with running(status(500)) as server:
        assert made(kind, server.url).answer(Turn(text="", kind="image")) == Pass(why="no_text")
    assert server.asked == []


def test_a_bot_of_others_is_asked_after_our_own_manners() -> None:
    with running(says({"action": "say", "text": "no"})) as server:
        thought: Thought = bot_of("webhook", made(Webhook, server.url)).think(Turn(text="转人工"), {})
    assert (thought.outcome, thought.reason) == ("handed_over", "asked_for_person")
    assert server.asked == []

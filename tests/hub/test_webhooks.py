"""The door for pushes: strangers stay out, and nothing that is let in is lost."""

from __future__ import annotations

import threading
import time

import pytest

from hub.models import Arrival, Message
from tests.stage import SECRETS, Stage, at_once, signed, written

SEALED = {"timestamp": "1772366400", "nonce": "n1", "msg_signature": "0" * 40}


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ({}, b"{}"),
        (SEALED, b'{"Encrypt": "aaaa"}'),
        ({**SEALED, "msg_signature": "\u00e9"}, b'{"Encrypt": "aaaa"}'),
        # what plaintext mode would take: signed, but the signature does not cover the body
        (signed(), b'{"FromUserName": "anna", "CreateTime": 1, "MsgType": "text", "MsgId": 1, "Content": "hi"}'),
        (signed(), b"<xml><FromUserName>anna</FromUserName><Content>hi</Content></xml>"),
        (signed(), b""),
        ({}, b"\xff\xfe\x00"),
    ],
)
def test_what_is_not_signed_is_refused_and_not_kept(stage: Stage, query: dict[str, str], body: bytes) -> None:
    response = stage.app.test_client().post("/hooks/shop", query_string=query, data=body)
    assert (response.status_code, response.text) == (403, "bad signature")
    assert stage.rows(Arrival) == []


def test_a_push_changed_on_its_way_is_refused(stage: Stage) -> None:
    from channels.wechat.crypto import Envelope

    seal = Envelope(SECRETS["TEST_TOKEN"], SECRETS["TEST_AES_KEY"], "wx0000000000000001").seal("{}", "1772366400", "n1")
    query = {"timestamp": "1772366400", "nonce": "n1", "msg_signature": seal.signature}
    body = {"Encrypt": seal.ciphertext[:-4] + "AAA="}
    assert stage.app.test_client().post("/hooks/shop", query_string=query, json=body).status_code == 403
    assert stage.rows(Arrival) == []


@pytest.mark.parametrize("path", ["/hooks/nobody", "/hooks/", "/hooks/shop/more"])
def test_an_unknown_channel_is_404(stage: Stage, path: str) -> None:
    response = stage.app.test_client().post(path, query_string=signed(), data=b"{}")
    assert response.status_code in (404, 405)


def test_wechat_verifies_the_address(stage: Stage) -> None:
    client = stage.app.test_client()
    good = client.get("/hooks/shop", query_string={**signed(), "echostr": "<b>8214</b>"})
    assert (good.status_code, good.text) == (200, "<b>8214</b>")
    assert good.content_type.startswith("text/plain")
    assert good.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get("/hooks/shop", query_string={**signed(token="wrong"), "echostr": "1"}).status_code == 403
    assert stage.rows(Arrival) == []


@pytest.mark.parametrize(("size", "status"), [(1024 * 1024, 403), (1024 * 1024 + 1, 413), (30_000_000, 413)])
def test_a_body_over_a_megabyte_is_refused_unread(stage: Stage, size: int, status: int) -> None:
    response = stage.app.test_client().post("/hooks/shop", query_string=SEALED, data=b"x" * size)
    assert response.status_code == status


def test_a_push_is_durable_before_it_is_acknowledged(stage: Stage) -> None:
    stage.push("在吗", channel="desk")
    arrival = stage.row(Arrival)
    assert (arrival.channel, arrival.lane, arrival.state) == ("desk", "desk:anna", "pending")
    assert arrival.body.startswith(b'{"Encrypt"')
    assert arrival.request["query"].keys() == {"timestamp", "nonce", "msg_signature"}
    assert SECRETS["TEST_TOKEN"] not in str(arrival.request)


def test_pushes_that_arrive_together_are_all_kept(stage: Stage) -> None:
    at_once(*[lambda number=number: stage.page(written(str(number), number=number)) for number in range(30)])
    assert len(stage.rows(Arrival)) == 30
    stage.work()
    assert [text for _, text in stage.thread()] == [str(number) for number in range(30)]


def test_one_push_may_bring_many_events(stage: Stage) -> None:
    stage.page(*[written(str(number), number=number) for number in range(50)])
    stage.page()
    stage.work()
    assert len(stage.rows(Message)) == 50


def test_a_push_returns_soon_even_while_others_come(stage: Stage) -> None:
    """p99 is for the benchmark; here nothing may wait for seconds."""
    slowest = 0.0
    lock = threading.Lock()

    def customer(sender: str) -> None:
        nonlocal slowest
        for number in range(10):
            began = time.monotonic()
            stage.page(written(str(number), sender=sender, number=number, provider_id=f"{sender}{number}"))
            with lock:
                slowest = max(slowest, time.monotonic() - began)

    at_once(*[lambda sender=sender: customer(sender) for sender in "abcdefgh"])
    assert len(stage.rows(Arrival)) == 80
    assert slowest < 2.0

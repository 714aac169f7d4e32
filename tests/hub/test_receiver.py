"""What reads a mailbox: durable before it goes on, with a bookmark, and heard of when it cannot."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from channels.email.channel import Email
from channels.http import Http
from hub import receiver as receiving
from hub.db import db, now
from hub.models import Arrival, Bookmark, Message
from hub.receiver import Lease, Receiver
from hub.services import arrivals
from tests.channels.cases import DictCache
from tests.channels.email.servers import PASSWORD, ImapServer
from tests.stage import Stage, at_once, eventually

SETTINGS = Email.Settings.model_validate


def mail(number: int) -> bytes:
    made = EmailMessage()
    for name, value in {"From": "li@customer.test", "To": "support@shop.test", "Subject": f"no {number}"}.items():
        made[name] = value
    made["Message-ID"] = f"<{number}.{time.time_ns()}@customer.test>"
    made.set_content(f"mail {number}")
    return made.as_bytes()


def texts(stage: Stage) -> list[str]:
    return [row.event["text"] for row in stage.rows(Arrival) if row.event]


@dataclass
class Reading:
    """A receiver, each of whose looks is like a process of its own to the database session."""

    stage: Stage
    receiver: Receiver

    def turn(self) -> float:
        with self.stage.app.app_context():
            return self.receiver.turn()


Open = Callable[..., Reading]


@pytest.fixture
def receive(stage: Stage, imap: ImapServer, folder: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """A receiver on a folder of its own. It does not wait for news unless asked to."""
    monkeypatch.setenv("OTHER_PASSWORD", "not-the-password")
    opened: list[Email] = []

    def make(**more: Any) -> Reading:
        account = {
            "address": "support@shop.test",
            "username": imap.username,
            "password": "env:TEST_MAIL_PASSWORD",
            "imap_host": "127.0.0.1",
            "imap_port": imap.port,
            "imap_security": "plain",
            "folder": folder,
            "smtp_host": "127.0.0.1",
            "smtp_port": 1,
            "smtp_security": "plain",
        }
        opened.append(Email("mail", SETTINGS({**account, **more}), http=Http(), cache=DictCache()))
        return Reading(stage, Receiver(stage.app, opened[-1]))

    assert PASSWORD == "secret-of-the-mailbox"
    monkeypatch.setattr(receiving, "PATIENCE", timedelta(0))
    yield make
    for channel in opened:
        channel.close()


def test_mail_is_read_once_and_goes_on_behind_the_bookmark(
    stage: Stage, receive: Open, imap: ImapServer, folder: str
) -> None:
    imap.append(*map(mail, range(3)), folder=folder)
    assert receive().turn() == 0
    assert texts(stage) == ["mail 0", "mail 1", "mail 2"]
    imap.append(mail(3), folder=folder)
    assert receive().turn() == 0  # another process, later
    assert texts(stage) == ["mail 0", "mail 1", "mail 2", "mail 3"]
    stage.work()
    assert len(stage.rows(Message, Message.direction == "in")) == 4


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("imap", ["dovecot"], indirect=True)
def test_ten_thousand_old_mails_are_read_oldest_first_and_new_ones_do_not_wait(
    stage: Stage, receive: Open, imap: ImapServer, folder: str
) -> None:
    """Written into the mailbox's directory: ten thousand times APPEND would take longer than what is tested."""
    maildir = imap.mails / f".{folder}" / "cur"
    owner = maildir.stat()
    for number in range(10_000):
        path = maildir / f"{1_700_000_000 + number}.{number}.host:2,S"
        path.write_bytes(mail(number))
        os.chown(path, owner.st_uid, owner.st_gid)
    reading = receive()
    thread = threading.Thread(target=reading.turn)
    thread.start()
    eventually(lambda: _count(stage) > 500, 60)
    imap.append(mail(99_999), folder=folder)
    delivered = time.monotonic()
    eventually(lambda: _newest_is_there(stage), 10)
    waited, behind = time.monotonic() - delivered, 10_000 - _count(stage)
    assert waited < 5 and behind > 1_000, "the backlog was not read out first"
    thread.join(300)
    assert not thread.is_alive()
    read = [int(text.split()[1]) for text in texts(stage)]
    assert sorted(read) == [*range(10_000), 99_999]
    assert [number for number in read if number != 99_999] == list(range(10_000))


def _count(stage: Stage) -> int:
    with stage.inside():
        return db.session.scalar(select(func.count(Arrival.id))) or 0


def _newest_is_there(stage: Stage) -> bool:
    with stage.inside():
        newest = Arrival.event["text"].astext == "mail 99999"
        return bool(db.session.scalar(select(select(Arrival.id).where(newest).exists())))


def test_a_process_that_dies_before_the_commit_reads_the_mail_again(
    stage: Stage, receive: Open, imap: ImapServer, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    imap.append(*map(mail, range(3)), folder=folder)
    first = receive()
    store, kept = arrivals.store, []

    def die_at_the_second(*args: Any) -> None:
        store(*args)
        kept.append(args)
        if len(kept) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(arrivals, "store", die_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            first.turn()
    assert texts(stage) == ["mail 0"]
    receive().turn()
    assert texts(stage) == ["mail 0", "mail 1", "mail 2"]


def test_two_that_read_the_same_mailbox_double_nothing(
    stage: Stage, receive: Open, imap: ImapServer, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lease, "hold", lambda self: True)  # Redis forgot who has it
    imap.append(*map(mail, range(5)), folder=folder)
    at_once(receive().turn, receive().turn)
    assert sorted(texts(stage)) == [f"mail {number}" for number in range(5)]


def test_one_host_reads_and_the_other_waits_until_it_is_gone(stage: Stage, redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        first, second = Lease(redis, "mail", "host-a"), Lease(redis, "mail", "host-b")
        assert first.hold() and not second.hold()
        assert Lease(redis, "mail", "host-a").hold()  # the same, started again after a crash
        first.release()
        assert second.hold()
        assert 0 < redis.pttl("receiver:mail") <= receiving.LEASE * 1000
    assert Lease(Redis(port=1), "mail", "host-a").hold()  # without Redis everybody reads


def test_a_mail_is_in_the_inbox_within_two_seconds(
    stage: Stage, receive: Open, imap: ImapServer, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "PATIENCE", timedelta(seconds=4))
    reading = receive()
    reading.turn()
    thread = threading.Thread(target=reading.turn)
    thread.start()
    time.sleep(1)  # it idles by now
    imap.append(mail(1), folder=folder)
    delivered = time.monotonic()
    eventually(lambda: stage.do("arrival"), 5)
    assert time.monotonic() - delivered < 2
    assert [row.text for row in stage.rows(Message, Message.direction == "in")] == ["mail 1"]
    thread.join()


def test_a_wrong_password_is_shown_and_forgotten_once_it_is_right(stage: Stage, receive: Open, redis_url: str) -> None:
    boss = stage.agent("Boss", role="supervisor")
    wrong = receive(password="env:OTHER_PASSWORD")
    pauses = [wrong.turn() for _ in range(3)]
    assert pauses[0] < pauses[2] == receiving.PAUSE_FOR_OPS
    [health] = [each for each in boss.get("/channels")["items"] if each["name"] == "mail"]
    assert (health["state"], health["receiver"]["state"]) == ("deaf", "failing")
    assert "does not let us in" in health["reason"]
    assert "not-the-password" not in str(health)
    with Redis.from_url(redis_url) as redis:
        assert b'"deaf"' in b"".join(fields[b"data"] for _, fields in redis.xrange("live"))
    assert 'yizhan_channel_deaf{channel="mail"} 1.0' in stage.app.test_client().get("/metrics").text
    assert receive().turn() == 0
    [health] = [each for each in boss.get("/channels")["items"] if each["name"] == "mail"]
    assert (health["state"], health["receiver"]["state"], health["reason"]) == ("ok", "ok", "")


def test_a_receiver_that_is_not_there_is_missed(stage: Stage, receive: Open) -> None:
    boss = stage.agent("Boss", role="supervisor")

    def health() -> Any:
        return next(each for each in boss.get("/channels")["items"] if each["name"] == "mail")

    assert health()["receiver"]["state"] == "away"
    receive().turn()
    assert health()["state"] == "ok"
    with stage.inside():
        db.session.query(Bookmark).update({"heard_at": now() - timedelta(minutes=4)})
    assert (health()["state"], health()["receiver"]["state"]) == ("deaf", "away")


def test_a_server_that_is_away_is_tried_again_ever_more_slowly(receive: Open) -> None:
    gone = receive(imap_port=1)
    pauses = [gone.turn() for _ in range(6)]
    assert pauses[0] < 3 and pauses == [*sorted(pauses[:-1]), pauses[-1]] and pauses[-1] > 200


def test_while_the_database_is_away_mail_stays_where_it_is(
    stage: Stage, receive: Open, imap: ImapServer, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    imap.append(mail(1), folder=folder)
    reading = receive()

    def away(*_: Any) -> None:
        raise OperationalError("", {}, Exception("gone"))

    with monkeypatch.context() as patch:
        patch.setattr(arrivals, "store", away)
        assert reading.turn() == receiving.PAUSE_FOR_THE_DATABASE
    assert texts(stage) == []
    assert reading.turn() == 0
    assert texts(stage) == ["mail 1"]


def test_a_mail_that_breaks_the_reader_does_not_hold_up_the_next(
    stage: Stage, receive: Open, imap: ImapServer, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parse = Email.parse

    def broken(channel: Email, request: Any) -> Any:
        if b"mail 1" in request.body:
            raise ZeroDivisionError
        return parse(channel, request)

    monkeypatch.setattr(Email, "parse", broken)
    imap.append(*map(mail, range(3)), folder=folder)
    receive().turn()
    assert texts(stage) == ["mail 0", "mail 2"]
    unread = stage.row(Arrival, Arrival.event.is_(None))
    assert (unread.state, unread.error) == ("failed", "ZeroDivisionError")
    monkeypatch.setattr(Email, "parse", parse)
    with stage.inside():
        [row] = arrivals.unread()
        assert arrivals.replay(row)
    stage.work()
    assert len(stage.rows(Message, Message.direction == "in")) == 3
